import { type App, VERSION, openApp } from './app.ts'
import { type Config, readConfig, readEdgeConfig } from './config.ts'
import { openEdge } from './edge/index.ts'
import { keepUp } from './process.ts'

/** Runs the server until a signal ends it, which ends the process. */
export function serve(): Promise<void> {
  return keepUp({
    open: async (logOf) => {
      const config = readConfig()
      return { ...(await openApp(config, { log: logOf(config.logLevel) })), config }
    },
    died: (app) => app.died,
    lastWords: 'journal or store are gone; what was acknowledged is in the journal, and the next start loads it',
    greet: (app) => greet(app, app.config),
  })
}

/** Runs the edge redirector until a signal ends it, which ends the process. */
export function serveEdge(): Promise<void> {
  return keepUp({
    open: (logOf) => {
      const config = readEdgeConfig()
      return openEdge(config, { version: VERSION, log: logOf(config.logLevel) })
    },
    died: (edge) => edge.broken,
    lastWords: 'the journal cannot be written any more; what is in it will be sent after the next start',
  })
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
