import { openMailbox } from '../test/support/mailbox.ts'
import { readers, seedLeads } from '../test/support/leads.ts'
import { type Figure, atLeast } from './figure.ts'
import type { Bench, Row } from './row.ts'
import { startWaymark } from './server.ts'
import { freshStore } from './stores.ts'

const LINKS = 10
const HTML = `<html><body><h1>Hello {{first_name}}</h1>${Array.from({ length: LINKS }, (_, at) => `<p>Something to read, and <a href="https://example.com/offers/${at}?for={{lead_id}}">more of it</a>.</p>`).join('\n')}</body></html>`
const RATE = 1_000_000
const POLL_MS = 50

/** A mailing, through a mail server on this machine: each message filled in, signed, and noted in the ledger before and after. */
export const mailing: Row = {
  name: 'mailing',
  steps: () => 1,
  async run(bench: Bench): Promise<Figure[]> {
    const leads = bench.pick(10_000, 2_000)
    bench.step(`mailing: ${leads} messages`)
    const store = await freshStore(bench.engine)
    await seedLeads(store, readers(leads))
    const mailbox = await openMailbox()
    const server = await startWaymark(store, { SMTP_URL: mailbox.url, EMAIL_FROM: 'news@example.com', EMAIL_RATE_PER_MINUTE: String(RATE) })
    const { id: campaign } = (await server.ask('POST', '/api/v1/campaigns', { name: 'Bench', subject: 'Hello {{first_name}}', html: HTML })) as { id: number }
    const cpu = server.cpu().main
    const asked = performance.now()
    const { mailing_id: id } = (await server.ask('POST', '/api/v1/campaigns/send', { campaign_id: campaign, all: true })) as { mailing_id: string }
    const queued = performance.now()
    while (mailbox.mails.length < leads) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
      if (performance.now() - queued > 600_000) throw new Error(`Only ${mailbox.mails.length} of ${leads} messages came.\n${server.said()}`)
    }
    const seconds = (performance.now() - queued) / 1000
    const used = server.cpu().main - cpu
    const { sent } = (await server.ask('GET', `/api/v1/campaigns/mailings/${id}`)) as { sent: number }
    await server.stop()
    await mailbox.close()
    await store.drop()
    return [
      { what: 'messages a minute to a mail server on this machine', value: (leads / seconds) * 60, unit: 'count', target: atLeast(2_000), note: `${leads} messages of ${LINKS} links; ${sent} settled when the last one came` },
      { what: `a mailing to ${leads} queued`, value: queued - asked, unit: 'ms' },
      { what: 'main thread, a message', value: (used / leads) * 1e6, unit: 'µs' },
    ]
  },
}
