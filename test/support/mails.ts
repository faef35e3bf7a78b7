import { makeToken } from '../../src/email/token.ts'
import type { Engine } from '../../src/store/engine.ts'
import { TOKEN_SECRET, type TestApp } from './app.ts'
import type { Answer } from './ask.ts'

/** A lead as the API gives it. */
export interface LeadAnswer {
  id: number
  email: string
  status: string
  [field: string]: unknown
}

/** Puts a campaign into a store, number 1. */
export async function withCampaign(engine: Engine): Promise<void> {
  await engine.transaction('rows', async (tx) => {
    await tx.rows(`update counters set value = value + 1 where name = 'campaigns'`)
    await tx.rows(`insert into campaigns (id, name, created_at, updated_at) select value, 'a campaign', 0, 0 from counters where name = 'campaigns'`)
  })
}

/** Makes a lead, ada@example.com unless told. */
export async function givenLead(app: TestApp, lead: object = {}): Promise<LeadAnswer> {
  const { status, body } = await app.post('/api/v1/leads', { email: 'ada@example.com', ...lead })
  if (status !== 201) throw new Error(`No lead, but ${status}: ${JSON.stringify(body)}`)
  return body as LeadAnswer
}

/** The token of a mail that was sent an hour ago, by the server's clock, unless told. */
export function tokenOf(app: TestApp, leadId: number, { campaignId = 1, secondsAgo = 3_600, secret = TOKEN_SECRET } = {}): string {
  return makeToken({ campaignId, leadId, at: Math.floor(app.clock.at / 1000) - secondsAgo }, secret)
}

/** The address of a tracked link. */
export const clickPath = (token: string, url: string, more = ''): string => `/api/v1/tracking/click/${token}?url=${encodeURIComponent(url)}${more}`

/** A lead as it is now. */
export async function leadNow(app: TestApp, id: number): Promise<LeadAnswer> {
  return (await app.get(`/api/v1/leads/${id}`)).body as LeadAnswer
}

/** What was recorded for a person's address, as privacy shows it: name, verdict and reason of each event. */
export async function recorded(app: TestApp, email = 'ada@example.com'): Promise<[name: string, machine: boolean, reason: string | null][]> {
  const { body }: Answer = await app.get(`/api/privacy/person?email=${encodeURIComponent(email)}`, { as: 'admin' })
  return (body as { events: { name: string; machine: boolean; machine_reason?: string }[] }).events.map(({ name, machine, machine_reason: reason }) => [name, machine, reason ?? null])
}
