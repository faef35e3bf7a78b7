export { partnersRoom } from './room.ts'
