import type { Click, ProductEvent } from './api.ts'
import type { Server } from './ask.ts'
import { bury } from './dead-letters.ts'
import { deliver } from './deliver.ts'
import { clickAt, eventAt } from './event.ts'
import { hold } from './hold.ts'
import { Journal } from './journal.ts'
import { type Lane, openLane } from './lane.ts'

/** What a recorder is opened with. Only `server` and `folder` must be told, and `key` where clicks are recorded. */
export interface RecorderSettings extends Server {
  /** Where events wait, and dead letters stay: one process at a time may have it. */
  folder: string
  /** The journal's bound in bytes; 64 MiB unless told, 1 MiB at least. */
  journalMaxBytes?: number | undefined
  /** A batch goes when so many events wait: 100 unless told. */
  batchEvents?: number | undefined
  /** Or when the oldest has waited so long, in ms: 5,000 unless told. */
  batchWaitMs?: number | undefined
  /** Takes sentences about what does not go as it should; they go to `console.warn` unless told. */
  told?: ((message: string) => void) | undefined
}

/** Records clicks and events on the disk, and sends them to the server in the background until it has answered for each. */
export interface Recorder {
  /** Records a click of a link. True once it is flushed to the disk; false where it cannot be: the journal is full, or the disk refuses. Never throws for either. */
  click(click: Click): Promise<boolean>
  /** Records an event of a project, in the same way. */
  track(projectKey: string, event: ProductEvent): Promise<boolean>
  /** What waits: events that the server has not answered for, and bytes of the journal. */
  readonly waiting: { events: number; bytes: number }
  /** Sends what waits now. True when nothing waits any more, false after `ms` (10,000). */
  flush(ms?: number): Promise<boolean>
  /** Sends what waits, `ms` (4,000) at most, and ends. What is left is sent by the next one that opens the folder. */
  close(ms?: number): Promise<void>
}

const MEBIBYTE = 1024 * 1024
const FLUSH_MS = 10_000
const CLOSE_MS = 4_000
const CLICKS = ''

/** Opens a folder's journal and begins to send what waits in it. Throws Error with a sentence: settings that are none, or a folder that another process has. */
export async function openRecorder(settings: RecorderSettings): Promise<Recorder> {
  const { folder, journalMaxBytes = 64 * MEBIBYTE, batchEvents = 100, batchWaitMs = 5_000, told = (message) => console.warn(`waymark: ${message}`) } = settings
  if (!(journalMaxBytes >= MEBIBYTE)) throw new TypeError('journalMaxBytes must be 1,048,576 at least')
  if (!(Number.isInteger(batchEvents) && batchEvents >= 1 && batchEvents <= 500)) throw new TypeError('batchEvents must be a whole number from 1 to 500')
  if (!(batchWaitMs >= 0)) throw new TypeError('batchWaitMs must be 0 or more')
  if (!URL.canParse(settings.server)) throw new TypeError('server must be the address of a Waymark server')
  const { journal, waiting, damaged, letGo } = await openJournal(folder, journalMaxBytes)
  if (damaged > 0) told(`the journal in ${folder} was damaged in ${damaged} ${damaged === 1 ? 'place' : 'places'}: whole lines are taken over, and the files are kept as damaged-*.log`)

  const ending = new AbortController()
  const lanes = new Map<string, Lane>()
  const laneOf = (to: string): Lane => {
    const known = lanes.get(to)
    if (known) return known
    const lane = openLane(
      {
        batchEvents,
        batchWaitMs,
        deliver: (events) => deliver({ ...settings, signal: ending.signal }, to, events),
        async settle(events, refused) {
          if (refused.length > 0) {
            await bury(folder, to, refused, journalMaxBytes)
            told(`${refused.length} events were refused for good and are in ${folder}/dead-letters.ndjson; the first: ${refused[0]?.field} ${refused[0]?.error}`)
          }
          await journal.done(events)
        },
        told,
      },
      waiting.filter((event) => event.to === to),
    )
    lanes.set(to, lane)
    return lane
  }
  for (const { to } of waiting) laneOf(to)

  let closed = false
  let refusing = false
  const record = async (to: string, event: object): Promise<boolean> => {
    if (closed) throw new Error('The recorder is closed')
    try {
      const kept = await journal.append(to, JSON.stringify(event))
      laneOf(to).add(kept)
      refusing = false
      return true
    } catch (error) {
      if (!refusing) told(`events are not recorded: ${(error as Error).message}`)
      refusing = true
      return false
    }
  }
  const waits = (): number => [...lanes.values()].reduce((sum, lane) => sum + lane.waiting, 0)
  const flush = async (ms = FLUSH_MS): Promise<boolean> => {
    await Promise.all([...lanes.values()].map((lane) => lane.flush(ms)))
    return waits() === 0
  }

  return {
    click: (click) => record(CLICKS, clickAt(click)),
    async track(projectKey, event) {
      if (typeof projectKey !== 'string' || projectKey === '') throw new TypeError('projectKey must be the key of a project')
      return record(projectKey, eventAt(event))
    },
    get waiting() {
      return { events: waits(), bytes: journal.bytes }
    },
    flush,
    async close(ms = CLOSE_MS) {
      if (closed) return
      closed = true
      await flush(ms)
      ending.abort()
      await Promise.all([...lanes.values()].map((lane) => lane.close()))
      await journal.close()
      await letGo()
    },
  }
}

async function openJournal(folder: string, mostBytes: number): Promise<Awaited<ReturnType<typeof Journal.open>> & { letGo: () => Promise<void> }> {
  const letGo = await hold(folder)
  try {
    return { ...(await Journal.open(folder, mostBytes)), letGo }
  } catch (error) {
    await letGo()
    throw error
  }
}
