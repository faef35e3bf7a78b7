import { wellFormed } from '../../core/text.ts'
import type { Row, Sql, Statement, Value } from '../../store/sql.ts'
import type { Message, Settlement, State } from './message.ts'

/** What mails are sent and counted under. Times are UTC ms. */
export interface Campaign {
  id: number
  name: string
  subject: string | null
  html: string | null
  text: string | null
  created_at: number
  updated_at: number
}

const CAMPAIGN = 'id, name, subject, html, text, created_at, updated_at'

/** Makes a campaign and gives it. The counter's row stays locked until the end, so each has a number of its own. */
export async function insertCampaign(sql: Sql, { name, subject, html, text }: Pick<Campaign, 'name' | 'subject' | 'html' | 'text'>, now: number): Promise<Campaign> {
  const [, rows] = await sql.write([
    { text: `update counters set value = value + 1 where name = 'campaigns'` },
    {
      text: `insert into campaigns (${CAMPAIGN}) select value, $1, $2, $3, $4, $5::bigint, $5::bigint from counters where name = 'campaigns' returning ${CAMPAIGN}`,
      values: [wellFormed(name), subject && wellFormed(subject), html && wellFormed(html), text && wellFormed(text), now],
    },
  ])
  return rows?.[0] as Row & Campaign
}

/** A campaign by its id, or null. */
export async function campaignById(sql: Sql, id: number): Promise<Campaign | null> {
  const [campaign] = await sql.rows<Campaign>(`select ${CAMPAIGN} from campaigns where id = $1`, [id])
  return campaign ?? null
}

/** The first campaign of a name, or null. */
export async function campaignByName(sql: Sql, name: string): Promise<Campaign | null> {
  const [campaign] = await sql.rows<Campaign>(`select ${CAMPAIGN} from campaigns where name = $1 order by id limit 1`, [name])
  return campaign ?? null
}

/** Campaigns, newest first, before an id where given; without what they are written in. */
export function listCampaigns(sql: Sql, before: number | null, limit: number): Promise<Omit<Campaign, 'html' | 'text'>[]> {
  return sql.rows(`select id, name, subject, created_at, updated_at from campaigns where $1::bigint is null or id < $1::bigint order by id desc limit $2`, [before, limit])
}

/** Changes a campaign and gives it as it is now, or null when there is none. */
export async function updateCampaign(sql: Sql, id: number, change: Partial<Pick<Campaign, 'name' | 'subject' | 'html' | 'text'>>, now: number): Promise<Campaign | null> {
  const values: Value[] = [id, now]
  const sets = Object.entries(change).map(([column, value]) => `${column} = $${values.push(value === null ? null : wellFormed(value))}`)
  const [rows] = await sql.write([{ text: `update campaigns set ${[...sets, 'updated_at = $2'].join(', ')} where id = $1 returning ${CAMPAIGN}`, values }])
  return (rows?.[0] as (Row & Campaign) | undefined) ?? null
}

/** One sending of one source to many leads. */
export interface Mailing {
  id: string
  campaign_id: number
  subject: string
  total: number
  created_at: number
  ended_at: number | null
}

const MAILING = 'id, campaign_id, subject, total, created_at, ended_at'

/** Which leads a mailing goes to: those of the ids, or those of a filter. */
export interface Audience {
  ids: readonly number[] | null
  opened: boolean | null
  clicked: boolean | null
  unsubscribed: boolean | null
  status: string | null
  q: string | null
}

/** What of a lead may not be mailed, and why; null for the others. */
const UNMAILABLE = `case when email_unsubscribed then 'unsubscribed' when bounced_at is not null then 'bounced' end`

/**
 * Writes a mailing and a message for each of its leads, all or nothing. A message's id is the mailing's with the lead's number in its
 * last 12 digits: a UUIDv7 still, and one lead is once in one mailing, whatever happens. Throws Fault 'conflict' when the request's key
 * has a mailing already.
 */
export async function insertMailing(sql: Sql, mailing: Pick<Mailing, 'id' | 'campaign_id' | 'subject'> & { html: string | null; text: string | null; key: string | null }, to: Audience, now: number): Promise<void> {
  const { id, campaign_id: campaignId, subject, html, text, key } = mailing
  await sql.write([
    {
      text: `insert into messages (id, mailing_id, campaign_id, lead_id, state, reason, attempts, due_at, created_at, updated_at)
             select $1 || lpad(lower(to_hex(id)), 12, '0'), $2, $3::bigint, id, case when ${UNMAILABLE} is null then 'queued' else 'skipped' end, ${UNMAILABLE}, 0, $4::bigint, $4::bigint, $4::bigint
             from leads
             where ($5::bigint[] is null or id = any($5::bigint[]))
               and ($6::boolean is null or email_opened = $6::boolean) and ($7::boolean is null or email_clicked = $7::boolean)
               and ($8::boolean is null or email_unsubscribed = $8::boolean)
               and ($9::text is null or strpos(lower(email), lower($9::text)) > 0 or strpos(lower(coalesce(first_name, '')), lower($9::text)) > 0
                 or strpos(lower(coalesce(last_name, '')), lower($9::text)) > 0)
               and ($10::text is null or status = $10::text)`,
      values: [id.slice(0, 24), id, campaignId, now, to.ids, to.opened, to.clicked, to.unsubscribed, to.q, to.status],
    },
    {
      text: `insert into mailings (id, campaign_id, subject, html, text, request_key, total, created_at)
             select $1, $2::bigint, $3, $4::text, $5::text, $6::text, count(*), $7::bigint from messages where mailing_id = $1`,
      values: [id, campaignId, wellFormed(subject), html && wellFormed(html), text && wellFormed(text), key, now],
    },
  ])
}

/** A mailing with how many of its messages are in each state, or null. */
export async function mailingBy(sql: Sql, column: 'id' | 'request_key', value: string): Promise<(Mailing & { counts: Partial<Record<State, number>> }) | null> {
  const [mailing] = await withCounts(sql, await sql.rows<Mailing>(`select ${MAILING} from mailings where ${column} = $1`, [value]))
  return mailing ?? null
}

/** The mailings of a campaign, newest first, before an id where given. */
export async function mailingsOf(sql: Sql, campaignId: number, before: string | null, limit: number) {
  return withCounts(sql, await sql.rows<Mailing>(`select ${MAILING} from mailings where campaign_id = $1 and ($2::text is null or id < $2::text) order by id desc limit $3`, [campaignId, before, limit]))
}

async function withCounts(sql: Sql, mailings: readonly Mailing[]) {
  if (mailings.length === 0) return []
  const text = 'select mailing_id, state, count(*) as messages from messages where mailing_id = any($1::text[]) group by mailing_id, state'
  const rows = await sql.rows<{ mailing_id: string; state: State; messages: number }>(text, [mailings.map(({ id }) => id)])
  return mailings.map((mailing) => ({ ...mailing, counts: Object.fromEntries(rows.flatMap((row) => (row.mailing_id === mailing.id ? [[row.state, row.messages]] : []))) as Partial<Record<State, number>> }))
}

/** Messages of a mailing in the order of their leads, behind an id where given; of some states or all. */
export function messagesOf(sql: Sql, mailingId: string, states: readonly State[] | null, after: string | null, limit: number): Promise<Message[]> {
  return sql.rows<Message>(
    `select id, mailing_id, campaign_id, lead_id, state, reason, attempts, due_at, created_at, updated_at, sent_at from messages
     where mailing_id = $1 and ($2::text[] is null or state = any($2::text[])) and ($3::text is null or id > $3::text) order by id limit $4`,
    [mailingId, states, after, limit],
  )
}

/** Takes out of the queue what of a mailing is still in it. */
export async function cancelMailing(sql: Sql, id: string, now: number): Promise<void> {
  await sql.write([{ text: `update messages set state = 'skipped', reason = 'cancelled', updated_at = $2 where mailing_id = $1 and state = 'queued'`, values: [id, now] }])
}

/** Puts a message whose end is not good back into the queue, where its lead may be mailed; null where there is none such. */
export async function requeue(sql: Sql, id: string, now: number): Promise<Message | null> {
  const [rows] = await sql.write([
    {
      text: `update messages set state = 'queued', reason = null, attempts = 0, due_at = $2::bigint, updated_at = $2::bigint
             where id = $1 and state in ('doubtful', 'failed') and exists (select 1 from leads where leads.id = lead_id and ${UNMAILABLE} is null) returning *`,
      values: [id, now],
    },
    { text: 'update mailings set ended_at = null where id in (select mailing_id from messages where id = $1)', values: [id] },
  ])
  return (rows?.[0] as (Row & Message) | undefined) ?? null
}

/** A message by its id, or null. */
export async function messageById(sql: Sql, id: string): Promise<Message | null> {
  const [message] = await sql.rows<Message>('select * from messages where id = $1', [id])
  return message ?? null
}

/** Mailings that have not ended, small ones first, without what they are written in. */
export function openMailings(sql: Sql): Promise<Pick<Mailing, 'id' | 'campaign_id' | 'subject'>[]> {
  return sql.rows('select id, campaign_id, subject from mailings where ended_at is null order by total, id limit 1000')
}

/** What a mailing is written in. */
export async function sourceOf(sql: Sql, id: string): Promise<{ subject: string; html: string | null; text: string | null }> {
  const [source] = await sql.rows<{ subject: string; html: string | null; text: string | null }>('select subject, html, text from mailings where id = $1', [id])
  if (!source) throw new Error(`There is no mailing ${id}`)
  return source
}

/** A message that is due, and its lead; `email` is null where the lead is gone. */
export interface DueMessage extends Pick<Message, 'id' | 'lead_id' | 'attempts' | 'due_at' | 'created_at'> {
  email: string | null
  first_name: string | null
  last_name: string | null
  /** JSON. */
  fields: string | null
}

/** The messages of a mailing that are due. */
export function dueMessages(sql: Sql, mailingId: string, now: number, limit: number): Promise<DueMessage[]> {
  return sql.rows<DueMessage>(
    `select m.id, m.lead_id, m.attempts, m.due_at, m.created_at, l.email, l.first_name, l.last_name, cast(l.fields as text) as fields
     from messages m left join leads l on l.id = m.lead_id
     where m.mailing_id = $1 and m.state = 'queued' and m.due_at <= $2 order by m.due_at, m.id limit $3`,
    [mailingId, now, limit],
  )
}

/** Takes messages out of the queue, as the first statement gives them; those whose lead may not be mailed by now are skipped. */
export function claiming(ids: readonly string[], now: number): [Statement, Statement] {
  return [
    {
      text: `update messages set state = 'sending', updated_at = $2 where id = any($1::text[]) and state = 'queued' and due_at <= $2
               and exists (select 1 from leads where leads.id = messages.lead_id and ${UNMAILABLE} is null) returning id`,
      values: [ids, now],
    },
    {
      text: `update messages set state = 'skipped', reason = coalesce((select ${UNMAILABLE} from leads where leads.id = messages.lead_id), 'deleted'), updated_at = $2
             where id = any($1::text[]) and state = 'queued' and due_at <= $2`,
      values: [ids, now],
    },
  ]
}

/** Says what became of messages that were under way. A lead whose address takes no mail gets none any more. */
export function settling(settlements: readonly Settlement[], now: number): Statement[] {
  const values: Value[] = [now]
  const rows = settlements.map(({ id, state, reason, attempts, dueAt }) => `($${values.push(id)}::text, $${values.push(state)}::text, $${values.push(reason)}::text, $${values.push(attempts)}::bigint, $${values.push(dueAt)}::bigint)`)
  const bounced = settlements.filter(({ state }) => state === 'bounced')
  return [
    {
      // One that was taken for lost, when another node had the turn, is not.
      text: `update messages set state = v.state, reason = v.reason, attempts = v.attempts, due_at = v.due_at, updated_at = $1::bigint,
               sent_at = case when v.state = 'sent' then $1::bigint end
             from (values ${rows.join(', ')}) v (id, state, reason, attempts, due_at) where messages.id = v.id and messages.state in ('sending', 'doubtful')`,
      values,
    },
    ...bounced.map(({ leadId, reason }) => ({
      text: `update leads set bounced_at = $2::bigint, bounce_reason = $3, status = case when email_unsubscribed then status else 'bounced' end, updated_at = $2::bigint where id = $1 and bounced_at is null`,
      values: [leadId, now, reason],
    })),
  ]
}

/** What nobody is sending any more has an unknown end. */
export async function interrupt(sql: Sql, now: number): Promise<void> {
  // Asked first: where there is nothing, nothing is to be committed.
  const [one] = await sql.rows(`select id from messages where state = 'sending' limit 1`)
  if (one) await sql.write([{ text: `update messages set state = 'doubtful', reason = 'interrupted', updated_at = $1 where state = 'sending'`, values: [now] }])
}

/** Messages whose end is no event yet. */
export function unrecorded(sql: Sql, limit: number): Promise<Message[]> {
  return sql.rows<Message>(`select * from messages where recorded_at is null and state in ('sent', 'bounced') order by id limit $1`, [limit])
}

/** Notes that the ends of messages are events. */
export async function setRecorded(sql: Sql, ids: readonly string[], now: number): Promise<void> {
  await sql.write([{ text: 'update messages set recorded_at = $2 where id = any($1::text[])', values: [ids, now] }])
}

/** Ends the mailings that have nothing left to do. */
export async function endMailings(sql: Sql, now: number): Promise<void> {
  const done = `ended_at is null and not exists (
    select 1 from messages where mailing_id = mailings.id and (state in ('queued', 'sending') or (recorded_at is null and state in ('sent', 'bounced')))
  )`
  const [one] = await sql.rows(`select id from mailings where ${done} limit 1`)
  if (one) await sql.write([{ text: `update mailings set ended_at = $1 where ${done}`, values: [now] }])
}

/** Of these leads those that there are, and why one may not be mailed; null where it may. */
export function leadsKnown(sql: Sql, ids: readonly number[]): Promise<{ id: number; unmailable: 'unsubscribed' | 'bounced' | null }[]> {
  return sql.rows(`select id, ${UNMAILABLE} as unmailable from leads where id = any($1::bigint[])`, [ids])
}
