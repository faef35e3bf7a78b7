export type { ClickReader } from './click.ts'
export { LinkDirectory } from './directory.ts'
export { type LinksSettings, linksRoom } from './room.ts'
