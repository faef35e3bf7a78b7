import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hashSync } from '@node-rs/bcrypt'
import { newId } from '../../src/core/ids.ts'
import type { Cell } from '../../src/store/engine.ts'
import { EVENT_COLUMN_NAMES } from '../../src/store/events.ts'
import { migrate } from '../../src/store/migrations/index.ts'
import { ask, until } from './ask.ts'
import type { FreshStore } from './engines.ts'
import { type ServerProcess, startServer } from './process.ts'
import { randomFrom } from './random.ts'
import { engineOn } from './store.ts'

const DAY_MS = 86_400_000
const AGENT = 'Mozilla/5.0 (needle-agent)'
const ADMIN = { email: 'ada@example.com', password: 'correct horse' }
const PROJECT = 'feedfacecafe'

/** Rows for the events table, of ten people with addresses and agents. `over` gives some cells of the n-th. */
export function peopleEvents(count: number, receivedAt: (n: number) => number, over: (n: number) => Record<string, Cell> = () => ({})): Cell[][] {
  return Array.from({ length: count }, (_, n) => {
    const cells: Record<string, Cell> = {
      id: newId(),
      project: PROJECT,
      source: 'product',
      name: `event-${n % 3}`,
      ts: receivedAt(n),
      received_at: receivedAt(n),
      session_id: `s${n % 50}`,
      person: `u:u${n % 10}`,
      user_id: `u${n % 10}`,
      ip_hash: `needle-hash-${n % 200}`,
      ip_address: `needle-address-${n % 200}`,
      user_agent: AGENT,
      browser: ['Chrome', 'Firefox'][n % 2] as string,
      os: 'Windows',
      device: 'desktop',
      machine: n % 7 === 0,
      ...over(n),
    }
    return EVENT_COLUMN_NAMES.map((name) => cells[name] ?? null)
  })
}

/** What is counted of a store, none of which anonymising or erasing may change. */
const NUMBERS = `select count(*) as events, count(distinct person) as persons, count(distinct coalesce(known_as, person)) as users, count(distinct session_id) as sessions,
  count(*) filter (where machine) as machines, count(*) filter (where browser = 'Chrome') as chrome, count(distinct name) as names, min(ts) as first, max(ts) as last
  from events left join (select project as p, alias, person as known_as from person_aliases) a on p = project and alias = person`

/** What a run of kills came to. */
export interface Killed {
  kills: number
  /** Kills that came while work was under way. */
  between: number
  /** Rows found half done after a kill, and numbers found changed. */
  faults: string[]
  /** Where what should be gone still stood in the end: tables, journal, log. */
  left: string[]
  /** In which files of the data folder the bytes were still found, the engine's own leavings. */
  bytes: Record<string, number>
}

/**
 * Anonymises old events beside young ones, with a server that is killed `kills` times at it. Each kill has events of its own, of a
 * day that is due only for its server, and comes when a first piece of them is done. Refused events are due for the last server alone.
 */
export async function killWhileAnonymising(store: FreshStore, { seed, kills, events }: { seed: number; kills: number; events: number }): Promise<Killed> {
  const random = randomFrom(seed)
  const now = Date.now()
  const each = Math.floor(events / kills)
  const age = (k: number): number => 100 + kills - k
  const user = (k: number): string => `person-of-kill-${k}`
  const old = Array.from({ length: kills }, (_, k) => peopleEvents(each, (n) => now - age(k) * DAY_MS - DAY_MS / 2 + n, () => ({ user_id: user(k), person: `u:${user(k)}` }))).flat()
  const young = peopleEvents(500, () => now, () => ({ ip_hash: 'young', ip_address: 'young', user_agent: 'young' }))
  const stage = await openStage(store, [...old, ...young], [...letters(20, now - 95 * DAY_MS, `{"userAgent":"${AGENT}","ip_address":"needle-address-1"}`), ...letters(3, now, 'young')])
  const untouched = 'ip_hash is not null and ip_address is not null and user_agent is not null'
  const touched = 'ip_hash is null and ip_address is null and user_agent is null'
  const run = await killing(
    stage,
    kills,
    async (server, k) => {
      const headers = await stage.login(server)
      const first = `/api/privacy/person?userId=${user(k)}&limit=1`
      await until(
        'a first piece is done',
        async () => {
          const found = (await ask(server.url, 'GET', first, { headers })).body as { events: { user_agent?: string }[] }
          return found.events.length > 0 && found.events[0]?.user_agent === undefined
        },
        30_000,
      )
      await delay(random() * 10)
      await server.end('SIGKILL')
      const [row] = await stage.rows(
        `select count(*) filter (where ${untouched}) as untouched, count(*) filter (where ${touched}) as touched, count(*) as all,
          count(*) filter (where user_id = '${user(k)}' and ${untouched}) as left from events`,
      )
      return { half: Number(row?.all) - Number(row?.untouched) - Number(row?.touched), begun: Number(row?.left) > 0 }
    },
    (k) => ({ ANONYMIZE_AFTER_DAYS: String(age(k)) }),
  )
  const server = await stage.start()
  await until('all is anonymised', async () => ((await stage.asAdmin(server, 'GET', '/api/dead-letters')).body as { dead_letters: unknown[] }).dead_letters.length === 3, 60_000)
  const kept = "select 'young' as kind, count(*) as n from events where ip_hash = 'young' and ip_address = 'young' and user_agent = 'young'"
  return stage.verdict(server, run, ['needle-agent', 'needle-hash', 'needle-address'], [kept, 500])
}

/**
 * Erases people of many events, one a kill, with a server that is killed while it is asked to; then it is asked again. Every other
 * kill comes when a first piece is done, the others at any moment.
 */
export async function killWhileErasing(store: FreshStore, { seed, kills, events }: { seed: number; kills: number; events: number }): Promise<Killed> {
  const random = randomFrom(seed)
  const now = Date.now()
  const user = (k: number): string => `needle-user-${k}@example.com`
  const browser = (k: number): string => `needle-browser-${k}-`
  const own = (n: number): Record<string, Cell> => {
    const k = Math.floor(n / 4) % kills
    if (n % 4 === 0) return {}
    if (n % 4 === 1) return { user_id: null, anonymous_id: browser(k), person: `a:${browser(k)}`, session_id: `needle-session-${k}-${n % 3}` }
    return { user_id: user(k), person: `u:${user(k)}`, properties: `{"mail":"${user(k)}"}`, utm_term: user(k), utm_content: browser(k), event_id: `needle-event-${n}` }
  }
  const people = Array.from({ length: kills }, (_, k) => k)
  const stage = await openStage(
    store,
    peopleEvents(events, () => now, own),
    people.flatMap((k) => letters(2, now, `{"eventName":"","userId":"${user(k)}"}`)),
    people.flatMap((k) => [
      `insert into person_aliases (project, alias, person, created_at) values ('${PROJECT}', 'a:${browser(k)}', 'u:${user(k)}', 0)`,
      `insert into answers (scope, key, body_hash, status, answer, created_at) values ('scope', 'of ${user(k)}', '', 200, '', ${now})`,
    ]),
  )
  const path = (k: number): string => `/api/privacy/person?userId=${encodeURIComponent(user(k))}`
  const named = '(event_id is not null or user_id is not null or anonymous_id is not null or ip_hash is not null or ip_address is not null or user_agent is not null or properties is not null or utm_term is not null or utm_content is not null)'
  let aim = 500
  const run = await killing(stage, kills, async (server, k) => {
    const headers = await stage.login(server)
    // In the journal too, when the kill comes.
    await ask(server.url, 'POST', '/v1/events/batch', { body: { projectKey: PROJECT, events: [{ eventName: 'event-0', timestamp: new Date(now).toISOString(), userId: 'u2' }] } })
    const firstEvent = async (): Promise<unknown> => ((await ask(server.url, 'GET', `${path(k)}&limit=1`, { headers })).body as { events: { id: string }[] }).events[0]?.id
    const first = await firstEvent()
    const start = performance.now()
    let answered = false
    const asked = ask(server.url, 'DELETE', path(k), { headers }).then(
      () => (answered = true),
      () => false,
    )
    if (k % 2 === 0) await until('a first piece is done', async () => answered || (await firstEvent()) !== first, 30_000)
    await Promise.race([asked, delay(random() * (k % 2 === 0 ? 10 : aim))])
    // The next kill is aimed at the time that erasing takes here.
    aim = answered ? performance.now() - start : aim * 1.2
    const unanswered = !answered
    await server.end('SIGKILL')
    await asked
    const [row] = await stage.rows(
      `select count(*) filter (where person like 'e:%' and ${named}) as half, (select count(*) from answers where scope = 'erasure') as begun from events`,
    )
    return { half: Number(row?.half), begun: unanswered && Number(row?.begun) > 0 }
  })
  const server = await stage.start()
  const headers = await stage.login(server)
  for (const k of people) {
    const { status, body } = await ask(server.url, 'DELETE', path(k), { headers })
    if (status !== 200) throw new Error(`Erasing was answered ${status}: ${JSON.stringify(body)}`)
  }
  return stage.verdict(server, run, ['needle-user', 'needle-browser', 'needle-session', 'needle-event'])
}

type Stage = Awaited<ReturnType<typeof openStage>>

async function killing(
  stage: Stage,
  kills: number,
  kill: (server: ServerProcess, at: number) => Promise<{ half: number; begun: boolean }>,
  settings: (at: number) => Record<string, string> = () => ({}),
): Promise<{ kills: number; between: number; faults: string[] }> {
  const run = { kills, between: 0, faults: [] as string[] }
  for (let at = 0; at < kills; at++) {
    const { half, begun } = await kill(await stage.start(settings(at)), at)
    if (half > 0) run.faults.push(`kill ${at}: ${half} rows half done`)
    if (begun) run.between++
  }
  return run
}

async function openStage(store: FreshStore, events: Cell[][], deadLetters: Cell[][], more: string[] = []) {
  const output: string[] = []
  const engine = await engineOn(store)
  await migrate(engine)
  await engine.transaction('events', async (tx) => {
    for (let at = 0; at < events.length; at += 10_000) await tx.append('events', EVENT_COLUMN_NAMES, events.slice(at, at + 10_000))
    await tx.append('dead_letters', ['id', 'received_at', 'family', 'project', 'reason', 'field', 'error', 'original', 'replayed_at'], deadLetters)
    for (const text of more) await tx.rows(text)
    await tx.rows(`insert into projects (project_key, name, created_at, is_active) values ('${PROJECT}', 'people', 0, true)`)
  })
  const rowsOf = async (text: string): Promise<Record<string, unknown>[]> => {
    const opened = await engineOn(store)
    try {
      return await opened.rows(text)
    } finally {
      await opened.close()
    }
  }
  await engine.close()
  const stage = {
    store,
    rows: rowsOf,
    async start(settings: Record<string, string> = {}): Promise<ServerProcess> {
      const env = { ...settings, ADMIN_EMAIL: ADMIN.email, ADMIN_PASSWORD_HASH: hashSync(ADMIN.password, 4), JWT_SECRET: 'a secret of at least thirty-two bytes', LOG_LEVEL: 'trace', RATE_LIMIT_ADMIN: '1000000' }
      const server = await startServer({ dataDir: store.dataDir, databaseUrl: store.databaseUrl, env })
      server.child.once('exit', () => output.push(server.output().out, server.output().err))
      return server
    },
    async login(server: ServerProcess): Promise<Record<string, string>> {
      const { body } = await ask(server.url, 'POST', '/api/auth/login', { body: ADMIN })
      return { authorization: `Bearer ${(body as { token: string }).token}` }
    },
    asAdmin: async (server: ServerProcess, method: string, path: string) => ask(server.url, method, path, { headers: await stage.login(server) }),
    /** Ends the server in order and looks for what should be gone. `also`: a question, and the number it should give. */
    async verdict(server: ServerProcess, run: { kills: number; between: number; faults: string[] }, needles: string[], also?: [string, number]): Promise<Killed> {
      await server.end('SIGTERM')
      const left: string[] = []
      for (const table of ['events', 'event_ids', 'dead_letters', 'answers', 'person_aliases']) {
        const counts = needles.map((needle, at) => `count(*) filter (where strpos(to_json(t)::text, '${needle}') > 0) as n${at}`)
        const [row] = await rowsOf(`select ${counts.join(', ')} from ${table} t`)
        needles.forEach((needle, at) => Number(row?.[`n${at}`]) > 0 && left.push(`${needle} in ${table}`))
      }
      for (const needle of needles) if (output.join('\n').includes(needle)) left.push(`${needle} in the log`)
      const after = await rowsOf(NUMBERS)
      // Each round of an erasure has sent one event more, of somebody else.
      const added = Number(after[0]?.events) - Number(before[0]?.events)
      const same = { ...after[0], events: before[0]?.events, machines: before[0]?.machines, chrome: before[0]?.chrome, last: before[0]?.last }
      if (added < 0 || added > run.kills || JSON.stringify(same) !== JSON.stringify(before[0])) run.faults.push(`numbers were ${JSON.stringify(before[0])} and are ${JSON.stringify(after[0])}`)
      if (also && Number((await rowsOf(also[0]))[0]?.n) !== also[1]) run.faults.push(`not ${also[1]}: ${also[0]}`)
      return { ...run, left, bytes: await bytesWith(store.dataDir, needles) }
    },
  }
  const before = await rowsOf(NUMBERS)
  return stage
}

function letters(count: number, receivedAt: number, original: string): Cell[][] {
  return Array.from({ length: count }, () => [newId(), receivedAt, 'product', PROJECT, 'invalid', 'eventName', 'must not be empty', original, null])
}

/** How often texts stand in the bytes of a folder's files. */
export async function bytesWith(folder: string, needles: readonly string[]): Promise<Record<string, number>> {
  const found: Record<string, number> = {}
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const text = (await readFile(join(entry.parentPath, entry.name))).toString('latin1')
    const times = needles.reduce((sum, needle) => sum + text.split(needle).length - 1, 0)
    if (times > 0) found[entry.name] = times
  }
  return found
}

/** The random moment itself: nothing is waited for here. */
function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
