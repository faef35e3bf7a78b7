import { randomBytes } from 'node:crypto'
import { Fault } from '../core/errors.ts'
import type { Sql } from '../store/sql.ts'
import { identitiesOf, isShared } from './person.ts'
import type { Identity, Keeper, Selector } from './selector.ts'
import { erasure } from './store.ts'

/** What a person is looked up and erased with. */
export interface PersonWorld {
  sql: Sql
  settled: () => Promise<void>
  forget: () => Promise<void>
  keepers: readonly Keeper[]
}

/** Who is meant, and what the other rooms hold of them. Throws Fault 'conflict' when a session was several people's. */
export async function findPerson(selector: Selector, { sql, settled, keepers }: Omit<PersonWorld, 'forget'>): Promise<{ identities: Identity[]; held: Record<string, object[]> }> {
  await settled()
  const found = await Promise.all(keepers.map((keeper) => keeper.find(selector)))
  const leads = selector.by === 'leadId' ? [Number(selector.value)] : []
  const identities = await identitiesOf(sql, selector, [...leads, ...found.flatMap(({ leadIds }) => leadIds)])
  if (isShared(selector, identities)) throw new Fault('conflict', 'Several people used this session. Ask for each by userId or anonymousId.')
  return { identities, held: Object.assign({}, ...found.map(({ held }) => held)) }
}

/**
 * Erases a person and gives the number of what was erased, by kind. All numbers in reports stay as they are. The tables change in
 * one transaction; other rooms follow, so a repeat after a kill finds them still and completes it. Throws Fault 'unavailable' while
 * the store has not taken in what was acknowledged, and 'conflict' for a session of several people.
 */
export async function erasePerson(selector: Selector, world: PersonWorld): Promise<Record<string, number>> {
  const { identities } = await findPerson(selector, world)
  const answers = await world.sql.write(erasure(identities, textsOf(selector, identities), selector.project, randomBytes(32).toString('hex')), 'events')
  const erased: Record<string, number> = { events: 0, mentions: 0, aliases: 0, dead_letters: 0, answers: 0 }
  for (const [row] of answers) if (row && typeof row.kind === 'string') erased[row.kind] = (erased[row.kind] ?? 0) + Number(row.erased)
  for (const keeper of world.keepers) Object.assign(erased, await keeper.erase(selector))
  await world.forget()
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
