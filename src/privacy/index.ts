export { privacyRoom } from './room.ts'
