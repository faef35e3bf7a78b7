import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestApp } from './app.ts'
import { waymark } from './commands.ts'

/** Every event that a server has stored, by what tells it apart: a click by its referrer, another by its name. The server is stopped for it. */
export async function exportedNames(app: TestApp): Promise<string[]> {
  await app.stop()
  const folder = join(app.store.dataDir, 'out')
  await waymark(app.store, ['export', folder])
  const lines = (await readFile(join(folder, 'events.ndjson'), 'utf8')).trim().split('\n')
  return lines.filter(Boolean).map((line) => {
    const { referrer_url, name } = JSON.parse(line) as { referrer_url: string | null; name: string }
    return referrer_url ?? name
  })
}
