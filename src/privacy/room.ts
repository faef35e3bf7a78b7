import type { FastifyInstance } from 'fastify'
import { HOUR_MS, MINUTE_MS } from '../core/time.ts'
import type { Dialect } from '../store/dialect.ts'
import type { Job } from '../store/jobs.ts'
import { createLane } from '../store/lane.ts'
import type { Sql } from '../store/sql.ts'
import { anonymise } from './anonymise.ts'
import { erasePerson, finishErasures } from './erase.ts'
import { dropOldEvents } from './retention.ts'
import { privacyRoutes } from './routes.ts'
import type { Keeper, Selector } from './selector.ts'

/** What the room stands on. */
export interface PrivacySettings {
  sql: Sql
  dialect: Dialect
  /** Ends when the store holds all that was acknowledged. */
  settled: () => Promise<void>
  /** Lets go of what is remembered of people outside the tables. */
  forget: () => Promise<void>
  anonymizeAfterMs: number
  /** How long events are kept; null: for ever. */
  retentionMs: number | null
  /** What other rooms hold of people. */
  keepers: readonly Keeper[]
  now: () => number
}

/** Privacy: anonymising with age, and everything of one person, to be read or erased; `erase` is for rooms that erase on their own account. */
export function privacyRoom(settings: PrivacySettings): { routes(app: FastifyInstance): void; jobs: readonly Job[]; erase(selector: Selector): Promise<Record<string, number>> } {
  const { sql, dialect, forget, anonymizeAfterMs, retentionMs, now } = settings
  const inTurn = createLane()
  const erase = (selector: Selector): Promise<Record<string, number>> => inTurn(() => erasePerson(selector, settings))
  return {
    routes: (app) => privacyRoutes(app, { ...settings, erase }),
    jobs: [
      { name: 'erasing', everyMs: MINUTE_MS, work: () => inTurn(() => finishErasures(settings)) },
      {
        name: 'anonymising',
        everyMs: HOUR_MS,
        async work(goOn) {
          if (await anonymise(sql, now() - anonymizeAfterMs, goOn)) await forget()
        },
      },
      ...(retentionMs === null ? [] : [{ name: 'old events', everyMs: HOUR_MS, work: (goOn: () => boolean) => dropOldEvents(sql, dialect, now() - retentionMs, goOn) }]),
    ],
    erase,
  }
}
