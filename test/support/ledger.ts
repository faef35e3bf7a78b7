import { readFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/** What a client meant to send, and what it was answered. Numbers are those of `traffic.ts`. */
export type Entry =
  | { kind: 'batch'; request: number; first: number; count: number }
  | { kind: 'batch answer'; request: number; status: number; successful: number; duplicates: number; unmatched: number }
  | { kind: 'click'; click: number }
  | { kind: 'click answer'; click: number; status: number }

/** A client's own file. An entry is on the disk when its promise ends; entries that come together share a flush. */
export class Ledger {
  readonly #file: FileHandle
  #waiting: { line: string; done: () => void }[] = []
  #flushing: Promise<void> | null = null

  private constructor(file: FileHandle) {
    this.#file = file
  }

  static async open(path: string): Promise<Ledger> {
    return new Ledger(await open(path, 'a'))
  }

  write(entry: Entry): Promise<void> {
    return new Promise((done) => {
      this.#waiting.push({ line: lineOf(entry), done })
      this.#flushing ??= this.#flush()
    })
  }

  async close(): Promise<void> {
    await this.#flushing
    await this.#file.close()
  }

  async #flush(): Promise<void> {
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const group = this.#waiting
      this.#waiting = []
      await this.#file.write(group.map(({ line }) => line).join(''))
      await this.#file.datasync()
      for (const { done } of group) done()
    }
    this.#flushing = null
  }
}

/** Reads a ledger back, in the order in which it was written. */
export function* readLedger(path: string): Iterable<Entry> {
  for (const line of readFileSync(path, 'utf8').split('\n')) if (line !== '') yield entryOf(line)
}

function lineOf(entry: Entry): string {
  switch (entry.kind) {
    case 'batch':
      return `b ${entry.request} ${entry.first} ${entry.count}\n`
    case 'batch answer':
      return `B ${entry.request} ${entry.status} ${entry.successful} ${entry.duplicates} ${entry.unmatched}\n`
    case 'click':
      return `c ${entry.click}\n`
    case 'click answer':
      return `C ${entry.click} ${entry.status}\n`
  }
}

function entryOf(line: string): Entry {
  const [kind, ...rest] = line.split(' ')
  const [a = 0, b = 0, c = 0, d = 0, e = 0] = rest.map(Number)
  switch (kind) {
    case 'b':
      return { kind: 'batch', request: a, first: b, count: c }
    case 'B':
      return { kind: 'batch answer', request: a, status: b, successful: c, duplicates: d, unmatched: e }
    case 'c':
      return { kind: 'click', click: a }
    case 'C':
      return { kind: 'click answer', click: a, status: b }
    default:
      throw new Error(`not a ledger's line: ${line}`)
  }
}
