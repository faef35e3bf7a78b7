import type { FreshStore } from './engines.ts'
import { readLedger } from './ledger.ts'
import { type Recount, type Stats, recount, statsDifferences } from './recount.ts'
import { type StoredEvent, askStore, storedEvents } from './stored.ts'
import { clickNumber, eventNumber, plannedClick, plannedEvent } from './traffic.ts'

/** The referrer of visits that a test makes by itself, where a redirect may answer without its click being recorded. */
export const GUEST = 'https://guest.example/'

/** What came of a run, counted from the client's ledger and the store's own rows. */
export interface Verdict {
  sent: number
  acknowledged: number
  stored: number
  clicksSent: number
  clicksAcknowledged: number
  clicksStored: number
  /** Clicks of guests, who are in no ledger: see `GUEST`. */
  guests: number
  /** Acknowledged, and not stored. */
  lost: string[]
  /** Stored more than once. */
  doubled: string[]
  /** Stored, and never sent, or stored with other words than were sent. */
  foreign: string[]
  /** Repeats, sent after a first answer, that were told to be new; and new events that were told to be repeats. */
  repeatsToldNew: number
  newToldRepeats: number
  /** Where the server's numbers differ from a recount of the rows. */
  statsWrong: string[]
  deadLetters: number
}

/** What a run was about, as far as the oracle must know. */
export interface Run {
  store: Pick<FreshStore, 'dataDir' | 'databaseUrl'>
  seed: number
  ledger: string
  eventLinks: readonly string[]
  clickLinks: readonly string[]
  /** Ids of events that were sent and acknowledged beside the ledger. */
  others: readonly string[]
  /** What the server said of each link before it ended. */
  stats: readonly Stats[]
}

/** Judges a run whose server has ended. At most 20 of each kind of fault are named. */
export async function judge(run: Run): Promise<Verdict> {
  const told = readAnswers(run.ledger)
  const events = new Counter()
  const clicks = new Counter()
  const others = new Map(run.others.map((id) => [id, 0]))
  const foreign = new Faults()
  const counts = new Map<string, Recount>()
  let rows = 0
  let guests = 0
  for await (const chunk of storedEvents(run.store)) {
    for (const row of chunk) {
      rows++
      const other = row.event_id === null ? undefined : others.get(row.event_id)
      if (row.referrer_url === GUEST) guests++
      else if (other !== undefined) others.set(row.event_id as string, other + 1)
      else {
        const stranger = place(row, run, told, events, clicks)
        if (stranger !== null) foreign.add(stranger)
      }
      recount(counts, row)
    }
  }
  const [view] = await askStore(run.store, 'select count(*) as clicks from link_clicks')
  const [letters] = await askStore(run.store, 'select count(*) as letters from dead_letters')
  const statsWrong = run.stats.flatMap((stats) => statsDifferences(stats, counts.get(stats.tracking_id)))
  if (Number(view?.clicks) !== rows) statsWrong.push(`link_clicks has ${String(view?.clicks)} rows, events has ${rows}`)
  return {
    sent: told.events.total,
    acknowledged: told.eventsAnswered.total,
    stored: events.total,
    clicksSent: told.clicks.total,
    clicksAcknowledged: told.clicksAnswered.total,
    clicksStored: clicks.total,
    guests,
    lost: [...missing(told.eventsAnswered, events, 'event'), ...missing(told.clicksAnswered, clicks, 'click'), ...which(others, (times) => times === 0)],
    doubled: [...events.repeated('event'), ...clicks.repeated('click'), ...which(others, (times) => times > 1)],
    foreign: foreign.named,
    repeatsToldNew: told.repeatsToldNew,
    newToldRepeats: told.newToldRepeats,
    statsWrong,
    deadLetters: Number(letters?.letters),
  }
}

/** What a verdict must be for the promise to hold: of these, none. */
export function faultsOf(verdict: Verdict) {
  const { lost, doubled, foreign, newToldRepeats, statsWrong, deadLetters } = verdict
  return { lost, doubled, foreign, newToldRepeats, statsWrong, deadLetters }
}

export const NO_FAULTS: ReturnType<typeof faultsOf> = { lost: [], doubled: [], foreign: [], newToldRepeats: 0, statsWrong: [], deadLetters: 0 }

/** A verdict in one line, for whoever reads the run. */
export function figuresOf(verdict: Verdict): string {
  const { sent, acknowledged, stored, clicksSent, clicksAcknowledged, clicksStored, lost, doubled, foreign, statsWrong, repeatsToldNew } = verdict
  return (
    `events: ${sent} sent, ${acknowledged} acknowledged, ${stored} stored; clicks: ${clicksSent} sent, ${clicksAcknowledged} acknowledged, ${clicksStored} stored; ` +
    `${lost.length} lost, ${doubled.length} twice, ${foreign.length} foreign, ${statsWrong.length} numbers wrong, ${repeatsToldNew} repeats told new`
  )
}

/** Counts a row as what it is, or says why it is nobody's. */
function place(row: StoredEvent, run: Run, told: Answers, events: Counter, clicks: Counter): string | null {
  const event = row.event_id === null ? null : eventNumber(run.seed, row.event_id)
  if (event !== null) {
    events.add(event)
    if (told.events.of(event) === 0) return `event ${event} was never sent`
    const { tracking_id, clicked_at, click_source, user_agent, session_id } = plannedEvent(run.seed, event, run.eventLinks)
    const same =
      row.tracking_id === tracking_id && row.ts === Date.parse(clicked_at) && row.click_source === click_source &&
      row.user_agent === user_agent && row.session_id === session_id
    return same ? null : `event ${event} is not as it was sent: ${JSON.stringify(row)}`
  }
  const click = row.referrer_url === null ? null : clickNumber(run.seed, row.referrer_url)
  if (click === null) return `unknown: ${JSON.stringify(row)}`
  clicks.add(click)
  if (told.clicks.of(click) === 0) return `click ${click} was never sent`
  const { trackingId, source, userAgent } = plannedClick(run.seed, click, run.clickLinks)
  const same = row.tracking_id === trackingId && row.click_source === source && row.user_agent === userAgent
  return same ? null : `click ${click} is not as it was sent: ${JSON.stringify(row)}`
}

interface Answers {
  events: Counter
  eventsAnswered: Counter
  clicks: Counter
  clicksAnswered: Counter
  repeatsToldNew: number
  newToldRepeats: number
}

function readAnswers(ledger: string): Answers {
  const told: Answers = { events: new Counter(), eventsAnswered: new Counter(), clicks: new Counter(), clicksAnswered: new Counter(), repeatsToldNew: 0, newToldRepeats: 0 }
  const open = new Map<number, { first: number; count: number; isNew: boolean; isRepeat: boolean }>()
  for (const entry of readLedger(ledger)) {
    if (entry.kind === 'click') told.clicks.mark(entry.click)
    else if (entry.kind === 'click answer') {
      if (entry.status === 302) told.clicksAnswered.mark(entry.click)
    } else if (entry.kind === 'batch') {
      const { first, count } = entry
      open.set(entry.request, { first, count, isNew: told.events.of(first) === 0, isRepeat: told.eventsAnswered.of(first) > 0 })
      for (let n = first; n < first + count; n++) told.events.mark(n)
    } else {
      const batch = open.get(entry.request)
      if (!batch || entry.status !== 200 || entry.successful !== batch.count) continue
      for (let n = batch.first; n < batch.first + batch.count; n++) told.eventsAnswered.mark(n)
      if (batch.isRepeat) told.repeatsToldNew += batch.count - entry.duplicates
      if (batch.isNew) told.newToldRepeats += entry.duplicates
    }
  }
  return told
}

function missing(wanted: Counter, found: Counter, kind: string): string[] {
  const faults = new Faults()
  for (let n = 0; n < wanted.size; n++) if (wanted.of(n) > 0 && found.of(n) === 0) faults.add(`${kind} ${n}`)
  return faults.named
}

function which(others: ReadonlyMap<string, number>, are: (times: number) => boolean): string[] {
  return [...others].filter(([, times]) => are(times)).map(([id]) => id)
}

/** How often each number came. */
class Counter {
  #times = new Uint8Array(1 << 16)
  /** How many numbers came at least once. */
  total = 0

  get size(): number {
    return this.#times.length
  }

  of(n: number): number {
    return this.#times[n] ?? 0
  }

  add(n: number): void {
    this.#reach(n)
    if (this.of(n) === 0) this.total++
    this.#times[n] = Math.min(255, this.of(n) + 1)
  }

  /** Counts a number once, however often it comes. */
  mark(n: number): void {
    if (this.of(n) === 0) this.add(n)
  }

  repeated(kind: string): string[] {
    const faults = new Faults()
    this.#times.forEach((times, n) => times > 1 && faults.add(`${kind} ${n}: ${times} times`))
    return faults.named
  }

  #reach(n: number): void {
    if (n < this.#times.length) return
    const wider = new Uint8Array(Math.max(n + 1, this.#times.length * 2))
    wider.set(this.#times)
    this.#times = wider
  }
}

/** Names the first faults, and counts the rest. */
class Faults {
  readonly #most = 20
  readonly named: string[] = []
  #more = 0

  add(fault: string): void {
    if (this.named.length < this.#most) this.named.push(fault)
    else this.named[this.#most] = `and ${++this.#more} more`
  }
}
