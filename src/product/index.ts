export { productRoom } from './room.ts'
