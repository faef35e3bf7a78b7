/** The load generator: a process of its own, so that its work is not the measured server's. Started by `traffic.ts`. */
import { type Histogram, createHistogram } from './histogram.ts'
import { type RequestPlan, buildRequests } from './requests.ts'
import { serveTask } from './task.ts'
import { type Connection, connect } from './wire.ts'

/** What to do to which server. */
export interface LoadSpec {
  port: number
  connections: number
  requests: RequestPlan
  /** The status that each answer should have. */
  expect: number
  /** Sent before, at the same pace, and not counted. */
  warmupSeconds: number
  seconds: number
  /** Requests a second, sent at their times whatever the answers do; without it each connection sends when it has its answer. */
  rate?: number
  run: number
}

/** What came of it. Durations in ms; those at a given rate count from when the request was due (no coordinated omission). */
export interface LoadReport {
  /** Answers within the time, and how many that is a second. */
  answers: number
  rate: number
  /** All answers ever, warm-up included. */
  answersEver: number
  /** When the first request was sent: UTC ms. */
  startedAt: number
  p50: number
  p95: number
  p99: number
  worst: number
  /** Answers with another status than expected, by status; 0 for connections that were lost. */
  unexpected: Record<string, number>
  /** How much of one core the generator took: near 1 it was the bound, not the server. */
  cpu: number
  /** How late the generator itself sent, at a given rate. */
  lateP99: number
  lateWorst: number
}

/** Answers that are still out at the end are waited for this long. */
const PATIENCE_MS = 10_000

serveTask(run)

async function run(spec: LoadSpec): Promise<LoadReport> {
  const next = buildRequests(spec.requests, spec.port, spec.connections, spec.run)
  const latencies = createHistogram()
  const late = createHistogram()
  const unexpected: Record<string, number> = {}
  const connections: Connection[] = []
  const dueAt = new Float64Array(spec.connections)
  const waiting: number[] = []
  const free: number[] = []
  let answers = 0
  let answersEver = 0
  let open = 0
  let stopping = false
  let from = Number.POSITIVE_INFINITY
  let to = Number.POSITIVE_INFINITY

  const send = (connection: number, due: number): void => {
    dueAt[connection] = due
    open++
    ;(connections[connection] as Connection).send(next(connection))
  }
  const onAnswer = (connection: number, status: number): void => {
    const now = performance.now()
    const due = dueAt[connection] as number
    open--
    answersEver++
    if (now >= from && now < to) answers++
    if (due >= from && due < to) latencies.add(now - due)
    if (status !== spec.expect) unexpected[status] = (unexpected[status] ?? 0) + 1
    if (spec.rate === undefined) {
      if (!stopping) send(connection, now)
    } else if (waiting.length > 0) send(connection, waiting.shift() as number)
    else free.push(connection)
  }
  for (let i = 0; i < spec.connections; i++) {
    const onLost = (): void => void (unexpected[0] = (unexpected[0] ?? 0) + 1)
    connections.push(await connect(spec.port, (status) => onAnswer(i, status), onLost))
    free.push(i)
  }

  const start = performance.now()
  from = start + spec.warmupSeconds * 1000
  to = from + spec.seconds * 1000
  let cpuBefore = process.cpuUsage()
  setTimeout(() => (cpuBefore = process.cpuUsage()), spec.warmupSeconds * 1000)
  if (spec.rate === undefined) {
    for (const connection of free) send(connection, performance.now())
    await pause(to - performance.now())
  } else {
    // In turn: a connection that is never used would be cut.
    await pace(spec.rate, start, to, (due) => {
      const connection = free.shift()
      if (connection === undefined) return void waiting.push(due)
      if (due >= from) late.add(performance.now() - due)
      send(connection, due)
    })
  }
  stopping = true
  const cpu = process.cpuUsage(cpuBefore)
  const patience = performance.now() + PATIENCE_MS
  while ((open > 0 || waiting.length > 0) && performance.now() < patience) await pause(5)
  if (open > 0) unexpected.unanswered = open
  for (const connection of connections) connection.close()
  return {
    answers,
    rate: answers / spec.seconds,
    answersEver,
    startedAt: performance.timeOrigin + start,
    ...quantiles(latencies),
    unexpected,
    cpu: (cpu.user + cpu.system) / 1e6 / spec.seconds,
    lateP99: late.count === 0 ? 0 : late.quantile(0.99),
    lateWorst: late.count === 0 ? 0 : late.quantile(1),
  }
}

/** Calls `send` with the time at which each request is due, as soon as that has come. */
function pace(rate: number, start: number, to: number, send: (due: number) => void): Promise<void> {
  const gap = 1000 / rate
  let sent = 0
  return new Promise((resolve) => {
    const tick = (): void => {
      const now = performance.now()
      for (let due = start + sent * gap; due <= now && due < to; due = start + ++sent * gap) send(due)
      if (now >= to) resolve()
      else setTimeout(tick, 1)
    }
    tick()
  })
}

function quantiles(latencies: Histogram): Pick<LoadReport, 'p50' | 'p95' | 'p99' | 'worst'> {
  return { p50: latencies.quantile(0.5), p95: latencies.quantile(0.95), p99: latencies.quantile(0.99), worst: latencies.quantile(1) }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)))
}
