import { hashSync } from '@node-rs/bcrypt'
import { pino } from 'pino'
import { type App, openApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { HOUR_MS } from '../../src/core/time.ts'
import type { Engine } from '../../src/store/engine.ts'
import { type Answer, type Question, ask } from './ask.ts'
import type { FreshStore, TestEngine } from './engines.ts'
import { TEST_KEY } from './process.ts'
import { engineOn } from './store.ts'

/** Where a test's clock stands until the test sets it: 2026-11-22T14:30:00.000Z. */
export const START = Date.UTC(2026, 10, 22, 14, 30)

/** The admin of every test server. The hash is the cheapest there is: a login makes up for it. */
export const ADMIN = { email: 'ada@example.com', password: 'correct horse' }
const ADMIN_HASH = hashSync(ADMIN.password, 4)

/** A person's browser, so that a click is not taken for a machine's. */
export const CHROME = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36'

/** The secret of the tokens in mails. */
export const TOKEN_SECRET = 'another secret of thirty-two bytes'

/** A viewer, made when a test first asks as one. */
export const VIEWER = { email: 'vera@example.com', password: 'battery staple' }

/** The store's thread runs what `npm run build` made of the sources. */
const threadScript = new URL('../../dist/ingest/thread.js', import.meta.url)

/** Who asks: nobody in particular, a machine with the ingest key, a viewer, or the admin. */
export type As = 'nobody' | 'key' | 'viewer' | 'admin'

/** A link as the API gives it. */
export interface LinkAnswer {
  tracking_id: string
  redirect_url: string
  original_url: string
  [field: string]: unknown
}

/** What a batch's answer says of its events. */
export interface BatchResults {
  total: number
  successful: number
  duplicates: number
  unmatched: number
  failed: number
  errors: { index: number; tracking_id: string | null; field: string; error: string }[]
}

/** The four figures of a link, and of each part of it. */
export interface Counts {
  clicks: number
  human_clicks: number
  machine_clicks: number
  unique_visitors: number
}

/** A link's numbers as the API gives them. */
export interface Stats extends Counts {
  tracking_id: string
  by_day: ({ date: string } & Counts)[]
  by_click_source: ({ click_source: string | null } & Counts)[]
  by_referrer: ({ referrer: string | null } & Counts)[]
  recent: Record<string, unknown>[]
}

/** What a test server may be given beside its engine. */
export interface TestAppOptions {
  /** Settings, by the names of their variables. */
  env?: Record<string, string>
  /** A store that is there already; it is not dropped when the server closes. */
  store?: FreshStore
  /** Puts into the store what no request can, before the server starts. */
  before?: (engine: Engine) => Promise<void>
  clock?: { at: number }
  /** Takes the log's lines; without it nothing is logged. */
  log?: string[]
}

/** A real server on a store of its own, whose clock stands still unless the test moves it. */
export interface TestApp {
  readonly url: string
  readonly app: App
  readonly store: FreshStore
  /** UTC ms; set `at` to let time pass. */
  readonly clock: { at: number }
  /** The headers of a caller. */
  as(who: As): Promise<Record<string, string>>
  /** Asks as the ingest key unless told. */
  get(path: string, options?: { as?: As; headers?: Record<string, string> }): Promise<Answer>
  post(path: string, body: Question['body'], options?: { as?: As; headers?: Record<string, string> }): Promise<Answer>
  patch(path: string, body: object): Promise<Answer>
  /** Any request, as nobody unless its headers say so. */
  ask(method: string, path: string, question?: Question): Promise<Answer>
  given: {
    /** Makes a link, to https://example.com/ unless told. */
    link(link?: Record<string, unknown>): Promise<LinkAnswer>
    /** Reports clicks, all of them good; each is a tracking id or an event. */
    clicks(clicks: (string | Record<string, unknown>)[]): Promise<BatchResults>
  }
  /** A visitor's request, from a person's browser unless the headers say otherwise. */
  click(url: string, headers?: Record<string, string | string[]>): Promise<Answer>
  stats(trackingId: string, query?: string): Promise<Stats>
  /** A figure of /metrics, by name and labels as they are written there; 0 when there is none. */
  metric(sample: string): Promise<number>
  /** Another server on the same database, with a data folder of its own. */
  neighbour(): Promise<TestApp>
  /** Closes the server and opens another one on the same store; `between` runs while there is none. */
  restart(between?: () => unknown): Promise<void>
  /** Closes the server and leaves its store as it is. */
  stop(): Promise<void>
  /** Closes the server and drops its store. */
  close(): Promise<void>
}

/** Starts a server for a test. */
export async function testApp(engine: TestEngine, options: TestAppOptions = {}): Promise<TestApp> {
  const { clock = { at: START }, env = {}, log } = options
  const store = options.store ?? (await engine.prepared())
  if (options.before) {
    const opened = await engineOn(store)
    await options.before(opened)
    await opened.close()
  }
  const config = readConfig({
    HOST: '127.0.0.1',
    PORT: '0',
    DATA_DIR: store.dataDir,
    ...(store.databaseUrl === null ? {} : { DATABASE_URL: store.databaseUrl }),
    WEBHOOK_API_KEY: TEST_KEY,
    ADMIN_EMAIL: ADMIN.email,
    ADMIN_PASSWORD_HASH: ADMIN_HASH,
    JWT_SECRET: 'a secret of at least thirty-two bytes',
    TRACKING_TOKEN_SECRET: TOKEN_SECRET,
    LOG_LEVEL: 'silent',
    // A busy machine may take longer than 50 ms for a flush; a test wants its click recorded.
    RECORD_WAIT_MS: '10000',
    REDIS_WAIT_MS: '10000',
    // A test asks more often as admin than a person does.
    RATE_LIMIT_ADMIN: '1000000',
    ...env,
  })
  const world = { log: log ? pino({ level: config.logLevel, base: null }, { write: (line: string) => void log.push(line) }) : pino({ level: 'silent' }), now: () => clock.at, threadScript }
  let app = await openApp(config, world)
  const sessions = new Map<As, { since: number; header: Promise<string> }>()
  let open = true

  const login = async (who: 'viewer' | 'admin'): Promise<string> => {
    // Where somebody has made the viewer already, this one is refused and the login goes through.
    if (who === 'viewer') await self.post('/api/auth/users', VIEWER, { as: 'admin' })
    const { body } = await ask(app.url, 'POST', '/api/auth/login', { body: who === 'admin' ? ADMIN : VIEWER })
    return `Bearer ${(body as { token: string }).token}`
  }

  const self: TestApp = {
    get url() {
      return app.url
    },
    get app() {
      return app
    },
    store,
    clock,
    async as(who) {
      if (who === 'key') return { 'x-api-key': TEST_KEY }
      if (who === 'nobody') return {}
      const known = sessions.get(who)
      // A session that nobody used for a day has ended, and a test may let years pass.
      const session = known && Math.abs(clock.at - known.since) < HOUR_MS ? known : { since: clock.at, header: login(who) }
      sessions.set(who, session)
      return { authorization: await session.header }
    },
    ask: (method, path, question) => ask(app.url, method, path, question),
    get: async (path, { as = 'key', headers = {} } = {}) => ask(app.url, 'GET', path, { headers: { ...(await self.as(as)), ...headers } }),
    post: async (path, body, { as = 'key', headers = {} } = {}) =>
      ask(app.url, 'POST', path, { headers: { ...(await self.as(as)), ...headers }, ...(body === undefined ? {} : { body }) }),
    patch: async (path, body) => ask(app.url, 'PATCH', path, { headers: await self.as('key'), body }),
    given: {
      async link(link = {}) {
        const { status, body } = await self.post('/api/link-tracking/links', { original_url: 'https://example.com/', ...link })
        if (status !== 201) throw new Error(`No link, but ${status}: ${JSON.stringify(body)}`)
        return body as LinkAnswer
      },
      async clicks(clicks) {
        const events = clicks.map((click) => (typeof click === 'string' ? { tracking_id: click } : click))
        const { status, body } = await self.post('/api/tracking-ingest/batch', { events })
        if (status !== 200) throw new Error(`No clicks, but ${status}: ${JSON.stringify(body)}`)
        return (body as { results: BatchResults }).results
      },
    },
    click: (url, headers = {}) => ask(app.url, 'GET', url.replace(/^https?:\/\/[^/]+/, ''), { headers: { 'user-agent': CHROME, ...headers } }),
    async stats(trackingId, query = '') {
      const { status, body } = await self.get(`/api/link-tracking/links/${trackingId}/stats${query}`)
      if (status !== 200) throw new Error(`No numbers, but ${status}: ${JSON.stringify(body)}`)
      return body as Stats
    },
    async metric(sample) {
      const text = (await ask(app.url, 'GET', '/metrics')).body as string
      const line = text.split('\n').find((one) => one.startsWith(`${sample} `))
      return line ? Number(line.slice(sample.length)) : 0
    },
    async neighbour() {
      const other = await engine.fresh()
      const shared = { ...other, databaseUrl: store.databaseUrl }
      const node = await testApp(engine, { ...options, store: shared, clock })
      return {
        ...node,
        async close() {
          await node.stop()
          await other.drop()
        },
      }
    },
    async restart(between) {
      await self.stop()
      await between?.()
      app = await openApp(config, world)
      open = true
    },
    async stop() {
      if (open) await app.close()
      open = false
    },
    async close() {
      await self.stop()
      if (!options.store) await store.drop()
    },
  }
  return self
}
