export { linksRoom } from './room.ts'
