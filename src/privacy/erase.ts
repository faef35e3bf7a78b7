import { randomBytes } from 'node:crypto'
import { Fault } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import type { Dialect } from '../store/dialect.ts'
import type { Sql } from '../store/sql.ts'
import { identitiesOf, isShared } from './person.ts'
import type { Identity, Keeper, Selector } from './selector.ts'
import { type Erasure, beginErasure, endErasure, erasuresUnderWay, eraseEvents, eventsToErase } from './store.ts'

/** What one transaction erases at most: whoever waits for the store's commit waits for one such. */
const PIECE_EVENTS = 500

/** What a person is looked up and erased with. */
export interface PersonWorld {
  sql: Sql
  dialect: Dialect
  settled: () => Promise<void>
  forget: () => Promise<void>
  keepers: readonly Keeper[]
  now: () => number
}

/** Who is meant, and what the other rooms hold of them. Throws Fault 'conflict' when a session was several people's. */
export async function findPerson(selector: Selector, { sql, settled, keepers }: Pick<PersonWorld, 'sql' | 'settled' | 'keepers'>): Promise<{ identities: Identity[]; held: Record<string, object[]> }> {
  await settled()
  const found = await Promise.all(keepers.map((keeper) => keeper.find(selector)))
  const leads = selector.by === 'leadId' ? [Number(selector.value)] : []
  const identities = await identitiesOf(sql, selector, [...leads, ...found.flatMap(({ leadIds }) => leadIds)])
  if (isShared(selector, identities)) throw new Fault('conflict', 'Several people used this session. Ask for each by userId or anonymousId.')
  return { identities, held: Object.assign({}, ...found.map(({ held }) => held)) }
}

/**
 * Erases a person and gives the number of what was erased, by kind. All numbers in reports stay as they are. Events change in small
 * pieces between which others are loaded; what is to be done is noted first, and whoever comes next completes what was cut off.
 * Throws Fault 'unavailable' while the store has not taken in what was acknowledged, and 'conflict' for a session of several people.
 */
export async function erasePerson(selector: Selector, world: PersonWorld): Promise<Record<string, number>> {
  await finishErasures(world)
  const { identities } = await findPerson(selector, world)
  return finish(await beginErasure(world.sql, { id: newId(), selector, identities, salt: randomBytes(32).toString('hex') }, world.now()), world)
}

/** Completes the erasures that were cut off. */
export async function finishErasures(world: PersonWorld): Promise<void> {
  for (const erasure of await erasuresUnderWay(world.sql)) await finish(erasure, world)
}

async function finish(erasure: Erasure, world: PersonWorld): Promise<Record<string, number>> {
  const { sql, dialect, keepers, forget } = world
  const { selector, identities } = erasure
  const erased: Record<string, number> = { events: 0, mentions: 0, aliases: 0, dead_letters: 0, answers: 0 }
  const count = (kind: string, more: number): void => void (erased[kind] = (erased[kind] ?? 0) + more)
  for (const identity of identities) {
    for (const removal of ['own', 'mentions'] as const) {
      for (;;) {
        const events = await eventsToErase(sql, dialect, removal, identity, erasure)
        if (events.length === 0) break
        for (let at = 0; at < events.length; at += PIECE_EVENTS) await eraseEvents(sql, dialect, removal, identity, erasure, events.slice(at, at + PIECE_EVENTS))
        count(removal === 'own' ? 'events' : 'mentions', events.length)
      }
    }
  }
  // Before the note goes, so that a repeat after a kill finds them still.
  for (const keeper of keepers) Object.assign(erased, await keeper.erase(selector))
  const answers = await sql.write(endErasure(erasure, textsOf(selector, identities)), 'events')
  for (const [row] of answers) if (row && typeof row.kind === 'string') count(row.kind, Number(row.erased))
  await forget()
  return erased
}

/** Ids shorter than this stand in many a text by chance; they count only where they are a whole JSON value. */
const TELLING = 8

/** The texts by which a person is found in what was kept as it was sent. */
export function textsOf(selector: Selector, identities: readonly Identity[]): string[] {
  const ids = [...(selector.by === 'leadId' ? [] : [selector.value]), ...identities.flatMap(({ users, anonymous, sessions }) => [...users, ...anonymous, ...sessions])]
  return [...new Set(ids.flatMap(formsOf))]
}

function formsOf(id: string): string[] {
  const json = JSON.stringify(id)
  // A number where a text belongs is one of the reasons for which events are refused.
  const numbers = /^\d+$/.test(id) ? [`:${id},`, `:${id}}`, `: ${id},`, `: ${id}}`, `: ${id}\n`] : []
  return id.length < TELLING ? [json, ...numbers] : [id, json.slice(1, -1)]
}
