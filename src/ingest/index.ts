export type { Draft } from './event.ts'
export type { Ingest, Outcome, Refusal } from './ingest.ts'
export { type Replayer, deadLetterRoutes } from './routes.ts'
export { startIngest } from './start.ts'
