import type { FastifyInstance } from 'fastify'
import { Type } from '@sinclair/typebox'
import { iso } from '../core/time.ts'
import { route } from '../http/route.ts'
import { fields } from '../http/validate.ts'
import type { Sql } from '../store/sql.ts'
import { LettersAnswer, ReplayAnswer } from './schemas.ts'
import { type StoredLetter, deadLetters, markReplayed, waitingLetters } from './store.ts'

/** Takes refused events in again, and says of each what became of it. */
export type Replayer = (letters: { id: string; project: string; original: string; receivedAt: number }[]) => Promise<({ ok: true } | { ok: false; field: string; error: string })[]>

const PAGE = 1_000
const TEXT_MAX = 64 * 1024
/** Ids, reasons and cursors are made of these alone. */
const word = Type.String({ pattern: '^[0-9A-Za-z_-]{0,100}$' })

/** Registers the dead letters. `replayers` has the door of each family by the family's name. */
export function deadLetterRoutes(
  app: FastifyInstance,
  world: { sql: Sql; settled: () => Promise<void>; replayers: Record<string, Replayer>; now: () => number },
): void {
  route(app, {
    method: 'GET',
    url: '/api/dead-letters',
    family: 'links',
    who: 'admin',
    summary: 'Events that were refused, newest first',
    schema: {
      querystring: fields({
        reason: Type.Optional(word),
        replayed: Type.Optional(Type.Boolean()),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: PAGE, default: 100 })),
        cursor: Type.Optional({ ...word, description: '`cursor` of the page before' }),
      }),
      response: { 200: LettersAnswer },
    },
    handler: async (request) => {
      const { reason, replayed, limit = 100, cursor } = request.query
      await world.settled()
      const letters = await deadLetters(world.sql, {
        limit,
        ...(cursor === undefined ? {} : { before: cursor }),
        ...(reason === undefined ? {} : { reason }),
        ...(replayed === undefined ? {} : { replayed }),
      })
      return { dead_letters: letters.map(view), cursor: letters.length === limit ? (letters.at(-1)?.id ?? null) : null }
    },
  })

  route(app, {
    method: 'POST',
    url: '/api/dead-letters/replay',
    family: 'links',
    who: 'admin',
    summary: 'Take refused events in again, by the rules of now',
    description: 'Without `ids`, the oldest 1,000 that wait, after `cursor` where given: the answer has the one for the next 1,000. `corrected` gives, by id, the text to take instead of the original. Each is stored once, however often it is replayed.',
    schema: {
      body: fields({
        ids: Type.Optional(Type.Array(word, { minItems: 1, maxItems: PAGE })),
        cursor: Type.Optional(word),
        corrected: Type.Optional(Type.Record(Type.String(), Type.String({ maxLength: TEXT_MAX }))),
      }),
      response: { 200: ReplayAnswer },
    },
    bodyLimit: 2 * 1024 * 1024,
    handler: async (request) => {
      const { ids = null, cursor = '', corrected = {} } = request.body
      await world.settled()
      const letters = await waitingLetters(world.sql, ids, cursor, PAGE)
      const results: { id: string; success: boolean; field?: string; error?: string }[] = letters
        .filter((letter) => !(letter.family in world.replayers))
        .map(({ id }) => ({ id, success: false, field: 'family', error: 'it passed every check but the store refused it, so it cannot be taken in again' }))
      for (const [family, replayer] of Object.entries(world.replayers)) {
        const own = letters.filter((letter) => letter.family === family)
        if (own.length === 0) continue
        const outcomes = await replayer(own.map(({ id, project, original, received_at }) => ({ id, project, original: corrected[id] ?? original, receivedAt: received_at })))
        await markReplayed(world.sql, own.filter((_, at) => outcomes[at]?.ok).map(({ id }) => id), world.now())
        own.forEach(({ id }, at) => {
          const outcome = outcomes[at]
          results.push(outcome?.ok === false ? { id, success: false, field: outcome.field, error: outcome.error } : { id, success: true })
        })
      }
      const replayed = results.filter((result) => result.success).length
      return { success: true, total: letters.length, replayed, still_refused: letters.length - replayed, cursor: ids === null && letters.length === PAGE ? (letters.at(-1)?.id ?? null) : null, results }
    },
  })
}

function view(letter: StoredLetter) {
  const { received_at, replayed_at, ...rest } = letter
  return { ...rest, received_at: iso(received_at), replayed_at: replayed_at === null ? null : iso(replayed_at) }
}
