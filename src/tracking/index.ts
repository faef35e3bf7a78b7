export { REFERRER_PATTERN } from './capture.ts'
export { trackingRoom } from './room.ts'
export { referrerScope } from './stats.ts'
