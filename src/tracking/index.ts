export { REFERRER_PATTERN } from './capture.ts'
export { trackingRoom } from './room.ts'
export { CONVERSION } from './stats.ts'
