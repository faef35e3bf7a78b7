import { pino } from 'pino'
import { type App, VERSION, openApp } from './app.ts'
import { type Config, ConfigError, readConfig } from './config.ts'
import { Fault } from './core/errors.ts'

/** How long an orderly end may take before the process ends all the same. */
const CLOSE_MS = 9_500

try {
  const config = readConfig()
  const log = pino({ level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (level) => ({ level }) } })
  const opening = openApp(config, { log })

  // Before it listens: whoever reads that it does may send a signal in the same moment.
  let closing = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (closing) return
      closing = true
      log.info({ signal }, 'closing')
      setTimeout(() => process.exit(1), CLOSE_MS).unref()
      opening
        .then((app) => app.close())
        .then(
          () => process.exit(0),
          (error: unknown) => {
            log.error({ err: error }, 'closing failed')
            process.exit(1)
          },
        )
    })
  }

  const app = await opening
  void app.died.then((error) => {
    log.fatal({ err: error }, 'journal or store are gone; what was acknowledged is in the journal, and the next start loads it')
    process.exit(1)
  })
  if (!closing) greet(app, config)
} catch (error) {
  refuse(error)
}

/** Says on the terminal what there is and what to try; the log on standard output stays JSON lines. */
function greet(app: App, config: Config): void {
  const { admin, key } = app.first
  const shown = key?.key ?? (config.webhookApiKey === null ? '<your ingest key>' : '$WEBHOOK_API_KEY')
  const keyLine = key ? `${key.key}   (shown once)` : config.webhookApiKey === null ? 'made at the first start' : 'as set in WEBHOOK_API_KEY'
  const local = config.publicUrl === null && config.baseRedirectUrl === null && !['127.0.0.1', 'localhost', '::1'].includes(config.host)
  const lines = [
    '',
    `  Waymark ${VERSION}`,
    '',
    `  Listening   ${app.url}`,
    `  Reference   ${app.url}/swagger`,
    `  Data        ${config.dataDir}${config.store.databaseUrl === null ? '' : ' (journal), PostgreSQL (store)'}`,
    `  Admin       ${admin.email}${admin.password === null ? '' : `   password: ${admin.password}   (shown once)`}`,
    `  Ingest key  ${keyLine}`,
    ...(local ? ['', `  PUBLIC_URL is not set: links will be handed out as ${app.url}, which other machines cannot open.`] : []),
    '',
    '  Make a link:',
    '',
    `  curl -X POST ${app.url}/api/link-tracking/links -H "X-API-Key: ${shown}" -H "Content-Type: application/json" \\`,
    `    -d '{"original_url": "https://example.com", "link_function": "Website"}'`,
    '',
    '',
  ]
  process.stderr.write(lines.join('\n'))
}

/** A start that fails says why in a sentence; only what nobody foresaw shows a stack. */
function refuse(error: unknown): never {
  const sentence = error instanceof ConfigError || error instanceof Fault || isInUse(error) ? (error as Error).message : null
  const detail = error instanceof Fault ? (error.more.errors ?? []).map(({ field, error: text }) => ` ${field}: ${text}`).join('') : ''
  process.stderr.write(sentence === null ? `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n` : `Waymark cannot start.\n${sentence}${detail}\n`)
  process.exit(1)
}

function isInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL', 'ENOENT', 'ENOTDIR', 'EROFS', 'EPERM', 'ENOSPC'].includes(String(error.code))
}
