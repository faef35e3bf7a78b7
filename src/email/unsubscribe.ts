import type { FastifyRequest } from 'fastify'
import type { VisitorReader } from '../capture/visitor.ts'
import { Fault } from '../core/errors.ts'
import type { Ingest } from '../ingest/index.ts'
import type { Sql } from '../store/sql.ts'
import { callerOf, mailDraft } from './recorder.ts'
import { leadById, leadsByEmail, optOut } from './store.ts'
import type { Token } from './token.ts'
import type { Traces } from './traces.ts'
import { judgeMail } from './verdict.ts'

/** What opting out stands on. */
export interface UnsubscribeWorld {
  sql: Sql
  ingest: Ingest
  traces: Traces
  reader: VisitorReader
  now: () => number
}

/** What became of the wish: carried out for this address (null: nobody has it any more), or noted while the store is away. */
export type OptedOut = { kind: 'done'; email: string | null } | { kind: 'noted' }

/** Whoever asks for the page is a person, as far as can be told: neither a scanner nor one that follows links faster than anybody reads. */
export function isReader(world: UnsubscribeWorld, request: FastifyRequest, text: string, token: Token): boolean {
  const now = world.now()
  const caller = callerOf(request, world.reader)
  if (request.method !== 'GET') world.traces.note(text, caller, 'head_before_get', now)
  const { machine } = judgeMail({ ...caller, event: 'click', sentAt: token.at * 1000, now, remembered: world.traces.of(text, caller, now) })
  return request.method === 'GET' && !machine && !world.traces.justClicked(text, now)
}

/**
 * Opts the lead of a token out. The row changes at once; with the store away the event alone is made safe, and the row follows it.
 * Repeating it is harmless. Throws Fault 'unavailable' where neither can be written.
 */
export async function unsubscribe(world: UnsubscribeWorld, request: FastifyRequest, token: Token): Promise<OptedOut> {
  const record = (): Promise<unknown> => world.ingest.record([wishOf(world, request, token)])
  try {
    const lead = await answered(leadById(world.sql, token.leadId), world.ingest.storeAway)
    if (lead === null || lead.email_unsubscribed) return { kind: 'done', email: lead?.email ?? null }
    // First the event: what follows it sets the row too, should this process end between the two.
    await record()
    await world.sql.write([optOut('id', lead.id, world.now())])
    return { kind: 'done', email: lead.email }
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'unavailable') throw error
    // The same event once more is stored once.
    await record()
    return { kind: 'noted' }
  }
}

/** Opts out whoever has an address; does as much where nobody has it. Throws Fault 'unavailable' while the store is away. */
export async function unsubscribeAddress(world: UnsubscribeWorld, request: FastifyRequest, email: string): Promise<void> {
  const [lead] = await leadsByEmail(world.sql, [email])
  const first = lead !== undefined && !lead.email_unsubscribed
  await world.ingest.record(first ? [{ ...wishOf(world, request, { campaignId: 0, leadId: lead.id, at: 0 }), campaignId: null, properties: null }] : [])
  await world.sql.write([optOut('email', email, world.now())])
}

/** A wish is a person's, whoever carries it: mail services send it in their readers' stead. */
function wishOf(world: UnsubscribeWorld, request: FastifyRequest, token: Token) {
  const { campaignId, leadId, at } = token
  const caller = callerOf(request, world.reader)
  return {
    ...mailDraft('email_unsubscribed', token, caller, world.now()),
    eventId: `unsubscribed-${campaignId}-${leadId}-${at}`,
    verdict: { machine: false, reason: null },
  }
}

const WAIT_MS = 2_000

/** An answer of the store, or Fault 'unavailable' where it is away or takes longer than somebody who opened a page can be asked to wait. */
async function answered<T>(question: Promise<T>, away: boolean): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Fault('unavailable', 'The store does not answer.')), away ? 0 : WAIT_MS)
  })
  try {
    return await Promise.race([question, late])
  } finally {
    clearTimeout(timer)
  }
}
