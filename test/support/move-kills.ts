import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { STORED_COLUMN_NAMES } from '../../src/store/events.ts'
import { migrate } from '../../src/store/migrations/index.ts'
import type { FreshStore, TestEngine } from './engines.ts'
import { peopleEvents } from './people.ts'
import { randomFrom } from './random.ts'
import { startServer } from './process.ts'
import { engineOn } from './store.ts'
import { askStore } from './stored.ts'

const main = join(process.cwd(), 'dist/waymark.cjs')
const DAY_MS = 86_400_000
/** So many runs for a kill that is wanted; the others end before the copy, or after it. */
const TRIES = 20

/** What became of a move that was killed again and again. */
export interface KilledMove {
  /** Kills that left a copy that was cut short. */
  within: number
  /** Runs that went through, the last one included. */
  through: number
  /** A server that was started on a copy that was cut short said this. */
  refused: string
  /** Tables whose rows are not the same on both sides, compared whole, and events that are there twice. */
  different: string[]
}

/** Moves a store of so many events, and kills the move at random until `kills` of them fell into the copy; then lets it end. */
export async function moveWithKills(from: TestEngine, to: TestEngine, { events, kills, seed }: { events: number; kills: number; seed: number }): Promise<KilledMove> {
  const random = randomFrom(seed)
  const old = await from.fresh()
  let fresh = await to.fresh()
  const result: KilledMove = { within: 0, through: 0, refused: '', different: [] }
  try {
    await fillStore(old, events)
    let aim = 5_000
    for (let tries = 0; result.within < kills && tries < kills * TRIES; tries++) {
      const begun = performance.now()
      const code = await moved(old, fresh, random() * aim)
      if (code === 0) {
        aim = performance.now() - begun
        result.through++
        await fresh.drop()
        fresh = await to.fresh()
        continue
      }
      if (code !== null) throw new Error(`A move ended with ${code}, and nobody had killed it.`)
      if (!(await isCut(fresh))) {
        // Too early, so machines that are slow just now are waited for; or when all was done but its end, and no second move goes there.
        aim *= 1.3
        await fresh.drop()
        fresh = await to.fresh()
        continue
      }
      result.within++
      result.refused ||= await startServer(fresh).then(({ end }) => end('SIGKILL').then(() => 'it started'), (error: Error) => error.message)
    }
    const code = await moved(old, fresh, null)
    if (code !== 0) throw new Error(`The last move ended with ${code}.`)
    result.through++
    result.different = await differing(old, fresh)
    if (to.name === 'postgres' && Number((await askStore(fresh, 'select count(*) as count from events_default'))[0]?.count) > 0) result.different.push('events lie outside of their months')
    return result
  } finally {
    await Promise.all([old.drop(), fresh.drop()])
  }
}

/** Runs the move in a process of its own, which is killed after a while unless that is null. Gives what it ended with; null when it was killed. */
function moved(old: FreshStore, fresh: FreshStore, killAfterMs: number | null): Promise<number | null> {
  const child = spawn(process.execPath, [main, 'migrate-store', '--from', old.databaseUrl ?? old.dataDir, '--to', fresh.databaseUrl ?? fresh.dataDir], {
    env: { PATH: process.env.PATH, DATA_DIR: old.dataDir },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const timer = killAfterMs === null ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => {
      clearTimeout(timer)
      resolve(code)
    })
  })
}

/** Events of a year, the first hundred from before events were numbered; leads, and a ledger of a message to each. */
async function fillStore(store: FreshStore, events: number): Promise<void> {
  const engine = await engineOn(store)
  await migrate(engine)
  const since = Date.now() - 360 * DAY_MS
  const rows = peopleEvents(events, (n) => since + Math.floor((n * 350 * DAY_MS) / events), (n) => ({ event_id: n % 3 === 0 ? `e-${n}` : null, properties: n % 4 === 0 ? `{"b": ${n}, "a": {"text": "naïve ☂ \\"${n}\\"\\n", "list": [1.50, null]}}` : null }))
  const numbered = rows.map((row, n) => [...row, n < 100 ? null : n - 99 + Math.floor(n / 5_000) * 40_000])
  await engine.transaction('events', async (tx) => {
    for (let at = 0; at < rows.length; at += 10_000) await tx.append('events', STORED_COLUMN_NAMES, numbered.slice(at, at + 10_000))
    await tx.rows("update counters set value = (select max(seq) from events) where name = 'events'")
    await tx.rows("insert into journal_positions (journal, position, updated_at) values ('00000000-0000-7000-8000-000000000000', 7, 0)")
    for (const text of [
      `insert into leads (id, email, status, email_opened, email_clicked, email_unsubscribed, created_at, updated_at, fields)
       select n, 'reader-' || n || '@example.com', 'active', n % 2 = 0, false, false, n, n, '{"plan": "pro"}' from generate_series(1, 12000) as numbers (n)`,
      `insert into messages (id, mailing_id, campaign_id, lead_id, state, attempts, due_at, created_at, updated_at)
       select 'message-' || n, 'mailing', 1, n, 'sent', 1, n, n, n from generate_series(1, 12000) as numbers (n)`,
    ]) await tx.rows(text)
  })
  await engine.close()
}

async function isCut(store: FreshStore): Promise<boolean> {
  const engine = await engineOn(store)
  const rows = await engine.rows("select table_name from information_schema.tables where table_name = 'copy_under_way'").finally(() => engine.close())
  return rows.length > 0
}

/** Reads both stores whole, in the plainest way. */
async function differing(one: FreshStore, other: FreshStore): Promise<string[]> {
  const [a, b] = [await contents(one), await contents(other)]
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((name) => a[name] !== b[name] || b[name] === undefined)
}

async function contents(store: FreshStore): Promise<Record<string, string>> {
  const engine = await engineOn(store)
  try {
    const tables = await engine.rows<{ table_name: string }>("select table_name from information_schema.tables where table_type = 'BASE TABLE' and table_schema = current_schema()")
    const found: Record<string, string> = {}
    for (const { table_name: name } of tables) {
      // Which engine it is decides about these.
      if (['event_ids', 'leases'].includes(name) || name.startsWith('events_')) continue
      const rows = (await engine.rows(`select * from ${name}`)).map((row) => JSON.stringify(Object.entries(row).map(([column, value]) => [column, typeof value === 'string' && value.startsWith('{') ? sorted(JSON.parse(value)) : value]).sort()))
      found[name] = `${rows.length} rows ${createHash('sha256').update(rows.sort().join('\n')).digest('hex')}`
    }
    const [twice] = await engine.rows<{ count: number }>('select count(*) - count(distinct id) as count from events')
    found['events that are there twice'] = String(Number(twice?.count))
    return found
  } finally {
    await engine.close()
  }
}

function sorted(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
  return Object.entries(value).map(([name, inner]) => [name, sorted(inner)]).sort()
}
