// Writes the types of the API that the SDK and the pages speak by, made from the server's own OpenAPI document. Run: npm run types
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { compile } from 'json-schema-to-typescript'

const LINKS = '/api/link-tracking/links'
const CLICKS = '/api/tracking-ingest/batch'
const EVENTS = '/v1/events/batch'
const CAMPAIGNS = '/api/v1/campaigns'
const REPORTS = '/v1/reports'

/** @typedef {Record<string, any>} Json */
/** A name, and the schema in the document; or a part of a named one, as TypeScript says it. @typedef {[string, ((paths: Json) => Json) | string]} Named */

/** The files that are made, with the types in each. @type {Record<string, { says: boolean, types: Named[] }>} */
export const FILES = {
  'clients/node/src/api.ts': {
    says: true,
    types: [
      ['NewLink', (paths) => bodyOf(paths[LINKS].post)],
      ['LinkChange', (paths) => bodyOf(paths[`${LINKS}/{id}`].patch)],
      ['LinkQuery', (paths) => queryOf(paths[LINKS].get)],
      ['StatsQuery', (paths) => queryOf(paths[`${LINKS}/{id}/stats`].get)],
      ['Link', (paths) => answerOf(paths[LINKS].post, 201)],
      ['LinkPage', (paths) => answerOf(paths[LINKS].get)],
      ['MadeLinks', (paths) => answerOf(paths[`${LINKS}/bulk`].post, 201)],
      ['LinkStats', (paths) => answerOf(paths[`${LINKS}/{id}/stats`].get)],
      ['Click', (paths) => bodyOf(paths[CLICKS].post).properties.events.items],
      ['ClickResults', (paths) => answerOf(paths[CLICKS].post).properties.results],
      ['ProductEvent', (paths) => bodyOf(paths[EVENTS].post).properties.events.items],
      ['ProductResults', (paths) => answerOf(paths[EVENTS].post)],
    ],
  },
  'web/api/accounts.ts': {
    says: false,
    types: [
      ['User', (paths) => answerOf(paths['/api/auth/me'].get).properties.user],
      ['Account', (paths) => answerOf(paths['/api/auth/users'].get).properties.users.items],
      ['IngestKey', (paths) => answerOf(paths['/api/keys'].get).properties.keys.items],
      ['HeldOfPerson', (paths) => answerOf(paths['/api/privacy/person'].get)],
    ],
  },
  'web/api/numbers.ts': {
    says: false,
    types: [
      ['Numbers', (paths) => answerOf(paths['/api/numbers'].get)],
      ['SourceNumbers', "Numbers['sources'][number]"],
    ],
  },
  'web/api/tracking.ts': {
    says: false,
    types: [
      ['CampaignStats', (paths) => answerOf(paths['/api/tracking/stats'].get)],
      ['CapturedEvent', "CampaignStats['recent'][number]"],
      ['ReferrerStats', (paths) => answerOf(paths['/api/tracking/referrer/{referrerId}'].get)],
    ],
  },
  'web/api/partners.ts': {
    says: false,
    types: [
      ['Partner', (paths) => answerOf(paths['/api/tracking/partners'].get).properties.partners.items],
      ['PartnerToken', (paths) => answerOf(paths['/api/tracking/partner/create'].post, 201)],
      ['Engagement', (paths) => answerOf(paths['/api/tracking/engagement/{trackingId}'].get)],
    ],
  },
  'web/api/links.ts': {
    says: false,
    types: [
      ['Link', (paths) => answerOf(paths[LINKS].post, 201)],
      ['LinkPage', (paths) => answerOf(paths[LINKS].get)],
      ['ListedLink', "LinkPage['links'][number]"],
      ['LinkStats', (paths) => answerOf(paths[`${LINKS}/{id}/stats`].get)],
    ],
  },
  'web/api/product.ts': {
    says: false,
    types: [
      ['Project', (paths) => answerOf(paths['/v1/projects'].post)],
      ['ProductOverview', (paths) => answerOf(paths[`${REPORTS}/overview`].get)],
      ['ProductSeries', (paths) => answerOf(paths[`${REPORTS}/events-timeseries`].get)],
      ['Funnel', (paths) => answerOf(paths[`${REPORTS}/funnel`].post)],
      ['Retention', (paths) => answerOf(paths[`${REPORTS}/retention`].get)],
      ['Paths', (paths) => answerOf(paths[`${REPORTS}/paths`].post)],
    ],
  },
  'web/api/email.ts': {
    says: false,
    types: [
      ['Lead', (paths) => answerOf(paths['/api/v1/leads/{id}'].get)],
      ['LeadPage', (paths) => answerOf(paths['/api/v1/leads'].get)],
      ['ImportReport', (paths) => answerOf(paths['/api/v1/leads/import'].post)],
      ['MailCampaign', (paths) => answerOf(paths[`${CAMPAIGNS}/{id}`].get)],
      ['MailCampaignPage', (paths) => answerOf(paths[CAMPAIGNS].get)],
      ['MailNumbers', (paths) => answerOf(paths[`${CAMPAIGNS}/analytics`].get)],
      ['Mailing', (paths) => answerOf(paths[`${CAMPAIGNS}/mailings/{id}`].get)],
      ['QueuedMailing', (paths) => answerOf(paths[`${CAMPAIGNS}/send`].post, 202)],
    ],
  },
  'web/api/webhooks.ts': {
    says: false,
    types: [
      ['Webhook', (paths) => answerOf(paths['/api/v1/webhooks'].get).properties.webhooks.items],
      ['WebhookSecret', (paths) => answerOf(paths['/api/v1/webhooks'].post, 201)],
      ['DeliveryPage', (paths) => answerOf(paths['/api/v1/webhooks/{id}/deliveries'].get)],
      ['Delivery', "DeliveryPage['deliveries'][number]"],
    ],
  },
}

/** @type {(route: Json) => Json} */
const bodyOf = (route) => route.requestBody.content['application/json'].schema
/** What a route answers; a report's answer without the explained one beside it. @type {(route: Json, status?: number) => Json} */
const answerOf = (route, status = 200) => {
  const { schema } = route.responses[status].content['application/json']
  return schema.anyOf?.[0] ?? schema
}
/** @type {(route: Json) => Json} */
const queryOf = ({ parameters }) => ({
  type: 'object',
  additionalProperties: false,
  properties: Object.fromEntries(parameters.flatMap((/** @type {Json} */ one) => (one.in === 'query' ? [[one.name, { ...one.schema, description: one.description }]] : []))),
})

/**
 * The text of one of the files, for an OpenAPI document. Throws where the document lacks what is spoken of.
 * @param {string} file
 * @param {Json} spec
 */
export async function typesOf(file, spec) {
  const { says, types } = /** @type {{ says: boolean, types: Named[] }} */ (FILES[file])
  const whole = {
    type: /** @type {const} */ ('object'),
    title: 'Whole',
    additionalProperties: false,
    definitions: Object.fromEntries(types.flatMap(([name, find]) => (typeof find === 'string' ? [] : [[name, plain(find(spec.paths), says)]]))),
  }
  const text = await compile(whole, 'Whole', { bannerComment: '', additionalProperties: false, unreachableDefinitions: true, style: { semi: false, singleQuote: true, printWidth: 160 } })
  const made = text
    .replace(/export interface Whole \{\}\n/, '')
    .replace(/\/\*\*\n \* This interface was referenced by[^]*?\*\/\n/g, '')
    .trim()
  const parts = types.flatMap(([name, part]) => (typeof part === 'string' ? [`export type ${name} = ${part}\n`] : []))
  return `// Made by \`npm run types\` from /apispec.json; changed by nobody else.\n\n${made}\n${parts.join('')}`
}

/**
 * A schema without what a type cannot say: an array of up to 1,000 would be a thousand tuples. Where it says nothing, the type is unknown.
 * `says`: with its descriptions.
 * @type {(schema: any, says: boolean) => any}
 */
function plain(schema, says) {
  if (Array.isArray(schema)) return schema.map((one) => plain(one, says))
  if (schema === null || typeof schema !== 'object') return schema
  const { minItems: _least, maxItems: _most, examples: _examples, ...kept } = schema
  if (Object.keys(kept).join() === 'description') return { ...(says ? kept : {}), tsType: 'unknown' }
  // A field may have this name, and is no text.
  if (!says && typeof kept.description === 'string') delete kept.description
  return Object.fromEntries(Object.entries(kept).map(([name, value]) => [name, plain(value, says)]))
}

/**
 * The document of a server that is started for it.
 * @returns {Promise<Json>}
 */
async function specOfBuilt() {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-types-'))
  const server = spawn(process.execPath, [join(import.meta.dirname, '../dist/waymark.cjs')], { cwd: folder, env: { PATH: process.env.PATH, DATA_DIR: folder, HOST: '127.0.0.1', PORT: '0' }, stdio: ['ignore', 'pipe', 'ignore'] })
  try {
    const url = await new Promise((resolve, reject) => {
      let said = ''
      server.stdout.on('data', (chunk) => {
        said += chunk
        const found = /listening at (http:\/\/[\w.:]+)/.exec(said)
        if (found) resolve(found[1])
      })
      server.once('exit', () => reject(new Error(`The server ended: ${said}`)))
    })
    return /** @type {Json} */ (await (await fetch(`${url}/apispec.json`)).json())
  } finally {
    server.kill('SIGTERM')
    await new Promise((resolve) => (server.exitCode === null ? server.once('exit', resolve) : resolve(undefined)))
    rmSync(folder, { recursive: true, force: true })
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const spec = await specOfBuilt()
  for (const file of Object.keys(FILES)) writeFileSync(join(import.meta.dirname, '..', file), await typesOf(file, spec))
}
