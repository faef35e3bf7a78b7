/** A crowd: clients that all connect at one moment and send at once, in a process of its own. Started by `traffic.ts`. */
import { quantile } from './histogram.ts'
import { type RequestPlan, buildRequests } from './requests.ts'
import { serveTask } from './task.ts'
import { type Connection, connect } from './wire.ts'

/** What crowd to send to which server. */
export interface CrowdSpec {
  port: number
  clients: number
  /** How many crowds come, one when the one before has gone. */
  times: number
  requests: RequestPlan
  /** The status that each answer should have. */
  expect: number
  run: number
}

/** What came of it. Durations in ms, from the moment in which the crowd came to an answer; connecting is in them. */
export interface CrowdReport {
  /** Answers as they should be. */
  answers: number
  /** Other answers by status; 0 for connections that were refused or lost, `unanswered` for those that got nothing in 30 s. */
  unexpected: Record<string, number>
  p50: number
  p99: number
  worst: number
}

const PATIENCE_MS = 30_000

serveTask(run)

async function run({ port, clients, times, requests, expect, run: id }: CrowdSpec): Promise<CrowdReport> {
  const requestOf = buildRequests(requests, port, clients, id)
  const took: number[] = []
  const unexpected: Record<string, number> = {}
  const count = (what: string | number): void => void (unexpected[what] = (unexpected[what] ?? 0) + 1)
  for (let time = 0; time < times; time++) {
    const start = performance.now()
    const visit = (client: number): Promise<void> =>
      new Promise((gone) => {
        let connection: Connection | null = null
        const end = (what: string | number): void => {
          clearTimeout(patience)
          if (what === expect) took.push(performance.now() - start)
          else count(what)
          connection?.close()
          gone()
        }
        const patience = setTimeout(() => end('unanswered'), PATIENCE_MS)
        const come = async (): Promise<void> => {
          connection = await connect(port, end, () => end(0))
          connection.send(requestOf(client))
        }
        come().catch(() => end(0))
      })
    await Promise.all(Array.from({ length: clients }, (_, client) => visit(client)))
  }
  return { answers: took.length, unexpected, p50: quantile(took, 0.5), p99: quantile(took, 0.99), worst: quantile(took, 1) }
}
