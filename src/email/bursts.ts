import type { Hit } from './store.ts'
import { BURST_MS } from './traces.ts'

/** Two links within this time are a gateway's. People follow two within two seconds now and then, within one hardly ever. */
const PAIR_MS = 1_000

/**
 * Those opens and clicks that a gateway made which follows every link of a mail: two links of one mail to one lead within 1 s, or
 * three within 2 s, all of them, the first one too, and the opens beside them. The hits may be of many leads, in the order of their times.
 */
export function burstsIn(hits: readonly Hit[]): Hit[] {
  const byMail = new Map<string, Hit[]>()
  for (const hit of hits) {
    const mail = `${hit.lead_id} ${hit.campaign_id}`
    byMail.set(mail, [...(byMail.get(mail) ?? []), hit])
  }
  return [...byMail.values()].flatMap(burstsOf)
}

function burstsOf(hits: readonly Hit[]): Hit[] {
  const clicks = hits.filter(({ name }) => name === 'email_clicked')
  const found = new Set<Hit>()
  clicks.forEach((click, at) => {
    const links = new Set([click.destination_url])
    for (let next = at + 1; next < clicks.length; next++) {
      const { ts, destination_url: link } = clicks[next] as Hit
      if (ts - click.ts > BURST_MS) break
      links.add(link)
      if (links.size < (ts - click.ts <= PAIR_MS ? 2 : 3)) continue
      for (let within = at; within <= next; within++) found.add(clicks[within] as Hit)
    }
  })
  const times = [...found].map(({ ts }) => ts)
  const beside = hits.filter(({ name, ts }) => name === 'email_opened' && times.some((time) => Math.abs(time - ts) <= BURST_MS))
  return [...found, ...beside]
}
