import { Fault, invalidField } from '../../core/errors.ts'
import type { Sql } from '../../store/sql.ts'
import { type Campaign, campaignById, campaignByName, insertCampaign, updateCampaign } from './store.ts'

/** What a campaign is made of, as the request says it. */
export interface GivenCampaign {
  name: string
  subject?: string | null
  html?: string | null
  text?: string | null
}

/** Makes a campaign. Throws Fault 'invalid' for a name of blanks. */
export function createCampaign(sql: Sql, given: GivenCampaign, now: number): Promise<Campaign> {
  checkName(given.name)
  return insertCampaign(sql, { name: given.name, subject: given.subject || null, html: given.html || null, text: given.text || null }, now)
}

/** Changes a campaign; null takes away. Mailings under way stay as they were asked for. Throws Fault 'invalid' or 'not_found'. */
export async function changeCampaign(sql: Sql, id: number, change: Partial<GivenCampaign>, now: number): Promise<Campaign> {
  if (change.name !== undefined) checkName(change.name)
  const campaign = Object.keys(change).length === 0 ? await campaignById(sql, id) : await updateCampaign(sql, id, change, now)
  if (!campaign) throw notFound()
  return campaign
}

/** The campaign of an id. Throws Fault 'not_found'. */
export async function existingCampaign(sql: Sql, id: number): Promise<Campaign> {
  const campaign = await campaignById(sql, id)
  if (!campaign) throw notFound()
  return campaign
}

const STANDING = 'Mails without a campaign'

/** The campaign of mails that name none, made when there is a first one. */
export async function standingCampaign(sql: Sql, now: number): Promise<Campaign> {
  return (await campaignByName(sql, STANDING)) ?? insertCampaign(sql, { name: STANDING, subject: 'A message for you', html: null, text: null }, now)
}

function checkName(name: string): void {
  if (name.trim() === '') throw invalidField('name', 'must not be empty')
}

function notFound(): Fault {
  return new Fault('not_found', 'Campaign not found')
}
