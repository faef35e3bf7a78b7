import type { Hit } from '../../src/email/store.ts'
import { burstsIn } from '../../src/email/bursts.ts'
import { Traces } from '../../src/email/traces.ts'
import { judgeMail } from '../../src/email/verdict.ts'
import { CHROME } from './app.ts'
import { between } from './random.ts'

/** One request of somebody to a mail: `after` is in ms from sending. */
export interface Step {
  kind: 'open' | 'click' | 'head' | 'invisible'
  after: number
  link: number
  address: string
  userAgent: string
}

/** All that one reader or gateway does to one mail. */
export type Visit = readonly Step[]

const SAFARI = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148'
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0'
const GMAIL = 'Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)'

/**
 * A person: opens a mail minutes to days after it was sent (the middle of them after some hours), perhaps again, and follows a link
 * after having read for a while, perhaps a second one after having looked at the first; a few click twice on the same.
 */
export function reader(random: () => number): Visit {
  const address = `203.0.113.${between(random, 1, 254)}`
  const userAgent = [CHROME, SAFARI, FIREFOX][between(random, 0, 2)] as string
  const opened = 15_000 + Math.round(Math.exp(normal(random) * 2.2 + Math.log(2 * 3_600_000)))
  const steps: Step[] = [{ kind: 'open', after: opened, link: 0, address: random() < 0.4 ? '66.249.84.1' : address, userAgent: random() < 0.4 ? GMAIL : userAgent }]
  let at = opened
  for (let more = random(); more < 0.45; more = random()) {
    // How long people look before they go on: a median of 12 s, seldom under three.
    at += Math.round(Math.exp(normal(random) * 0.8 + Math.log(12_000)))
    const link = between(random, 1, 5)
    steps.push({ kind: 'click', after: at, link, address, userAgent })
    if (random() < 0.1) steps.push({ kind: 'click', after: at + between(random, 80, 400), link, address, userAgent })
  }
  return steps
}

/** Gateways, by the ways in which they betray themselves; all of them wear a browser's name. */
export const GATEWAYS: Record<string, (random: () => number) => Visit> = {
  'follows every link within 2 s': (random) => {
    const links = between(random, 2, 20)
    const start = between(random, 30_000, 3_600_000)
    const times = Array.from({ length: links }, () => start + between(random, 0, 2_000)).sort((a, b) => a - b)
    return times.map((after, at) => ({ kind: 'click', after, link: at + 1, address: `198.51.100.${between(random, 1, 254)}`, userAgent: CHROME }))
  },
  'asks by HEAD before the GET': (random) => {
    const address = `198.51.100.${between(random, 1, 254)}`
    const start = between(random, 30_000, 3_600_000)
    return [{ kind: 'head', after: start, link: 1, address, userAgent: FIREFOX }, { kind: 'click', after: start + between(random, 5, 5_000), link: 1, address: random() < 0.5 ? address : '198.51.100.7', userAgent: FIREFOX }]
  },
  'follows an invisible link': (random) => {
    const start = between(random, 30_000, 3_600_000)
    return [{ kind: 'invisible', after: start, link: 9, address: '198.51.100.9', userAgent: SAFARI }, { kind: 'click', after: start + between(random, 3_000, 30_000), link: 1, address: '198.51.100.9', userAgent: CHROME }]
  },
  'opens seconds after sending': (random) => [{ kind: 'open', after: between(random, 0, 9_000), link: 0, address: '198.51.100.9', userAgent: CHROME }],
}

/** How many events the visits make, and how many of them are marked in the end: at the door, and by what stands beside them. */
export function judged(visits: readonly Visit[]): { events: number; marked: number } {
  const traces = new Traces()
  const hits: Hit[] = []
  visits.forEach((visit, lead) => {
    const token = `token ${lead}`
    for (const { kind, after, link, address, userAgent } of visit) {
      const caller = { address, userAgent, purpose: undefined }
      if (kind === 'head') traces.note(token, caller, 'head_before_get', after)
      else {
        if (kind === 'invisible') traces.note(token, caller, 'invisible_link', after)
        const verdict = judgeMail({ ...caller, event: kind === 'open' ? 'open' : 'click', sentAt: 0, now: after, remembered: traces.of(token, caller, after) })
        hits.push({ id: String(hits.length), seq: hits.length, ts: after, name: kind === 'open' ? 'email_opened' : 'email_clicked', lead_id: lead, campaign_id: 1, destination_url: kind === 'open' ? null : `https://example.com/${link}`, machine: verdict.machine })
      }
    }
  })
  for (const hit of burstsIn(hits)) hit.machine = true
  return { events: hits.length, marked: hits.filter(({ machine }) => machine).length }
}

/** Box and Muller. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}
