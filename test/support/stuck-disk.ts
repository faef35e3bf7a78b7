import { join } from 'node:path'
import { openRecords } from '../../src/ingest/journal.ts'

/**
 * Has the disk under a journal take nothing and say nothing, from when this ends until it is released: whoever holds LMDB's lock keeps
 * every flush waiting. `folder`: what the journal's folder lies in.
 */
export async function stickDisk(folder: string): Promise<{ release(): Promise<void> }> {
  const records = openRecords(join(folder, 'journal'))
  let release: () => void = () => undefined
  let held: Promise<unknown> = Promise.resolve()
  await new Promise<void>((begun) => {
    held = records.transaction(() => {
      begun()
      return new Promise<void>((resolve) => (release = resolve))
    })
  })
  return {
    async release() {
      release()
      await held
      await records.close()
    },
  }
}
