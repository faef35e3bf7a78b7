// A client in a process of its own: it sends batches and clicks with known ids, repeats what was not answered, and
// writes all it means to do and all it was answered to its ledger. `sender.ts` starts it and talks to it.
import { Agent, request } from 'node:http'
import { Ledger } from './ledger.ts'
import { between, randomFrom } from './random.ts'
import { plannedClick, plannedEvent } from './traffic.ts'

/** What a client is told at its start; the second half may change while it runs. */
export interface Orders extends Pace {
  url: string
  key: string
  seed: number
  ledger: string
  /** Tracking ids for events, which may have no link yet, and for clicks, which must have one. */
  eventLinks: string[]
  clickLinks: string[]
  /** How many batches and clicks are under way at once. */
  batchers: number
  clickers: number
  /** How many new events are sent in all; clicks go on as long. */
  events: number
}

/** How a client sends. */
export interface Pace {
  /** Events a batch has at least and at most. */
  least: number
  most: number
  /** Characters more an event. */
  pad: number
  /** The share of batches that were answered before and are sent again. */
  repeats: number
  /** How long a worker rests after each answer. */
  restMs: number
}

/** What a client tells of itself, all counted from its start. */
export interface Figures {
  /** New events sent and acknowledged. */
  sent: number
  acknowledged: number
  clicks: number
  clicksAcknowledged: number
  /** Requests without a success, by what was sent and what was seen: `batch ECONNRESET`, `click 503`. */
  failures: Record<string, number>
  /** Answers that say the client did wrong, or that a redirect is none. There should be none. */
  refused: string[]
  /** Whether everything was sent and answered. */
  done: boolean
  /** The longest wait for a redirect's answer, in ms. */
  slowestClick: number
}

export type Command = { do: 'pause' } | { do: 'resume' } | { do: 'stop' } | { do: 'change'; pace: Partial<Pace> }

const ANSWER_MS = 20_000
const TELL_MS = 5

const orders = JSON.parse(process.argv[2] as string) as Orders
const agent = new Agent({ keepAlive: true })
const ledger = await Ledger.open(orders.ledger)
const random = randomFrom(orders.seed)
const figures: Figures = { sent: 0, acknowledged: 0, clicks: 0, clicksAcknowledged: 0, failures: {}, refused: [], done: false, slowestClick: 0 }
const answered: { first: number; count: number; pad: number }[] = []
let requests = 0
let stopping = false
let paused: { over: Promise<void>; resume: () => void } | null = null

process.on('message', (command: Command) => {
  if (command.do === 'stop') stopping = true
  if (command.do === 'change') Object.assign(orders, command.pace)
  if (command.do === 'pause') paused ??= pause()
  else if (command.do !== 'change') {
    paused?.resume()
    paused = null
  }
})
process.on('disconnect', () => process.exit(1))
const telling = setInterval(() => process.send?.(figures), TELL_MS)

const batchers = Promise.all(Array.from({ length: orders.batchers }, batcher))
const clickers = Promise.all(Array.from({ length: orders.clickers }, clicker))
await batchers
if (orders.batchers > 0) stopping = true
await clickers
await ledger.close()
clearInterval(telling)
figures.done = true
process.send?.(figures, () => process.disconnect())
agent.destroy()

async function batcher(): Promise<void> {
  for (;;) {
    await paused?.over
    if (stopping || figures.sent >= orders.events) return
    await batch(next())
    if (orders.restMs > 0) await rest(orders.restMs)
  }
}

/** Some events that were answered before, or new ones. */
function next(): { first: number; count: number; pad: number; isNew: boolean } {
  const again = answered[between(random, 0, answered.length - 1)]
  if (again && random() < orders.repeats) return { ...again, isNew: false }
  const count = Math.min(between(random, orders.least, orders.most), orders.events - figures.sent)
  const first = figures.sent
  figures.sent += count
  return { first, count, pad: orders.pad, isNew: true }
}

/** Sends until it is answered with a success. */
async function batch({ first, count, pad, isNew }: ReturnType<typeof next>): Promise<void> {
  const events = Array.from({ length: count }, (_, at) => plannedEvent(orders.seed, first + at, orders.eventLinks, pad))
  const body = JSON.stringify({ events })
  for (;;) {
    const number = ++requests
    await ledger.write({ kind: 'batch', request: number, first, count })
    const answer = await ask('batch', 'POST', '/api/tracking-ingest/batch', { 'content-type': 'application/json', 'x-api-key': orders.key }, body)
    if (answer === null) continue
    if (answer.status !== 200) figures.refused.push(`batch ${answer.status}: ${answer.text.slice(0, 300)}`)
    const { successful = 0, duplicates = 0, unmatched = 0 } = JSON.parse(answer.text).results ?? {}
    await ledger.write({ kind: 'batch answer', request: number, status: answer.status, successful, duplicates, unmatched })
    break
  }
  if (!isNew) return
  figures.acknowledged += count
  answered.push({ first, count, pad })
}

/** Every try of a click is a click of its own: whoever clicks twice is counted twice. */
async function clicker(): Promise<void> {
  for (;;) {
    await paused?.over
    if (stopping) return
    const number = figures.clicks++
    const click = plannedClick(orders.seed, number, orders.clickLinks)
    await ledger.write({ kind: 'click', click: number })
    const start = performance.now()
    const answer = await ask('click', 'GET', click.path, { 'user-agent': click.userAgent, referer: click.referrer })
    if (answer !== null) {
      figures.slowestClick = Math.max(figures.slowestClick, performance.now() - start)
      await ledger.write({ kind: 'click answer', click: number, status: answer.status })
      if (answer.status === 302) figures.clicksAcknowledged++
      else figures.refused.push(`click ${answer.status}: ${answer.text.slice(0, 300)}`)
    }
    if (orders.restMs > 0) await rest(orders.restMs)
  }
}

/** One request's answer, or null, after a short pause, when there was none or a 5xx. */
async function ask(kind: 'batch' | 'click', method: string, path: string, headers: Record<string, string>, body = ''): Promise<{ status: number; text: string } | null> {
  try {
    const answer = await send(method, path, headers, body)
    if (answer.status < 500) return answer
    fail(`${kind} ${answer.status}`)
  } catch (error) {
    fail(`${kind} ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`)
  }
  await rest(between(random, 2, 30))
  return null
}

function send(method: string, path: string, headers: Record<string, string>, body: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(`${orders.url}${path}`, { method, agent, headers: { ...headers, 'content-length': Buffer.byteLength(body) }, timeout: ANSWER_MS }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode as number, text }))
    })
    sent.on('timeout', () => sent.destroy(new Error('no answer in time')))
    sent.on('error', reject)
    sent.end(body)
  })
}

function fail(reason: string): void {
  figures.failures[reason] = (figures.failures[reason] ?? 0) + 1
}

function pause(): { over: Promise<void>; resume: () => void } {
  let resume: () => void = () => undefined
  const over = new Promise<void>((resolve) => (resume = resolve))
  return { over, resume }
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
