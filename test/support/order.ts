import { type SystemCall, readCalls } from './syscalls.ts'

/** What the order of a server's system calls shows. */
export interface Order {
  /** Answers to requests that record. */
  answers: number
  /** Journal flushes: a write of the meta page that makes the pages before it count. */
  flushes: number
  /** Answers that left before their request's mark was durable in the journal. */
  early: string[]
  /** Answers that left before the database had committed the mark; empty where nobody asked. */
  uncommitted: string[]
}

const MARK = /mark-\d+-/g
const WRITES = ['write', 'writev', 'pwrite64', 'pwritev', 'pwritev2', 'sendto', 'sendmsg']
const READS = ['read', 'readv', 'recvfrom', 'recvmsg']
const SYNCS = ['fdatasync', 'fsync', 'msync']

/**
 * Follows each mark (`mark-N-`, sent in a request) through the calls: read from the client, written to the journal's
 * pages, those flushed, the meta page written through to the disk; only then may the answer be written.
 * `committed`: whether answers of this status must wait for the database's COMMIT too.
 */
export async function orderOf(trace: string, journal: string, metaDescriptors: readonly number[], committed: (status: string) => boolean): Promise<Order> {
  const order: Order = { answers: 0, flushes: 0, early: [], uncommitted: [] }
  const asked = new Map<string, string>()
  const written = new Map<string, number>()
  const flushed = new Map<string, number>()
  const durable = new Map<string, number>()
  const sentToStore = new Map<string, Set<string>>()
  const stored = new Map<string, number>()

  for await (const call of readCalls(trace)) {
    if (call.result < 0) continue
    const marks = call.text.match(MARK) ?? []
    if (call.what === journal) {
      if (SYNCS.includes(call.name)) pass(written, flushed, call)
      else if (metaDescriptors.includes(call.fd)) {
        pass(flushed, durable, call)
        order.flushes++
      } else if (WRITES.includes(call.name)) for (const mark of marks) if (!written.has(mark) && !durable.has(mark)) written.set(mark, call.end)
    } else if (call.what.startsWith('socket:') || call.what.startsWith('TCP:')) {
      const answer = /"HTTP\/1\.1 (\d+)/.exec(call.text)?.[1]
      if (READS.includes(call.name) && /COMMIT\\0/.test(call.text)) {
        for (const mark of sentToStore.get(call.what) ?? []) stored.set(mark, call.end)
        sentToStore.delete(call.what)
      } else if (READS.includes(call.name) && marks[0] !== undefined) asked.set(call.what, marks[0])
      else if (WRITES.includes(call.name) && answer !== undefined && asked.has(call.what)) {
        const mark = asked.get(call.what) as string
        asked.delete(call.what)
        order.answers++
        if (!((durable.get(mark) ?? Infinity) < call.start)) order.early.push(`${mark} ${answer}`)
        if (committed(answer) && !((stored.get(mark) ?? Infinity) < call.start)) order.uncommitted.push(`${mark} ${answer}`)
      } else if (WRITES.includes(call.name) && marks.length > 0) {
        const marked = sentToStore.get(call.what) ?? new Set()
        for (const mark of marks) marked.add(mark)
        sentToStore.set(call.what, marked)
      }
    }
  }
  return order
}

/** What had come so far when the call began has come further now that it ended. */
function pass(from: Map<string, number>, to: Map<string, number>, call: SystemCall): void {
  for (const [mark, at] of from) {
    if (at >= call.start) continue
    from.delete(mark)
    if (!to.has(mark)) to.set(mark, call.end)
  }
}
