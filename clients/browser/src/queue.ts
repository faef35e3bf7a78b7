import { newEventId, timeOf } from './ids.ts'
import { keeper } from './keeper.ts'

/** What waits to be told to a server. It outlives the page, and is shared by all tabs of its origin. */
export interface Queue {
  /** Adds an event of a project, or a capture where there is no project. */
  add(project: string, event: object): void
  /** Sends what waits, all of it. */
  send(): Promise<void>
  /** Sends what it can in a request that outlives the page. */
  leave(): void
}

interface Batch {
  names: string[]
  path: string
  body: string
}

const GATHER_MS = 250
const TIMEOUT_MS = 30_000
const BATCH_EVENTS = 50
/** At three bytes a letter 60 KB: a request that outlives its page may have 64 KiB (Fetch Standard, 4.6). */
const BATCH_LETTERS = 20_000
const MOST_WAITING = 1_000
/** The server knows an event by its id for 7 days; a repeat after that would be another event. */
const KEEP_MS = 6 * 86_400_000
const LONGEST_PAUSE_MS = 300_000
const LONGEST_ASKED_MS = 3_600_000
/** Another try would be answered the same: the event is not as expected, the project is unknown, the body too large. */
const FINAL = [400, 403, 413]

/** Opens the queue of a server, given by its address. */
export function openQueue(server: string): Queue {
  const disk = keeper(() => localStorage)
  const mark = `waymark ${server} `
  const pauseName = `waymark-pause ${server}`
  const flying = new Set<string>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let sending = false
  let failures = 0

  // Each event has an entry of its own: tabs that add and remove in the same moment cannot undo each other's work.
  const waiting = (): string[] => disk.names().filter((name) => name.startsWith(mark)).sort()

  const remove = (names: readonly string[]): void => names.forEach(disk.remove)

  /** How long the server has asked everybody to wait. */
  const pause = (): number => Math.max(0, Math.min(Number(disk.get(pauseName)) - Date.now(), LONGEST_ASKED_MS))

  function add(project: string, event: object): void {
    const eventId = newEventId()
    // The oldest make room.
    remove(waiting().slice(0, 1 - MOST_WAITING))
    disk.set(mark + eventId, `${project}|${JSON.stringify({ ...event, eventId })}`)
    timer ??= setTimeout(send, GATHER_MS)
  }

  function next(): Batch | null {
    const names: string[] = []
    const events: string[] = []
    let project = ''
    let letters = 0
    for (const name of waiting()) {
      const text = disk.get(name)
      // Another tab may have sent it meanwhile.
      if (text === null || flying.has(name)) continue
      if (!(Date.now() - timeOf(name.slice(mark.length)) < KEEP_MS)) {
        disk.remove(name)
        continue
      }
      const cut = text.indexOf('|')
      const own = text.slice(0, cut)
      letters += text.length
      // A capture goes alone.
      if (names.length > 0 && (project === '' || own !== project || letters > BATCH_LETTERS || names.length === BATCH_EVENTS)) break
      project = own
      names.push(name)
      events.push(text.slice(cut + 1))
    }
    if (names.length === 0) return null
    if (project === '') return { names, path: '/api/tracking/capture', body: events.join() }
    return { names, path: '/v1/events/batch', body: `{"projectKey":${JSON.stringify(project)},"events":[${events.join()}]}` }
  }

  /** Sends a batch, and says how long to wait before the next. What has no answer stays, and goes again under the same ids. */
  async function post({ names, path, body }: Batch): Promise<number> {
    let asked = 0
    names.forEach((name) => flying.add(name))
    try {
      // A text needs no preflight.
      const answer = await fetch(server + path, { method: 'POST', body, credentials: 'omit', keepalive: body.length < BATCH_LETTERS + 200, signal: AbortSignal.timeout(TIMEOUT_MS) })
      // Whole, and of the server itself: a network that asks people to sign in answers 200 as well.
      await answer.json()
      if (answer.ok || FINAL.includes(answer.status)) {
        remove(names)
        failures = 0
        return 0
      }
      asked = Number(answer.headers.get('retry-after')) * 1_000 || 0
      if (asked > 0) disk.set(pauseName, String(Date.now() + asked))
    } catch {
      // Offline, or the answer was lost.
    } finally {
      names.forEach((name) => flying.delete(name))
    }
    return Math.max(asked, Math.min(1_000 * 2 ** failures++, LONGEST_PAUSE_MS) * (0.5 + Math.random()))
  }

  async function send(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    if (sending) return
    sending = true
    const work = async (): Promise<void> => {
      let wait = pause()
      for (let batch = next(); wait === 0 && batch !== null; batch = next()) wait = await post(batch)
      sending = false
      if (wait === 0 || waiting().length === 0) return
      // What came meanwhile waits as long.
      clearTimeout(timer)
      timer = setTimeout(send, wait)
    }
    // One tab at a time. Without locks two may send the same event, and the server stores it once.
    await (navigator.locks ? navigator.locks.request(mark, work).catch(work) : work())
  }

  function leave(): void {
    const batch = pause() > 0 ? null : next()
    if (batch === null) return
    if ('keepalive' in Request.prototype) void post(batch)
    else navigator.sendBeacon(server + batch.path, batch.body)
  }

  return { add, send, leave }
}
