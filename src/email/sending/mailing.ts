import { Fault, invalidField } from '../../core/errors.ts'
import { newId } from '../../core/ids.ts'
import type { Sql } from '../../store/sql.ts'
import { readToken } from '../token.ts'
import { existingCampaign, standingCampaign } from './campaign.ts'
import { type Audience, type Campaign, insertMailing, leadsKnown, mailingBy, messagesOf } from './store.ts'

/** What is to be sent, and to whom, as the request says it. */
export interface GivenMailing {
  lead_id?: number | null
  lead_ids?: number[] | null
  all?: boolean | null
  filter?: { email_opened?: boolean | null; email_clicked?: boolean | null; email_unsubscribed?: boolean | null; status?: string | null; q?: string | null } | null
  campaign_id?: number | null
  subject?: string | null
  html?: string | null
  text?: string | null
}

/** What mailings are made with. */
export interface MailingWorld {
  sql: Sql
  secret: string
  now: () => number
}

/** A mailing as it was queued. */
export interface Queued {
  mailing_id: string
  campaign_id: number
  message_ids: string[]
  queued: number
  skipped: { lead_id: number; reason: string }[]
  /** Whether there are more than the lists hold. */
  truncated: boolean
  duplicate: boolean
}

const LISTED = 1_000

/**
 * Queues a mailing. `key` is that of the request: another one of the same key gets what the first one made. Throws Fault 'invalid' for
 * what cannot be sent, 'not_found' for no such campaign or single lead, 'conflict' for a single lead that may not be mailed.
 */
export async function queueMailing(world: MailingWorld, given: GivenMailing, key: string | null): Promise<Queued> {
  const { sql, now } = world
  const before = key === null ? null : await mailingBy(sql, 'request_key', key)
  if (before) return { ...(await queuedOf(sql, before.id, before.campaign_id, [])), duplicate: true }
  const to = audienceOf(given)
  const campaign = await campaignOf(world, given)
  const subject = given.subject || campaign.subject || campaign.name
  const html = given.html || (given.text ? null : campaign.html)
  const text = given.text || (given.html ? null : campaign.text)
  if (html === null && text === null) throw invalidField('html', 'is required, here or in the campaign')
  const known = to.ids === null ? null : new Map((await leadsKnown(sql, to.ids)).map((lead) => [lead.id, lead.unmailable]))
  if (typeof given.lead_id === 'number' && known) refuseSingle(known, given.lead_id)
  const id = newId()
  try {
    await insertMailing(sql, { id, campaign_id: campaign.id, subject, html, text, key }, to, now())
  } catch (error) {
    const other = key !== null && error instanceof Fault && error.code === 'conflict' ? await mailingBy(sql, 'request_key', key) : null
    if (!other) throw error
    return { ...(await queuedOf(sql, other.id, other.campaign_id, [])), duplicate: true }
  }
  const missing = [...new Set(to.ids ?? [])].filter((lead) => !known?.has(lead))
  return queuedOf(sql, id, campaign.id, missing)
}

function refuseSingle(known: ReadonlyMap<number, string | null>, id: number): void {
  const unmailable = known.get(id)
  if (unmailable === undefined) throw new Fault('not_found', 'Lead not found')
  if (unmailable === 'unsubscribed') throw new Fault('conflict', 'This lead has unsubscribed and gets no mail.')
  if (unmailable !== null) throw new Fault('conflict', "This lead's address takes no mail: an earlier one has bounced.")
}

function audienceOf({ lead_id: one, lead_ids: many, all, filter }: GivenMailing): Audience {
  const ways = [typeof one === 'number', Array.isArray(many), all === true].filter(Boolean).length
  if (ways !== 1) throw invalidField('lead_id', 'or lead_ids or all: true must say to whom, and only one of them')
  const ids = typeof one === 'number' ? [one] : (many ?? null)
  return { ids, opened: filter?.email_opened ?? null, clicked: filter?.email_clicked ?? null, unsubscribed: filter?.email_unsubscribed ?? null, status: filter?.status ?? null, q: filter?.q || null }
}

/** The campaign that is named, else that of the tracking tokens in the mail, else the one for mails without. */
async function campaignOf({ sql, secret, now }: MailingWorld, { campaign_id: id, html }: GivenMailing): Promise<Campaign> {
  if (typeof id === 'number') return existingCampaign(sql, id)
  const token = readToken(/\/api\/v1\/tracking\/(?:open|click|unsubscribe)\/([A-Za-z0-9_-]{40,200})/.exec(html ?? '')?.[1] ?? '', secret)
  return token ? existingCampaign(sql, token.campaignId) : standingCampaign(sql, now())
}

async function queuedOf(sql: Sql, id: string, campaignId: number, missing: readonly number[]): Promise<Queued> {
  const [mailing, skipped, others] = await Promise.all([
    mailingBy(sql, 'id', id),
    messagesOf(sql, id, ['skipped'], null, LISTED),
    messagesOf(sql, id, ['queued', 'sending', 'sent', 'bounced', 'failed', 'doubtful'], null, LISTED),
  ])
  const left = mailing?.counts.skipped ?? 0
  const queued = (mailing?.total ?? 0) - left
  return {
    mailing_id: id,
    campaign_id: campaignId,
    message_ids: others.map((message) => message.id),
    queued,
    skipped: [...missing.map((lead) => ({ lead_id: lead, reason: 'not_found' })), ...skipped.map((message) => ({ lead_id: message.lead_id, reason: message.reason ?? 'skipped' }))],
    truncated: queued > others.length || left > skipped.length,
    duplicate: false,
  }
}
