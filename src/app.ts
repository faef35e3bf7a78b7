import { readFileSync } from 'node:fs'
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify'
import { createAccounts, type FirstAdmin, type NewKey } from './accounts/index.ts'
import { clientAddress, limitKey } from './capture/address.ts'
import { openCountries } from './capture/country.ts'
import type { Config } from './config.ts'
import { openMailer } from './email/index.ts'
import { Idempotency } from './http/idempotency.ts'
import { createMetrics } from './http/metrics.ts'
import { serveReference } from './http/openapi.ts'
import { operationsRoutes } from './http/operations.ts'
import { watchMethods } from './http/route.ts'
import { createServer, drain } from './http/server.ts'
import { openLimits } from './http/shared-limits.ts'
import { deadLetterRoutes, startIngest } from './ingest/index.ts'
import { linksRoom } from './links/index.ts'
import { partnersRoom } from './partners/index.ts'
import { privacyRoom } from './privacy/index.ts'
import { productRoom } from './product/index.ts'
import { createReporter } from './reports/index.ts'
import { keepAnswer, storedAnswer } from './store/answers.ts'
import { startJobs } from './store/jobs.ts'
import { createProbe } from './store/probe.ts'
import { trackingRoom } from './tracking/index.ts'

/** The version in package.json. */
export const VERSION = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version

/** The whole server, listening. */
export interface App {
  url: string
  server: FastifyInstance
  engine: string
  /** Made by this start, to be shown once. */
  first: { admin: FirstAdmin; key: NewKey | null }
  /** Fulfilled when the store's thread ends unasked; the process cannot go on then. */
  died: Promise<Error>
  /** Drains and closes, in reverse of the opening. */
  close(): Promise<void>
}

/** What the world gives the server: tests give their own clock and, since worker threads run built code, the built thread. */
export interface AppWorld {
  log: FastifyBaseLogger
  now?: () => number
  threadScript?: URL
}

/** Opens everything in order: store and pipeline, rooms, server. Throws with a sentence when something cannot be opened. */
export async function openApp(config: Config, world: AppWorld): Promise<App> {
  const { log, now = Date.now, threadScript = new URL('./ingest/thread.js', import.meta.url) } = world
  const metrics = createMetrics()
  const country = openCountries(config.countryDb === null ? null : readFileSync(config.countryDb))
  const { ingest, sql, engine, ...started } = await startIngest({ ...config.ingest, store: config.store, country, threadScript, now }, metrics, log)
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
    const server = createServer({ guard: accounts.guard, peopleLimiter: limits.of('admin', config.adminLimit), metrics, allowedOrigin: config.allowedOrigin, log })
    let url = ''
    const family = {
      sql,
      ingest,
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
        if (outcome === 'failed') log.warn({ why }, 'mail not sent')
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
    const privacy = privacyRoom({ sql, settled, forget: started.forget, anonymizeAfterMs: config.anonymizeAfterMs, keepers: [], now })

    const refuseOtherMethods = watchMethods(server)
    await serveReference(server, { version: VERSION, publicUrl: config.publicUrl ?? '/' })
    operationsRoutes(server, { version: VERSION, engine: engine.name, open: !config.production, probe, sql, metrics })
    links.routes(server)
    product.routes(server)
    tracking.routes(server)
    partners.routes(server)
    deadLetterRoutes(server, { sql, settled, replayers: { links: links.replay, product: product.replay, tracking: tracking.replay }, now })
    privacy.routes(server)
    accounts.routes(server)
    refuseOtherMethods()

    const first = await accounts.firstStart(config)
    await links.open()
    url = await server.listen({ host: config.host, port: config.port, listenTextResolver: (address) => `Waymark ${VERSION} on ${engine.name} listening at ${address}` })
    const jobs = startJobs([...started.jobs, ...privacy.jobs], { sql, shared: engine.shared, now, log })
    return {
      url,
      server,
      engine: engine.name,
      first,
      died: started.died,
      async close() {
        await drain(server)
        links.close()
        limits.close()
        mailer?.close()
        await jobs.stop()
        await started.close()
      },
    }
  } catch (error) {
    limits.close()
    await started.close()
    throw error
  }
}
