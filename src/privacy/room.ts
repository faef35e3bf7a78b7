import type { FastifyInstance } from 'fastify'
import { HOUR_MS } from '../core/time.ts'
import type { Job } from '../store/jobs.ts'
import type { Sql } from '../store/sql.ts'
import { anonymise } from './anonymise.ts'
import { erasePerson } from './erase.ts'
import { privacyRoutes } from './routes.ts'
import type { Keeper, Selector } from './selector.ts'

/** What the room stands on. */
export interface PrivacySettings {
  sql: Sql
  /** Ends when the store holds all that was acknowledged. */
  settled: () => Promise<void>
  /** Lets go of what is remembered of people outside the tables. */
  forget: () => Promise<void>
  anonymizeAfterMs: number
  /** What other rooms hold of people. */
  keepers: readonly Keeper[]
  now: () => number
}

/** Privacy: anonymising with age, and everything of one person, to be read or erased; `erase` is for rooms that erase on their own account. */
export function privacyRoom(settings: PrivacySettings): { routes(app: FastifyInstance): void; jobs: readonly Job[]; erase(selector: Selector): Promise<Record<string, number>> } {
  const { sql, forget, anonymizeAfterMs, now } = settings
  const erase = (selector: Selector): Promise<Record<string, number>> => erasePerson(selector, settings)
  return {
    routes: (app) => privacyRoutes(app, { ...settings, erase }),
    jobs: [
      {
        name: 'anonymising',
        everyMs: HOUR_MS,
        async work(goOn) {
          if (await anonymise(sql, now() - anonymizeAfterMs, goOn)) await forget()
        },
      },
    ],
    erase,
  }
}
