import { readFileSync } from 'node:fs'
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify'
import { type Accounts, createAccounts, type FirstAdmin, type NewKey } from './accounts/index.ts'
import { clientAddress, limitKey } from './capture/address.ts'
import { openCountries } from './capture/country.ts'
import type { Config } from './config.ts'
import type { WaitsFor } from './core/closing.ts'
import { emailRoom, openMailer } from './email/index.ts'
import { Idempotency } from './http/idempotency.ts'
import { createMetrics } from './http/metrics.ts'
import { serveReference } from './http/openapi.ts'
import { operationsRoutes } from './http/operations.ts'
import { readPages, servePages } from './http/pages.ts'
import type { Guard } from './http/route.ts'
import { serveScript } from './http/script.ts'
import { createServer, drain } from './http/server.ts'
import { openLimits } from './http/shared-limits.ts'
import { type Adopter, type Ingest, type Reader, createFeed, createLive, deadLetterRoutes, liveRoute, startIngest } from './ingest/index.ts'
import { createLinkFeed, linksRoom } from './links/index.ts'
import { partnersRoom } from './partners/index.ts'
import { privacyRoom } from './privacy/index.ts'
import { productRoom } from './product/index.ts'
import { comparisonRoute, createReporter } from './reports/index.ts'
import { keepAnswer, storedAnswer } from './store/answers.ts'
import { dialectOf } from './store/dialect.ts'
import { startJobs } from './store/jobs.ts'
import { createProbe } from './store/probe.ts'
import { offerSnapshots } from './store/snapshot.ts'
import type { Sql } from './store/sql.ts'
import { trackingRoom } from './tracking/index.ts'
import { webhooksRoom } from './webhooks/index.ts'

/** The version in package.json. */
export const VERSION = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version

/** How long the end of a server waits for a store elsewhere. */
const CLOSE_MS = 3_000
/** How long the end waits for mails under way: one whose answer nobody waits for is doubtful. */
const MAILS_END_MS = 5_000
/** What the build made of `web/` and `clients/browser/`: the same places from `src/` and from `dist/`. */
const PAGES = new URL('../dist/web/', import.meta.url)
const SCRIPT = new URL('../dist/browser/waymark.js', import.meta.url)

/** The whole server, listening. */
export interface App {
  url: string
  server: FastifyInstance
  engine: string
  /** Made by this start, to be shown once. */
  first: { admin: FirstAdmin; key: NewKey | null }
  /** Fulfilled when the store's thread ends unasked; the process cannot go on then. */
  died: Promise<Error>
  inside: Inside
  /** Drains and closes, in reverse of the opening. */
  close(waitsFor?: WaitsFor): Promise<void>
}

/** What the world gives the server: tests give their own clock and, since worker threads run built code, the built thread. */
export interface AppWorld {
  log: FastifyBaseLogger
  now?: () => number
  threadScript?: URL
  /** How long the end waits for a store elsewhere; 3 s when left out. */
  closeMs?: number
}

/** Opens everything in order: store and pipeline, rooms, server. Throws with a sentence when something cannot be opened. */
export async function openApp(config: Config, world: AppWorld): Promise<App> {
  const inside = await openInside(config, world)
  const { server, engine, accounts } = inside
  try {
    const first = await accounts.firstStart(config)
    const url = await server.listen({ host: config.host, port: config.port, listenTextResolver: (address) => `Waymark ${VERSION} on ${engine.name} listening at ${address}` })
    inside.listensAt(url)
    const snapshots = engine.shared ? null : await offerSnapshots(config.dataDir, inside.sql, () => inside.ingest.settled(config.reportTimeoutMs))
    const work = inside.begin()
    return {
      url,
      server,
      engine: engine.name,
      first,
      died: inside.died,
      inside,
      async close(waitsFor) {
        snapshots?.close()
        await inside.close(waitsFor, () => work.stop())
      },
    }
  } catch (error) {
    await inside.close()
    throw error
  }
}

/** The opened rooms and what they stand on, before anybody can ask: commands use them as they are. */
export interface Inside {
  server: FastifyInstance
  accounts: Accounts
  sql: Sql
  ingest: Ingest
  engine: { name: 'duckdb' | 'postgres'; shared: boolean }
  /** Steps that the schema took at this opening. */
  migrated: readonly string[]
  /** Begins what goes on without being asked: jobs, mailings, webhooks. */
  begin(): { stop(): Promise<void> }
  /** What reads events, and takes in other things, that come from elsewhere. */
  read: { click: Reader; capture: Reader; event: Reader }
  adopt: { link: Adopter; project: Adopter }
  died: Promise<Error>
  /** Tells the rooms at which address they are asked. */
  listensAt(url: string): void
  /** Closes in reverse of the opening; `work` ends before the store does. */
  close(waitsFor?: WaitsFor, work?: () => Promise<void>): Promise<void>
}

/** Opens everything but the server's port. `guard`, where given, says who calls instead of the accounts. Throws as `openApp` does. */
export async function openInside(config: Config, world: AppWorld, guard?: Guard): Promise<Inside> {
  const { log, now = Date.now, threadScript = new URL('./ingest/thread.js', import.meta.url), closeMs = CLOSE_MS } = world
  const metrics = createMetrics()
  const country = openCountries(config.countryDb === null ? null : readFileSync(config.countryDb))
  const { ingest, sql, engine, node, ...started } = await startIngest({ ...config.ingest, store: config.store, country, closeMs, threadScript, now }, metrics, log)
  const limits = await openLimits({ ...config.redis, metrics, log })
  try {
    const settled = (): Promise<void> => ingest.settled(config.reportTimeoutMs)
    const addressOf = (request: FastifyRequest): string =>
      clientAddress(request.socket.remoteAddress ?? '', request.headers['x-forwarded-for'] as string | undefined, config.trusted)
    const failures = metrics.counter('waymark_auth_total', 'Logins, and credentials that were refused, by outcome', ['outcome'])
    const accounts = createAccounts({
      sql,
      jwtSecret: config.jwtSecret,
      tokenMs: config.tokenMs,
      sessionMs: config.sessionMs,
      webhookApiKey: config.webhookApiKey,
      publicUrl: config.publicUrl,
      trusted: config.trusted,
      addressOf,
      now,
      limiterOf: limits.of,
      report(outcome) {
        failures.inc({ outcome })
        if (outcome === 'login') log.info({}, 'login')
      },
    })
    const idempotency = new Idempotency({
      async find(scope, key) {
        await settled()
        return storedAnswer(sql, scope, key, now() - config.ingest.windowMs)
      },
      keep: (scope, key, answer) => keepAnswer(sql, { scope, key, ...answer, createdAt: now() }, config.ingest.windowMs),
    })
    const probe = createProbe(sql)
    const pages = readPages(PAGES)
    const server = createServer({
      guard: guard ?? accounts.guard,
      peopleLimiter: limits.of('admin', config.adminLimit),
      metrics,
      allowedOrigin: config.allowedOrigin,
      astray: pages.send,
      log,
    })
    let url = ''
    const family = {
      sql,
      ingest,
      feed: createFeed(sql, now),
      idempotency,
      reporter: createReporter({ sql, engine: engine.name, settled: () => settled(), timeoutMs: config.reportTimeoutMs, cacheMs: config.reportCacheMs, explains: !config.production }),
      limitKeyOf: (request: FastifyRequest) => limitKey(addressOf(request)),
      reader: { trusted: config.trusted, countryHeader: config.countryHeader },
      shared: engine.shared,
      now,
    }
    const product = productRoom({
      ...family,
      limiter: limits.of('events', config.eventsLimit),
      open: !config.production,
    })
    const links = linksRoom({
      ...family,
      limiter: limits.of('lookup', config.lookupLimit),
      baseUrl: () => config.baseRedirectUrl ?? config.publicUrl ?? url,
      notFoundUrl: config.notFoundUrl,
      honorDnt: config.honorDnt,
      unknownLinks: config.unknownLinks,
      probe,
    })
    const mails = metrics.counter('waymark_mails_total', 'Mails, by whether the mail server took them', ['outcome'])
    const mailer =
      config.mail &&
      (await openMailer(config.mail, (outcome, why) => {
        mails.inc({ outcome })
        if (['failed', 'away', 'doubtful'].includes(outcome)) log.warn({ outcome, why }, 'mail not sent')
      }))
    const partners = partnersRoom({
      ...family,
      mailer,
      limiter: limits.of('analytics', config.analyticsLimit),
      baseUrl: () => config.publicUrl ?? url,
    })

    const tracking = trackingRoom({
      ...family,
      limiter: limits.of('capture', config.captureLimit),
      honorDnt: config.honorDnt,
    })
    const email = emailRoom({
      ...family,
      ...config.email,
      mailer,
      baseUrl: () => config.publicUrl ?? url,
      settled,
      forget: started.forget,
      erase: (address) => privacy.erase({ by: 'email', value: address, project: null }),
      limiterOf: limits.of,
      honorDnt: config.honorDnt,
    })
    const privacy = privacyRoom({ sql, dialect: dialectOf(engine.name), settled, forget: started.forget, anonymizeAfterMs: config.anonymizeAfterMs, retentionMs: config.eventRetentionMs, keepers: [email.keeper], now })
    const webhooks = webhooksRoom({
      sql,
      feed: family.feed,
      links: createLinkFeed(sql, now),
      shared: engine.shared,
      node,
      secret: config.jwtSecret,
      tokenSecret: config.email.secret,
      allowPrivate: config.webhookAllowPrivate,
      allowHttp: !config.production,
      version: VERSION,
      metrics,
      log,
      now,
    })

    await serveReference(server, { version: VERSION, publicUrl: config.publicUrl ?? '/' })
    operationsRoutes(server, { version: VERSION, engine: engine.name, open: !config.production, probe, replicas: started.replicas, sql, metrics })
    servePages(server, pages)
    serveScript(server, SCRIPT, VERSION)
    links.routes(server)
    product.routes(server)
    tracking.routes(server)
    email.routes(server)
    partners.routes(server)
    webhooks.routes(server)
    comparisonRoute(server, { ...family, open: !config.production })
    const live = createLive(sql)
    const endStreams = liveRoute(server, live)
    deadLetterRoutes(server, { sql, settled, replayers: { links: links.replay, product: product.replay, tracking: tracking.replay }, now })
    privacy.routes(server)
    accounts.routes(server)

    await links.open()
    await email.open()
    return {
      server,
      accounts,
      sql,
      ingest,
      engine,
      migrated: started.migrated,
      begin() {
        const jobs = startJobs([...started.jobs, ...email.jobs, ...webhooks.jobs, ...privacy.jobs], { sql, shared: engine.shared, node, now, log })
        const mailings = startJobs(email.mailings, { sql, shared: engine.shared, node, now, log, name: 'mailings', stopMs: MAILS_END_MS })
        webhooks.start()
        return { stop: async () => void (await Promise.all([jobs.stop(), mailings.stop(), webhooks.stop()])) }
      },
      read: { click: links.read, capture: tracking.read, event: product.read },
      adopt: { link: links.adopt, project: product.adopt },
      died: started.died,
      listensAt(address) {
        url = address
      },
      async close(waitsFor = () => undefined, work) {
        live.close()
        endStreams()
        waitsFor('requests')
        await drain(server)
        links.close()
        limits.close()
        waitsFor('jobs, mails and webhooks')
        await work?.()
        mailer?.close()
        await started.close(waitsFor)
      },
    }
  } catch (error) {
    limits.close()
    await started.close()
    throw error
  }
}
