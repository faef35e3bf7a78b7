import { makeToken } from '../../src/email/token.ts'
import { ask, until } from './ask.ts'

const SECRET = 'a secret of tokens, thirty-two bytes'
/** What a server must be set to for a sample: its mails become files, and its webhook leads to this machine. */
export const SAMPLE_ENV = { SMTP_URL: 'log:', EMAIL_FROM: 'Shop <news@example.com>', TRACKING_TOKEN_SECRET: SECRET, EMAIL_REDIRECT_ALLOWED_DOMAINS: 'example.com', WEBHOOK_ALLOW_PRIVATE: 'true' }

const NAMES = ['Ada', 'Bruno', 'Carla', 'Dilan', 'Edith', 'Farid', 'Greta', 'Hana']
const LEADS = 48
const HTML = '<p>Hello {{first_name}}, see <a href="https://example.com/offer">this offer</a> or <a href="https://example.com/news">the news</a>.</p>'

interface Sampled {
  post: (path: string, body: object, as?: Record<string, string>) => Promise<unknown>
  headers: Record<string, string>
  key: string
  now: number
  /** A person's browser. */
  agent: string
}

/** Leads, two campaigns of which one was sent, what its readers did, and a webhook that nobody answers. */
export async function fillMails(url: string, { post, headers, key, now, agent }: Sampled): Promise<void> {
  const rows = Array.from({ length: LEADS }, (_, at) => `${NAMES[at % NAMES.length]?.toLowerCase()}.${at}@example.com,${NAMES[at % NAMES.length]},Berlin`)
  await ask(url, 'POST', '/api/v1/leads/import', { headers: { 'x-api-key': key, 'content-type': 'text/csv' }, body: `email,first_name,city\n${rows.join('\n')}\n` })
  await post('/api/v1/campaigns', { name: 'Autumn offer', subject: '{{first_name}}, your offer', html: HTML })
  await post('/api/v1/campaigns', { name: 'Welcome', subject: 'Good to have you here', html: HTML })
  const { mailing_id: mailing } = (await post('/api/v1/campaigns/send', { campaign_id: 1, all: true })) as { mailing_id: string }
  await until('the mailing has gone out', async () => ((await ask(url, 'GET', `/api/v1/campaigns/mailings/${mailing}`, { headers })).body as { ended_at: string | null }).ended_at, 60_000)

  const visit = (token: string, path: string, by: string) => ask(url, 'GET', `/api/v1/tracking/${path.replace('TOKEN', token)}`, { headers: { 'user-agent': by } })
  for (let leadId = 1; leadId <= LEADS; leadId++) {
    // As if it had been sent an hour ago: what comes at once is a machine's.
    const token = makeToken({ campaignId: 1, leadId, at: Math.floor(now / 1000) - 3_600 }, SECRET)
    if (leadId % 2 === 0) await visit(token, 'open/TOKEN', leadId % 8 === 0 ? 'Googlebot/2.1 (+http://www.google.com/bot.html)' : agent)
    if (leadId % 6 === 0) await visit(token, `click/TOKEN?url=${encodeURIComponent(leadId % 12 === 0 ? 'https://example.com/news' : 'https://example.com/offer')}`, agent)
    if (leadId === 20) await visit(token, 'unsubscribe/TOKEN', agent)
  }

  const { id } = (await post('/api/v1/webhooks', { url: 'http://127.0.0.1:65000/hooks', description: 'Our CRM', events: ['email_opened', 'email_clicked', 'link.clicked'] })) as { id: string }
  await post(`/api/v1/webhooks/${id}/test`, {})
}
