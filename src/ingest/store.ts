import { DAY_MS, iso } from '../core/time.ts'
import type { Engine, Transaction } from '../store/engine.ts'
import type { Row, Sql, Value } from '../store/sql.ts'

/** The key of a day: the first one offered stays. All in hex. */
export async function addressKey(sql: Sql, day: string, offered: string, now: number): Promise<string> {
  const [, rows] = await sql.write([
    { text: 'insert into address_keys (day, key, created_at) values ($1, $2, $3) on conflict do nothing', values: [day, offered, now] },
    { text: 'select key from address_keys where day = $1', values: [day] },
  ])
  return rows?.[0]?.key as string
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

/** Where the store stands with a journal: the number of the last record it has loaded, 0 for none. */
export async function positionOf(engine: Engine, journalId: string): Promise<number> {
  const [row] = await engine.rows<{ position: number }>('select position from journal_positions where journal = $1', [journalId])
  return row?.position ?? 0
}

/** Notes, in the transaction that loads them, that a journal's records up to `position` are loaded. */
export async function setPosition(tx: Transaction, journalId: string, position: number, now: number): Promise<void> {
  await tx.rows(
    `insert into journal_positions (journal, position, updated_at) values ($1, $2, $3)
     on conflict (journal) do update set position = excluded.position, updated_at = excluded.updated_at`,
    [journalId, position, now],
  )
}

/** All client event ids that came since a moment (ms), in pieces. */
export function eventIdsSince(engine: Engine, since: number): AsyncIterable<Row[]> {
  return engine.stream('select project, event_id from events where event_id is not null and received_at >= $1', [since])
}

/** Notes, in the transaction that loads the events that tell it, who anonymous ids are; whom an id was first seen with stays. */
export async function insertAliases(tx: Transaction, aliases: readonly { project: string; alias: string; person: string }[], now: number): Promise<void> {
  if (aliases.length === 0) return
  const values: Value[] = [now]
  const rows = aliases.map(({ project, alias, person }) => `($${values.push(project)}, $${values.push(alias)}, $${values.push(person)}, $1)`)
  await tx.rows(`insert into person_aliases (project, alias, person, created_at) values ${rows.join(', ')} on conflict (project, alias) do nothing`, values)
}
