export { type Keeper, type Selector, privacyRoom } from './room.ts'
