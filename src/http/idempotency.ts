import type { FastifyReply, FastifyRequest } from 'fastify'
import { Fault } from '../core/errors.ts'
import { sha256 } from '../core/ids.ts'
import { isPrintable } from '../core/text.ts'
import type { GivenAnswer } from '../store/answers.ts'

/** The first answer to a request, as it is kept. */
export interface KeptAnswer {
  bodyHash: string
  status: number
  answer: string
}

/** Where answers are kept; given by the app. */
export interface AnswerBook {
  find(scope: string, key: string): Promise<KeptAnswer | null>
  keep(scope: string, key: string, answer: KeptAnswer): Promise<void>
}

/** A request with a new `Idempotency-Key`. */
export interface KeyedRequest {
  scope: string
  key: string
  bodyHash: string
  kept: boolean
  done: () => void
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set when the request carries a new `Idempotency-Key`. A handler that keeps its answer itself sets `kept`. */
    idempotency: KeyedRequest | null
  }
}

/**
 * What the ids of a request's events begin with, 40 hex digits. Of its body too: with the store away a key can be used for two
 * requests, and neither may swallow the other's events.
 */
export function eventIdsOf({ scope, key, bodyHash }: KeyedRequest): string {
  return sha256(`${scope}\n${key}\n${bodyHash}`).slice(0, 40)
}

/** A request's answer as it is journalled with its events; `createdAt` is UTC ms. */
export function givenAnswer({ scope, key, bodyHash }: KeyedRequest, status: number, body: object, createdAt: number): GivenAnswer {
  return { scope, key, bodyHash, status, answer: JSON.stringify(body), createdAt }
}

/** What a route does before and after its handler to be repeatable. */
export interface Repeatable {
  before(request: FastifyRequest, reply: FastifyReply): Promise<unknown>
  after(request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown>
}

/**
 * Makes a write repeatable by its `Idempotency-Key` header: a repeat with the same body gets the first answer again,
 * one with another body is a 409, and one that arrives while the first is still running waits for it.
 */
export class Idempotency {
  readonly #book: AnswerBook
  readonly #running = new Map<string, Promise<void>>()

  constructor(book: AnswerBook) {
    this.#book = book
  }

  /** The hooks of a repeatable route; `optional` goes on without the book while the store is away (the events' own ids still hold). */
  hooks(optional = false): Repeatable {
    return { before: (request, reply) => this.#before(request, reply, optional), after: (request, reply, payload) => this.#after(request, reply, payload) }
  }

  async #before(request: FastifyRequest, reply: FastifyReply, optional: boolean): Promise<unknown> {
    const key = request.headers['idempotency-key']
    if (key === undefined) return undefined
    if (typeof key !== 'string' || !isPrintable(key, 1, 255)) {
      throw new Fault('invalid', 'Idempotency-Key must be 1 to 255 printable characters.')
    }
    const scope = `${request.caller?.id ?? 'public'} ${request.method} ${request.routeOptions.url}`
    const bodyHash = sha256(`${request.url}\n${request.bodyText}`)
    const name = `${scope}\n${key}`
    for (let running = this.#running.get(name); running; running = this.#running.get(name)) await running
    let done: () => void = () => undefined
    this.#running.set(name, new Promise((resolve) => (done = resolve)))
    const end = (): void => {
      this.#running.delete(name)
      done()
    }
    try {
      const kept = await this.#book.find(scope, key)
      if (kept) {
        end()
        return replay(reply, kept, bodyHash)
      }
    } catch (error) {
      if (!(optional && error instanceof Fault && error.code === 'unavailable')) {
        end()
        throw error
      }
    }
    request.idempotency = { scope, key, bodyHash, kept: false, done: end }
    return undefined
  }

  /** Keeps a successful answer before it leaves. */
  async #after(request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
    const { idempotency } = request
    if (!idempotency) return payload
    try {
      if (reply.statusCode < 300 && !idempotency.kept && typeof payload === 'string') {
        const { scope, key, bodyHash } = idempotency
        await this.#book.keep(scope, key, { bodyHash, status: reply.statusCode, answer: payload })
      }
    } finally {
      idempotency.done()
    }
    return payload
  }
}

function replay(reply: FastifyReply, kept: KeptAnswer, bodyHash: string): FastifyReply {
  if (kept.bodyHash !== bodyHash) throw new Fault('conflict', 'This Idempotency-Key was used for another request. Take a new one.')
  return reply.code(kept.status).header('idempotency-replayed', 'true').type('application/json').send(kept.answer)
}
