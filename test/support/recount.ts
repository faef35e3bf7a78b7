import type { StoredEvent } from './stored.ts'

/** A link's numbers as the public API gives them. */
export interface Stats extends Counts {
  tracking_id: string
  by_day: (Counts & { date: string })[]
  by_click_source: (Counts & { click_source: string | null })[]
  by_referrer: (Counts & { referrer: string | null })[]
  recent: { click_id: string; clicked_at: string }[]
}

interface Counts {
  clicks: number
  human_clicks: number
  machine_clicks: number
  unique_visitors: number
}

/** A link's numbers as its rows give them. */
export interface Recount {
  total: Tally
  byDay: Map<string, Tally>
  byClickSource: Map<string, Tally>
  byReferrer: Map<string, Tally>
  /** The last events, at least as many as the API lists. */
  recent: { id: string; ts: number }[]
}

interface Tally {
  clicks: number
  human: number
  people: Set<string>
}

const RECENT = 50

/** Adds a stored event to the numbers of its link. */
export function recount(counts: Map<string, Recount>, event: StoredEvent): void {
  let link = counts.get(event.tracking_id)
  if (!link) counts.set(event.tracking_id, (link = { total: tally(), byDay: new Map(), byClickSource: new Map(), byReferrer: new Map(), recent: [] }))
  add(link.total, event)
  add(part(link.byDay, new Date(event.ts).toISOString().slice(0, 10)), event)
  add(part(link.byClickSource, String(event.click_source)), event)
  add(part(link.byReferrer, String(event.referrer_host)), event)
  link.recent.push({ id: event.id, ts: event.ts })
  if (link.recent.length > 100 * RECENT) link.recent = last(link.recent)
}

/** What a link's numbers say otherwise than its rows; nothing when they agree. */
export function statsDifferences(stats: Stats, link: Recount | undefined): string[] {
  const differences: string[] = []
  const compare = (what: string, said: unknown, found: unknown): void => {
    const [a, b] = [JSON.stringify(said), JSON.stringify(found)]
    if (a !== b) differences.push(`${stats.tracking_id} ${what}: ${a}, and the rows say ${b}`)
  }
  compare('total', numbers(stats), view(link?.total ?? tally()))
  compare('by_day', listed(stats.by_day.map((row) => [row.date, row])), counted(link?.byDay))
  compare('by_click_source', listed(stats.by_click_source.map((row) => [String(row.click_source), row])), counted(link?.byClickSource))
  compare('by_referrer', listed(stats.by_referrer.map((row) => [String(row.referrer), row])), counted(link?.byReferrer))
  compare(
    'recent',
    stats.recent.map((row) => [row.click_id, Date.parse(row.clicked_at)]),
    last(link?.recent ?? []).map(({ id, ts }) => [id, ts]),
  )
  return differences
}

/** Asks the public API for the numbers of links. */
export async function readStats(url: string, key: string, trackingIds: readonly string[]): Promise<Stats[]> {
  const all: Stats[] = []
  for (const id of trackingIds) {
    const response = await fetch(`${url}/api/link-tracking/links/${id}/stats`, { headers: { 'x-api-key': key } })
    if (response.status !== 200) throw new Error(`The numbers of ${id}: ${response.status} ${await response.text()}`)
    all.push((await response.json()) as Stats)
  }
  return all
}

function tally(): Tally {
  return { clicks: 0, human: 0, people: new Set() }
}

function part(parts: Map<string, Tally>, name: string): Tally {
  let found = parts.get(name)
  if (!found) parts.set(name, (found = tally()))
  return found
}

function add(counts: Tally, event: StoredEvent): void {
  counts.clicks++
  if (!event.machine) counts.human++
  if (event.person !== null) counts.people.add(event.person)
}

function view({ clicks, human, people }: Tally): number[] {
  return [clicks, human, clicks - human, people.size]
}

function numbers(row: Counts): number[] {
  return [row.clicks, row.human_clicks, row.machine_clicks, row.unique_visitors]
}

/** Rows by name; days without a click are there for charts only. */
function listed(rows: [string, Counts][]): [string, number[]][] {
  return byName(rows.filter(([, row]) => row.clicks > 0).map(([name, row]) => [name, numbers(row)]))
}

function counted(parts: Map<string, Tally> | undefined): [string, number[]][] {
  return byName([...(parts ?? [])].map(([name, counts]) => [name, view(counts)]))
}

function byName(rows: [string, number[]][]): [string, number[]][] {
  return rows.sort(([a], [b]) => (a < b ? -1 : 1))
}

function last(events: { id: string; ts: number }[]): { id: string; ts: number }[] {
  return events.sort((a, b) => b.ts - a.ts || (a.id < b.id ? 1 : -1)).slice(0, RECENT)
}
