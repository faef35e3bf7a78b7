import { type Reply, type Server, ask, errorOf, jsonIn } from './ask.ts'
import type { Refused } from './dead-letters.ts'

/** What became of a batch: each event was taken or refused for good, or the same must be sent again, after `told` ms at least. */
export type Delivered = { refused: Refused[] } | { again: string; told: number }

type Verdict = Delivered | 'halve'

/**
 * Sends events (JSON texts) to a destination: a project by its key, or the clicks of links where it is empty. Where a batch as a whole
 * is not liked, its halves are tried, so that a bad event costs its neighbours nothing. Never throws.
 */
export async function deliver(server: Server & { signal?: AbortSignal }, to: string, events: readonly string[]): Promise<Delivered> {
  const list = `"events":[${events.join(',')}]}`
  const reply = await (to === '' ? ask(server, 'POST', '/api/tracking-ingest/batch', `{${list}`) : ask(server, 'POST', '/v1/events/batch', `{"projectKey":${JSON.stringify(to)},${list}`))
  const verdict = judged(reply, to, events)
  if (verdict !== 'halve') return verdict
  if (events.length === 1) return { refused: [{ event: events[0] as string, field: 'event', error: errorOf(reply).message }] }
  const half = Math.ceil(events.length / 2)
  const first = await deliver(server, to, events.slice(0, half))
  if ('again' in first) return first
  const second = await deliver(server, to, events.slice(half))
  return 'again' in second ? second : { refused: [...first.refused, ...second.refused] }
}

/** Only an answer that speaks of every event ends their way: what else comes may be anybody's, and a wrong key or address is set right some day. */
function judged(reply: Reply, to: string, events: readonly string[]): Verdict {
  const { status, text, told } = reply
  const again = { again: status === 0 ? text : `the server answers ${status}`, told }
  if (status === 413) return 'halve'
  const answer = jsonIn(text)
  if (status === 200 || status === 207 || status === 400) {
    const about = (to === '' ? answer?.results : answer) as { total?: number; received?: number; successful?: number; inserted?: number; duplicates?: number; errors?: { index: number; field: string; error: string }[] } | null | undefined
    const { errors = [] } = about ?? {}
    const taken = to === '' ? about?.successful : (about?.inserted ?? Number.NaN) + (about?.duplicates ?? Number.NaN)
    if ((about?.total ?? about?.received) === events.length && taken === events.length - errors.length) {
      return { refused: errors.map(({ index, field, error }) => ({ event: events[index] as string, field, error })) }
    }
    return status === 400 ? 'halve' : { ...again, again: `${again.again}, and not about these events` }
  }
  // The project is unknown or switched off: the server's own word, not that of somebody between.
  if (status === 403 && to !== '' && typeof answer?.error === 'string') return { refused: events.map((event) => ({ event, field: 'projectKey', error: answer.error as string })) }
  return again
}
