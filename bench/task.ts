import { fork } from 'node:child_process'

/** Runs a script in a process of its own on one message, and gives what it answers. Throws with what it says when it cannot. */
export function runTask<Order extends object, Result>(script: URL, order: Order): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = fork(script)
    child.once('message', (answer: { result: Result } | { error: string }) => ('error' in answer ? reject(new Error(answer.error)) : resolve(answer.result)))
    child.once('error', reject)
    child.once('exit', (code, signal) => reject(new Error(`${script.pathname} ended (${code ?? signal}) without an answer.`)))
    child.send(order)
  })
}

/** The other side: does the work that is ordered, answers, and ends the process. */
export function serveTask<Order, Result>(work: (order: Order) => Promise<Result>): void {
  process.once('message', (order: Order) => {
    work(order).then(
      (result) => process.send?.({ result }, () => process.exit(0)),
      (error: unknown) => process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }, () => process.exit(1)),
    )
  })
}
