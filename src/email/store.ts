import type { Row, Sql, Statement, Value } from '../store/sql.ts'
import type { Lead, LeadData } from './lead.ts'

const LEAD =
  'id, email, first_name, last_name, fields, status, email_opened, email_opened_at, email_clicked, email_clicked_at, email_unsubscribed, email_unsubscribed_at, bounced_at, bounce_reason, created_at, updated_at'
const ROWS_A_STATEMENT = 200
/** What one transaction deletes at most; the loader has its turn between two. */
const PIECE_EVENTS = 5_000

/**
 * Stores new leads, all at once, and gives those that were taken in; of an address that is known nothing changes. The addresses are
 * different from each other. The counter's row stays locked until the end, so each has a number of its own.
 */
export async function insertLeads(sql: Sql, leads: readonly LeadData[], now: number): Promise<Lead[]> {
  const statements: Statement[] = [{ text: `update counters set value = value + $1 where name = 'leads'`, values: [leads.length] }]
  for (let from = 0; from < leads.length; from += ROWS_A_STATEMENT) {
    const values: Value[] = [now]
    const rows = leads.slice(from, from + ROWS_A_STATEMENT).map(({ email, first_name: first, last_name: last, fields }, at) => {
      const given = [email, first, last, fields].map((cell) => `$${values.push(cell)}::text`)
      return `(${leads.length - from - at - 1}, ${given.join(', ')})`
    })
    statements.push({
      text: `insert into leads (${LEAD})
             select c.value - v.behind, v.email, v.first_name, v.last_name, cast(v.fields as json), 'active', false, null, false, null, false, null, null, null, $1::bigint, $1::bigint
             from (values ${rows.join(', ')}) v (behind, email, first_name, last_name, fields), counters c where c.name = 'leads'
             on conflict (email) do nothing returning ${LEAD}`,
      values,
    })
  }
  const [, ...inserted] = await sql.write(statements)
  return inserted.flat() as (Row & Lead)[]
}

/** A lead by its id, or null. */
export async function leadById(sql: Sql, id: number): Promise<Lead | null> {
  const [lead] = await sql.rows<Lead>(`select ${LEAD} from leads where id = $1`, [id])
  return lead ?? null
}

/** The leads of these addresses, in lower case. */
export function leadsByEmail(sql: Sql, emails: readonly string[]): Promise<Lead[]> {
  return sql.rows<Lead>(`select ${LEAD} from leads where email = any($1::text[])`, [emails])
}

/** Which leads are asked for; null for all. `q` is looked for in address and names, whatever its case. */
export interface LeadFilter {
  opened: boolean | null
  clicked: boolean | null
  unsubscribed: boolean | null
  status: Lead['status'] | null
  q: string | null
}

/** The terms of a `LeadFilter`, whose values are `filterValues`. */
const FILTERED = `($1::boolean is null or email_opened = $1::boolean) and ($2::boolean is null or email_clicked = $2::boolean)
       and ($3::boolean is null or email_unsubscribed = $3::boolean) and ($4::text is null or status = $4::text)
       and ($5::text is null or strpos(email, lower($5::text)) > 0 or strpos(lower(coalesce(first_name, '')), lower($5::text)) > 0
         or strpos(lower(coalesce(last_name, '')), lower($5::text)) > 0)`

function filterValues({ opened, clicked, unsubscribed, status, q }: LeadFilter): Value[] {
  return [opened, clicked, unsubscribed, status, q]
}

/** How many leads a filter leaves, and how many of them may be mailed. */
export async function countLeads(sql: Sql, filter: LeadFilter): Promise<{ leads: number; mailable: number }> {
  const text = `select count(*) as leads, count(*) filter (where not email_unsubscribed and bounced_at is null) as mailable from leads where ${FILTERED}`
  const [counts] = await sql.rows<{ leads: number; mailable: number }>(text, filterValues(filter))
  return counts as { leads: number; mailable: number }
}

/** Leads, newest first, before an id where given. */
export function listLeads(sql: Sql, filter: LeadFilter, before: number | null, limit: number): Promise<Lead[]> {
  return sql.rows<Lead>(
    `select ${LEAD} from leads where ${FILTERED} and ($6::bigint is null or id < $6::bigint) order by id desc limit $7`,
    [...filterValues(filter), before, limit],
  )
}

/** Changes a lead and gives it as it is now, or null when there is none. Throws Fault 'conflict' for an address that another has. */
export async function updateLead(sql: Sql, id: number, change: Partial<LeadData>, optsOut: boolean, now: number): Promise<Lead | null> {
  const values: Value[] = [id, now]
  const sets = Object.entries(change).map(([column, value]) => `${column} = $${values.push(value)}`)
  const [, rows] = await sql.write([
    ...(optsOut ? [optOut('id', id, now)] : [{ text: 'select 1' }]),
    { text: `update leads set ${[...sets, 'updated_at = $2'].join(', ')} where id = $1 returning ${LEAD}`, values },
  ])
  return (rows?.[0] as (Row & Lead) | undefined) ?? null
}

/** Opts a lead out, where it is not yet; gives its id and address then. Nothing opts anybody in again. */
export function optOut(column: 'id' | 'email', value: number | string, at: number): Statement {
  return {
    text: `update leads set email_unsubscribed = true, email_unsubscribed_at = $2::bigint, status = 'opted_out', updated_at = $2::bigint where ${column} = $1 and not email_unsubscribed returning id, email`,
    values: [value, at],
  }
}

/** Deletes leads and what was or will be mailed to them, for a message's id tells the lead's; gives the ids of those that were there. */
export async function deleteLeads(sql: Sql, ids: readonly number[]): Promise<number[]> {
  const [, rows] = await sql.write([
    { text: 'delete from messages where lead_id = any($1::bigint[])', values: [ids] },
    { text: 'delete from leads where id = any($1::bigint[]) returning id', values: [ids] },
  ])
  return (rows ?? []).map(({ id }) => id as number)
}

/** The ids that there are from one up to another, that one left out. */
export async function existingBetween(sql: Sql, table: 'leads' | 'campaigns', from: number, to: number): Promise<number[]> {
  return (await sql.rows<{ id: number }>(`select id from ${table} where id >= $1 and id < $2`, [from, to])).map(({ id }) => id)
}

/** An open or a click, as far as it tells with others whether a machine made it. */
export interface Hit {
  id: string
  seq: number
  ts: number
  name: string
  lead_id: number
  campaign_id: number | null
  destination_url: string | null
  machine: boolean
}

/** The opens and clicks of those of some leads who followed more than one link of a mail between two moments (UTC ms, both included). */
export function hitsOf(sql: Sql, leadIds: readonly number[], from: number, to: number): Promise<Hit[]> {
  return sql.rows<Hit>(
    `select id, seq, ts, name, lead_id, campaign_id, destination_url, machine from events
     where project = 'email' and ts >= $1 and ts <= $2 and name in ('email_opened', 'email_clicked') and lead_id in (
       select lead_id from events where project = 'email' and ts >= $1 and ts <= $2 and name = 'email_clicked' and lead_id = any($3::bigint[])
       group by lead_id, campaign_id having min(destination_url) < max(destination_url))
     order by ts, seq`,
    [from, to, leadIds],
  )
}

/** Marks events as a machine's, and takes back what leads were told to have done by them; to be written in the lane of the events. */
export function marking(hits: readonly Hit[], reason: string, now: number): Statement[] {
  if (hits.length === 0) return []
  const leads = [...new Set(hits.map(({ lead_id: id }) => id))]
  const from = Math.min(...hits.map(({ ts }) => ts))
  const seqs = hits.map(({ seq }) => seq)
  const told = (column: string, name: string): Statement[] => [
    {
      // What they did earlier stands, also where its events are past their time.
      text: `update leads set ${column}_at = (select min(e.ts) from events e where e.project = 'email' and e.ts >= $2 and e.lead_id = leads.id and e.name = '${name}' and not e.machine),
               updated_at = $3 where id = any($1::bigint[]) and ${column}_at >= $2`,
      values: [leads, from, now],
    },
    { text: `update leads set ${column} = ${column}_at is not null where id = any($1::bigint[])`, values: [leads] },
  ]
  return [
    {
      text: 'update events set machine = true, machine_reason = $4 where seq >= $1 and seq <= $2 and id = any($3::text[])',
      values: [Math.min(...seqs), Math.max(...seqs), hits.map(({ id }) => id), reason],
    },
    ...told('email_opened', 'email_opened'),
    ...told('email_clicked', 'email_clicked'),
  ]
}

/** Notes in leads what they did first and when, by id and UTC ms. */
export function noting(what: 'email_opened' | 'email_clicked' | 'email_unsubscribed', first: ReadonlyMap<number, number>, now: number): Statement[] {
  if (first.size === 0) return []
  return [
    {
      text: `update leads set ${what} = true, ${what}_at = least(coalesce(${what}_at, seen.at), seen.at), updated_at = $3 ${what === 'email_unsubscribed' ? `, status = 'opted_out'` : ''}
             from (select unnest($1::bigint[]) as lead_id, unnest($2::bigint[]) as at) seen where leads.id = seen.lead_id`,
      values: [[...first.keys()], [...first.values()], now],
    },
  ]
}

/** When the last of the next events past their time was received, null when there is none. */
export async function nextOldEvents(sql: Sql, before: number): Promise<number | null> {
  const [row] = await sql.rows<{ last: number | null }>(
    `select max(received_at) as last from (select received_at from events where received_at < $1 and source = 'email' order by received_at limit $2) piece`,
    [before, PIECE_EVENTS],
  )
  return row?.last ?? null
}

/** Deletes the events of mails that were received up to a moment, it included. */
export async function deleteEvents(sql: Sql, last: number): Promise<void> {
  await sql.write([{ text: `delete from events where received_at <= $1 and source = 'email'`, values: [last] }], 'events')
}
