export { type LinkFeed, type LinkNews, createLinkFeed } from './feed.ts'
export type { Target } from './directory.ts'
export { redirectRoutes } from './redirect-routes.ts'
export { linksRoom } from './room.ts'
