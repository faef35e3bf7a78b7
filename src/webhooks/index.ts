export { webhooksRoom } from './room.ts'
