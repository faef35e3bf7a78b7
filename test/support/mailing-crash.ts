import { type Answer, ask, until } from './ask.ts'
import type { FreshStore } from './engines.ts'
import { readers, seedLeads } from './leads.ts'
import { type Mailbox, openMailbox } from './mailbox.ts'
import { quietPort } from './port.ts'
import { type ServerProcess, TEST_KEY, startServer } from './process.ts'
import { randomFrom } from './random.ts'

/** As many messages are under way at once: a kill may leave as many unsent and in doubt, and they are waited for in vain. */
export const UNDER_WAY = 5

/** How a mailing is killed: so many leads, so many kills, and how many of the leads have unsubscribed meanwhile. */
export interface MailingPlan {
  seed: number
  leads: number
  kills: number
  /** How it is ended each time; SIGKILL unless told. */
  signal?: 'SIGKILL' | 'SIGTERM'
}

/** What came of it. */
export interface MailingVerdict {
  kills: number
  /** Readers whose mail the mail server has taken. */
  mailed: number
  /** Of them, those whom it has taken more than one for. */
  twice: string[]
  /** Readers that the ledger says were mailed, and were not. */
  unmailed: string[]
  /** Readers with neither a mail nor a place among the doubtful. */
  skipped: string[]
  /** What the ledger says in the end. */
  counts: Record<string, number>
  /** Of the doubtful, those that were mailed after all. */
  doubtfulMailed: number
  /** Events of sent mails. */
  events: number
}

/** Kills a server again and again while it sends a mailing through a real mail server, and looks what came of it. */
export async function crashMailing(store: FreshStore, { seed, leads, kills, signal = 'SIGKILL' }: MailingPlan): Promise<MailingVerdict> {
  const random = randomFrom(seed)
  await seedLeads(store, readers(leads))
  const mailbox = await openMailbox()
  const port = await quietPort()
  let server: ServerProcess | null = null
  try {
    const start = (): Promise<ServerProcess> =>
      startServer({ dataDir: store.dataDir, databaseUrl: store.databaseUrl, port, env: { SMTP_URL: mailbox.url, EMAIL_FROM: 'news@example.com', EMAIL_RATE_PER_MINUTE: '1000000' } })
    const call = async (method: string, path: string, body?: object): Promise<Answer> =>
      ask(`http://127.0.0.1:${port}`, method, `/api/v1/campaigns${path}`, { headers: { 'x-api-key': TEST_KEY }, ...(body ? { body } : {}) })
    server = await start()
    const made = await call('POST', '', { name: 'Crash', html: '<p>Hello {{first_name}}</p>' })
    const campaign = (made.body as { id: number }).id
    const { body } = await call('POST', '/send', { campaign_id: campaign, all: true })
    const { mailing_id: id, queued } = body as { mailing_id: string; queued: number }
    if (queued !== leads) throw new Error(`Not ${leads} queued: ${JSON.stringify(body)}`)
    for (let kill = 0; kill < kills; kill++) {
      // The kills are spread over the mailing, each at some moment behind its share of it.
      const share = Math.floor(((leads - kills * UNDER_WAY) * (kill + random())) / kills)
      await until(`${share} are mailed`, () => mailbox.mails.length >= share || null, 60_000)
      await pause(random() * 30)
      await server.end(signal)
      server = await start()
    }
    const mailing = await until('the mailing has ended', async () => {
      const { body: now } = await call('GET', `/mailings/${id}`)
      return (now as { ended_at: string | null }).ended_at === null ? null : (now as Record<string, number>)
    }, 600_000)
    const states = await statesOf(call, id)
    const analytics = (await call('GET', `/analytics?campaign_id=${campaign}`)).body as { sent: number }
    return judge(mailbox, leads, kills, mailing, states, analytics.sent)
  } finally {
    server?.child.kill('SIGKILL')
    await mailbox.close()
  }
}

type Call = (method: string, path: string) => Promise<Answer>

async function statesOf(call: Call, id: string): Promise<Map<number, string>> {
  const states = new Map<number, string>()
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { body } = await call('GET', `/mailings/${id}/messages?limit=1000${cursor === '' ? '' : `&cursor=${cursor}`}`)
    const page = body as { messages: { lead_id: number; state: string }[]; cursor: string | null }
    for (const { lead_id: lead, state } of page.messages) states.set(lead, state)
    cursor = page.cursor
  }
  return states
}

function judge(mailbox: Mailbox, leads: number, kills: number, mailing: Record<string, number>, states: ReadonlyMap<number, string>, events: number): MailingVerdict {
  const mails = new Map<string, number>()
  for (const { to } of mailbox.mails) mails.set(to[0] as string, (mails.get(to[0] as string) ?? 0) + 1)
  const all = Array.from({ length: leads }, (_, at) => ({ email: `reader-${at + 1}@example.com`, state: states.get(at + 1) }))
  return {
    kills,
    mailed: mails.size,
    twice: [...mails].filter(([, times]) => times > 1).map(([email]) => email),
    unmailed: all.filter(({ email, state }) => state === 'sent' && !mails.has(email)).map(({ email }) => email),
    skipped: all.filter(({ email, state }) => !mails.has(email) && state !== 'doubtful').map(({ email }) => email),
    counts: Object.fromEntries(['total', 'queued', 'sending', 'sent', 'doubtful', 'failed', 'bounced', 'skipped'].map((name) => [name, mailing[name] as number])),
    doubtfulMailed: all.filter(({ email, state }) => state === 'doubtful' && mails.has(email)).length,
    events,
  }
}

/** The random moment itself: nothing is waited for here. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
