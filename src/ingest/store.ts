import { DAY_MS, iso } from '../core/time.ts'
import type { Dialect } from '../store/dialect.ts'
import type { Engine, Transaction } from '../store/engine.ts'
import { EVENTS_STATE } from '../store/events.ts'
import type { Row, Sql, Statement, Value } from '../store/sql.ts'
import { FED_COLUMNS, type FedEvent, type Source, type StoredEvent } from './event.ts'

/** The key of a day: the first one offered stays. All in hex. */
export async function addressKey(sql: Sql, day: string, offered: string, now: number): Promise<string> {
  const [, rows] = await sql.write([
    { text: 'insert into address_keys (day, key, created_at) values ($1, $2, $3) on conflict do nothing', values: [day, offered, now] },
    { text: 'select key from address_keys where day = $1', values: [day] },
  ])
  return rows?.[0]?.key as string
}

/** What the engine says of itself, such as `v1.5.5` or `PostgreSQL 15.14 on …`. */
export async function versionOf(engine: Engine): Promise<string> {
  const [row] = await engine.rows<{ version: string }>('select version() as version')
  return row?.version ?? ''
}

/** A dead letter as it lies in the store. */
export interface StoredLetter {
  id: string
  received_at: number
  family: string
  project: string
  reason: string
  field: string | null
  error: string
  original: string
  replayed_at: number | null
}

const LETTER = 'id, received_at, family, project, reason, field, error, original, replayed_at'

/** Dead letters, newest first, before the id `before` where given; `replayed` keeps one kind. */
export function deadLetters(sql: Sql, filter: { limit: number; before?: string; reason?: string; replayed?: boolean }): Promise<StoredLetter[]> {
  return sql.rows<StoredLetter>(
    `select ${LETTER} from dead_letters
     where ($1::text is null or id < $1::text) and ($2::text is null or reason = $2::text)
       and ($3::boolean is null or (replayed_at is not null) = $3::boolean)
     order by id desc limit $4`,
    [filter.before ?? null, filter.reason ?? null, filter.replayed ?? null, filter.limit],
  )
}

/** The dead letters not yet replayed: those of the given ids, or the oldest ones after a letter. */
export function waitingLetters(sql: Sql, ids: readonly string[] | null, after: string, limit: number): Promise<StoredLetter[]> {
  return ids === null
    ? sql.rows<StoredLetter>(`select ${LETTER} from dead_letters where replayed_at is null and id > $1 order by id limit $2`, [after, limit])
    : sql.rows<StoredLetter>(`select ${LETTER} from dead_letters where replayed_at is null and id = any($1::text[]) order by id limit $2`, [ids, limit])
}

/** Marks letters as replayed. */
export async function markReplayed(sql: Sql, ids: readonly string[], now: number): Promise<void> {
  await sql.write([{ text: 'update dead_letters set replayed_at = $1 where id = any($2::text[])', values: [now, ids] }])
}

/** Address keys go 48 h after their day began. */
export async function dropAddressKeys(sql: Sql, now: number): Promise<void> {
  const last = iso(now - 2 * DAY_MS).slice(0, 10)
  // Written over first, and committed: a deleted row may lie in its block for as long as a neighbour lives.
  await sql.write([{ text: "update address_keys set key = '' where day <= $1", values: [last] }])
  await sql.write([{ text: 'delete from address_keys where day <= $1', values: [last] }])
}

/** What is past its time goes: event ids and answers outside the window. */
export async function sweep(sql: Sql, { now, windowMs }: { now: number; windowMs: number }): Promise<void> {
  await sql.write([
    { text: 'delete from event_ids where received_at < $1', values: [now - windowMs] },
    { text: 'delete from answers where created_at < $1', values: [now - windowMs] },
  ])
}

const POSITION = 'select position from journal_positions where journal = $1'

/** Where the store stands with a journal: the number of the last record it has loaded, 0 for one that it has not heard of yet. */
export function positionOf(engine: Engine, journalId: string, now: number): Promise<number> {
  return engine.transaction('rows', async (tx) => {
    // There from the beginning, so that the first load too has a row to lock.
    await tx.rows('insert into journal_positions (journal, position, updated_at) values ($1, 0, $2) on conflict do nothing', [journalId, now])
    const [row] = await tx.rows<{ position: number }>(POSITION, [journalId])
    return row?.position ?? 0
  })
}

/**
 * The same within the transaction that loads, once no other for this journal is under way: a commit whose answer was lost with its
 * connection may still come to pass until then.
 */
export async function lockPosition(tx: Transaction, dialect: Dialect, journalId: string): Promise<number> {
  const [row] = await tx.rows<{ position: number }>(`${POSITION}${dialect.locked}`, [journalId])
  return row?.position ?? 0
}

/** Notes, in the transaction that loads them, that a journal's records up to `position` are loaded. */
export async function setPosition(tx: Transaction, journalId: string, position: number, now: number): Promise<void> {
  await tx.rows('update journal_positions set position = $2, updated_at = $3 where journal = $1', [journalId, position, now])
}

/**
 * The first of `count` numbers in the order in which events come into the store. The row stays locked until the transaction
 * ends, so a higher number is always committed later, on whichever node, and whoever reads in this order misses none.
 */
export async function takeNumbers(tx: Transaction, count: number): Promise<number> {
  // Not `returning`: DuckDB makes that a new row, and ends the process when the log then fails to take the commit.
  await tx.rows(`update counters set value = value + $1 where name = 'events'`, [count])
  const [row] = await tx.rows<{ value: number }>(`select value from counters where name = 'events'`)
  return (row?.value ?? 0) - count + 1
}

/** How far a follower of an order is, and how far that goes by its row of `counters`; it begins behind what there is when it is first asked for. */
export async function standing(sql: Sql, follower: string, order: 'events' | 'links', now: number): Promise<{ position: number; head: number }> {
  const text = 'select f.position, c.value as head from followers f, counters c where f.name = $1 and c.name = $2'
  const [known] = await sql.rows<{ position: number; head: number }>(text, [follower, order])
  if (known) return known
  const begin = 'insert into followers (name, position, updated_at) select $1, value, $3 from counters where name = $2 on conflict do nothing'
  const [, rows] = await sql.write([{ text: begin, values: [follower, order, now] }, { text, values: [follower, order] }])
  return rows?.[0] as { position: number; head: number }
}

/** Events of some sources by the order in which they came into the store, after one number and up to another. */
export function eventsBetween(sql: Sql, sources: readonly Source[], after: number, through: number, limit: number): Promise<FedEvent[]> {
  return sql.rows<FedEvent>(`select ${FED_COLUMNS.join(', ')} from events where seq > $1 and seq <= $2 and source = any($3::text[]) order by seq limit $4`, [after, through, sources, limit])
}

/** The events of some numbers. */
export function eventsAt(sql: Sql, numbers: readonly number[]): Promise<StoredEvent[]> {
  // The bounds let the engines leave out all that lies elsewhere.
  const bounds = [Math.min(...numbers), Math.max(...numbers)]
  return numbers.length === 0 ? Promise.resolve([]) : sql.rows<StoredEvent>('select * from events where seq >= $1 and seq <= $2 and seq = any($3::bigint[])', [...bounds, numbers])
}

/** How far events go: the number of the newest. */
export async function eventsHead(sql: Sql): Promise<number> {
  const [row] = await sql.rows<{ value: number }>(`select value from counters where name = 'events'`)
  return row?.value ?? 0
}

/** How many events of each source came after one number and up to another. */
export function countsBetween(sql: Sql, after: number, through: number): Promise<{ source: Source; count: number }[]> {
  return sql.rows<{ source: Source; count: number }>('select source, count(*) as count from events where seq > $1 and seq <= $2 group by source order by source', [after, through])
}

/** Sets how far a follower is. */
export function setStanding(follower: string, position: number, now: number): Statement {
  return { text: 'update followers set position = $2, updated_at = $3 where name = $1', values: [follower, position, now] }
}

/** All client event ids that came since a moment (ms), in pieces. */
export function eventIdsSince(engine: Engine, since: number): AsyncIterable<Row[]> {
  return engine.stream('select project, event_id from events where event_id is not null and received_at >= $1', [since])
}

/** The client event ids that came into the store behind a number, and how far that goes now. */
export async function eventIdsBehind(engine: Engine, after: number): Promise<{ ids: Row[]; head: number }> {
  const [row] = await engine.rows<{ state: number }>(EVENTS_STATE)
  const head = row?.state ?? after
  const ids = head > after ? await engine.rows('select project, event_id from events where seq > $1 and seq <= $2 and event_id is not null', [after, head]) : []
  return { ids, head }
}

/** Notes, in the transaction that loads the events that tell it, who anonymous ids are; whom an id was first seen with stays. */
export async function insertAliases(tx: Transaction, aliases: readonly { project: string; alias: string; person: string }[], now: number): Promise<void> {
  if (aliases.length === 0) return
  const values: Value[] = [now]
  const rows = aliases.map(({ project, alias, person }) => `($${values.push(project)}, $${values.push(alias)}, $${values.push(person)}, $1)`)
  await tx.rows(`insert into person_aliases (project, alias, person, created_at) values ${rows.join(', ')} on conflict (project, alias) do nothing`, values)
}
