import type { MessagePort, Worker } from 'node:worker_threads'
import { Fault, type FaultCode, type FaultMore } from '../core/errors.ts'
import type { Row, Sql } from './sql.ts'

/** Functions one thread offers another, by name. Arguments and answers must be structured-cloneable. */
export type Offers = Record<string, (...args: never[]) => unknown>

/** A far thread's functions, as seen from here. */
export type Remote<T extends Offers> = {
  [K in keyof T]: (...args: Parameters<T[K]>) => Promise<Awaited<ReturnType<T[K]>>>
}

interface Call {
  id: number
  name: string
  args: unknown[]
}
interface Answer {
  id: number
  value?: unknown
  error?: { message: string; stack?: string | undefined; fault?: { code: FaultCode; more: FaultMore } }
}

/** Answers the calls that come over a port. A Fault arrives as the same Fault on the other side. */
export function offer(port: MessagePort, offers: Offers): void {
  port.on('message', async (call: Call) => {
    const answer: Answer = { id: call.id }
    try {
      answer.value = await (offers[call.name] as (...args: unknown[]) => unknown)(...call.args)
    } catch (error) {
      answer.error = packed(error)
    }
    if (call.id !== UNASKED) port.postMessage(answer)
  })
}

const UNASKED = 0

/** Calls what a worker offers, without waiting for an answer or hearing of a failure. */
export function notify<T extends Offers, K extends keyof T & string>(port: Worker | MessagePort, name: K, ...args: Parameters<T[K]>): void {
  port.postMessage({ id: UNASKED, name, args } satisfies Call)
}

/** Calls what a worker offers. When the worker ends, every open call fails with Fault 'unavailable'. */
export function remote<T extends Offers>(port: Worker | MessagePort): Remote<T> {
  const open = new Map<number, { resolve: (value: unknown) => void; reject: (error: unknown) => void }>()
  let last = 0
  let ended = false
  port.on('message', (answer: Answer) => {
    const call = open.get(answer.id)
    if (!call) return
    open.delete(answer.id)
    if (answer.error) call.reject(unpacked(answer.error))
    else call.resolve(answer.value)
  })
  ;(port as Worker).on('exit', () => {
    ended = true
    for (const call of open.values()) call.reject(gone())
    open.clear()
  })
  return new Proxy({} as Remote<T>, {
    get(_, name) {
      if (typeof name !== 'string' || name === 'then') return undefined
      return (...args: unknown[]) =>
        new Promise((resolve, reject) => {
          if (ended) return reject(gone())
          const id = ++last
          open.set(id, { resolve, reject })
          port.postMessage({ id, name, args } satisfies Call)
        })
    },
  })
}

/** What the store's thread offers to the rooms. */
export type SqlOffers = {
  rows: (text: string, values?: Parameters<Sql['rows']>[1], options?: Parameters<Sql['rows']>[2]) => Promise<Row[]>
  write: (statements: Parameters<Sql['write']>[0], lane?: Parameters<Sql['write']>[1]) => Promise<Row[][]>
}

/** The store's door on the main thread: the same `Sql`, answered by the store's thread. */
export function remoteSql(thread: Remote<SqlOffers>, onQuery: (seconds: number) => void): Sql {
  const timed = async <T>(call: Promise<unknown>): Promise<T> => {
    const start = performance.now()
    try {
      return (await call) as T
    } finally {
      onQuery((performance.now() - start) / 1000)
    }
  }
  return {
    rows: (text, values, options) => timed(thread.rows(text, values, options)),
    write: (statements, lane) => timed(thread.write(statements, lane)),
  }
}

function packed(error: unknown): NonNullable<Answer['error']> {
  if (error instanceof Fault) return { message: error.message, fault: { code: error.code, more: error.more } }
  if (error instanceof Error) return { message: error.message, stack: error.stack }
  return { message: String(error) }
}

function unpacked(error: NonNullable<Answer['error']>): Error {
  if (error.fault) return new Fault(error.fault.code, error.message, error.fault.more)
  const unpackedError = new Error(error.message)
  if (error.stack) unpackedError.stack = error.stack
  return unpackedError
}

function gone(): Fault {
  return new Fault('unavailable', 'The store is closed.', { retryAfterSeconds: 2 })
}
