import { type FileHandle, open, readFile, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Line, readLines, written } from './lines.ts'

/** An event that waits: its JSON text, where it goes, and since when (ms, as `performance.now` counts; what an earlier process left, since ever). */
export interface Waiting {
  to: string
  seq: number
  event: string
  since: number
  segment: Segment
}

/** A file of the journal: how many events in it wait. */
interface Segment {
  path: string
  bytes: number
  waiting: number
  damaged: number
}

/** The journal takes no more: it has reached its bound. */
export class JournalFull extends Error {}

/** A line on its way to the disk. */
interface Writing {
  bytes: Buffer
  done: (segment: Segment) => void
  failed: (error: Error) => void
}

const SEGMENT_BYTES = 1024 * 1024
const NAME = /^journal-(\d{12})\.log$/

/**
 * Events on the disk, until their server has answered for them: files to which lines are appended, each with its checksum. A file goes when
 * nothing in it waits any more. What is acknowledged is noted by lines too; should such a note be lost, its events are sent again, and their
 * ids keep them from being counted twice.
 */
export class Journal {
  readonly #folder: string
  readonly #mostBytes: number
  readonly #segmentBytes: number
  readonly #segments: Segment[] = []
  /** Up to where each destination is done. */
  readonly #done = new Map<string, number>()
  #file: FileHandle | null = null
  #seq = 0
  #number = 0
  #bytes = 0
  #queue: Writing[] = []
  #queuedBytes = 0
  #writing: Promise<void> | null = null

  private constructor(folder: string, mostBytes: number) {
    this.#folder = folder
    this.#mostBytes = mostBytes
    this.#segmentBytes = Math.min(SEGMENT_BYTES, mostBytes / 8)
  }

  /** Opens a folder's journal, and gives what waits in it, oldest first. `damaged`: how many stretches of it could not be read; their files are kept. */
  static async open(folder: string, mostBytes: number): Promise<{ journal: Journal; waiting: Waiting[]; damaged: number }> {
    const journal = new Journal(folder, mostBytes)
    const waiting = await journal.#read()
    const damaged = journal.#segments.reduce((sum, segment) => sum + segment.damaged, 0)
    await journal.#clear()
    return { journal, waiting, damaged }
  }

  /** Bytes on the disk. */
  get bytes(): number {
    return this.#bytes
  }

  /** Keeps an event; ends once it is flushed. Throws JournalFull, or what the disk says. */
  async append(to: string, event: string): Promise<Waiting> {
    const seq = ++this.#seq
    const bytes = written({ to, seq, event })
    if (this.#bytes + this.#queuedBytes + bytes.length > this.#mostBytes) throw new JournalFull(`The journal has reached its bound of ${this.#mostBytes} bytes`)
    const since = performance.now()
    const segment = await this.#write(bytes)
    return { to, seq, event, since, segment }
  }

  /** Notes that these events, of one destination and in order, need not be sent again, and removes what nothing waits in. */
  async done(events: readonly Waiting[]): Promise<void> {
    const last = events.at(-1)
    if (last === undefined) return
    for (const { segment } of events) segment.waiting--
    this.#done.set(last.to, last.seq)
    // A note that the disk refuses costs a repeat at most.
    await this.#write(written({ to: last.to, done: last.seq }), false).catch(() => undefined)
    await this.#clear()
  }

  /** Ends after what is being written. */
  async close(): Promise<void> {
    while (this.#writing) await this.#writing
    await this.#file?.close()
    this.#file = null
    await this.#clear()
  }

  async #read(): Promise<Waiting[]> {
    const events: Waiting[] = []
    for (const name of (await readdir(this.#folder)).filter((one) => NAME.test(one)).sort()) {
      const path = join(this.#folder, name)
      const bytes = await readFile(path)
      const { lines, damaged } = readLines(bytes)
      const segment: Segment = { path, bytes: bytes.length, waiting: 0, damaged }
      this.#segments.push(segment)
      this.#bytes += segment.bytes
      this.#number = Number(NAME.exec(name)?.[1])
      for (const line of lines) this.#take(line, segment, events)
    }
    const waiting = events.filter(({ to, seq }) => seq > (this.#done.get(to) ?? 0))
    for (const { segment } of waiting) segment.waiting++
    return waiting
  }

  #take(line: Line, segment: Segment, events: Waiting[]): void {
    if ('done' in line) this.#done.set(line.to, Math.max(line.done, this.#done.get(line.to) ?? 0))
    else events.push({ ...line, since: Number.NEGATIVE_INFINITY, segment })
    this.#seq = Math.max(this.#seq, 'done' in line ? line.done : line.seq)
  }

  #write(bytes: Buffer, waits = true): Promise<Segment> {
    return new Promise((resolve, reject) => {
      this.#queue.push({
        bytes,
        done: (segment) => {
          if (waits) segment.waiting++
          resolve(segment)
        },
        failed: reject,
      })
      this.#queuedBytes += bytes.length
      this.#writing ??= this.#run()
    })
  }

  /** All that came during one flush is the next group: there is no timer. */
  async #run(): Promise<void> {
    // What is told in one moment is one group.
    await Promise.resolve()
    while (this.#queue.length > 0) {
      const group = this.#queue
      this.#queue = []
      this.#queuedBytes = 0
      try {
        const segment = await this.#room()
        const bytes = Buffer.concat(group.map((one) => one.bytes))
        segment.bytes += bytes.length
        this.#bytes += bytes.length
        await this.#file?.appendFile(bytes)
        await this.#file?.datasync()
        for (const one of group) one.done(segment)
      } catch (error) {
        // After a refused flush nobody knows what of the file is on the disk: the next group begins another.
        await this.#file?.close().catch(() => undefined)
        this.#file = null
        for (const one of group) one.failed(error as Error)
        await this.#clear().catch(() => undefined)
      }
    }
    this.#writing = null
  }

  /** The file that is written to; another one once it is large enough, which begins with what is done. */
  async #room(): Promise<Segment> {
    const last = this.#segments.at(-1)
    if (this.#file !== null && last !== undefined && last.bytes < this.#segmentBytes) return last
    await this.#file?.close()
    this.#file = null
    const path = join(this.#folder, `journal-${String(++this.#number).padStart(12, '0')}.log`)
    const notes = Buffer.concat([...this.#done].map(([to, done]) => written({ to, done })))
    this.#file = await open(path, 'ax', 0o600)
    await this.#file.appendFile(notes)
    await this.#file.datasync()
    // The name of a new file is on the disk when its folder is.
    const folder = await open(this.#folder, 'r')
    await folder.sync().finally(() => folder.close())
    const segment: Segment = { path, bytes: notes.length, waiting: 0, damaged: 0 }
    this.#segments.push(segment)
    this.#bytes += notes.length
    return segment
  }

  /** Removes files in which nothing waits; a damaged one is set aside. The last has the notes of what is done in all of them: it goes with them. */
  async #clear(): Promise<void> {
    const last = this.#file !== null || this.#segments.some(({ waiting }) => waiting > 0) ? this.#segments.at(-1) : undefined
    for (const segment of this.#segments.filter((one) => one.waiting === 0 && one !== last)) {
      this.#segments.splice(this.#segments.indexOf(segment), 1)
      this.#bytes -= segment.bytes
      await (segment.damaged > 0 ? rename(segment.path, segment.path.replace(/journal-(\d+)\.log$/, 'damaged-$1.log')) : rm(segment.path, { force: true }))
    }
  }
}
