import { Validator } from '@seriousme/openapi-schema-validator'
import Ajv2020 from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../support/app.ts'
import { onEveryEngine } from '../support/engines.ts'

type Schema = Record<string, unknown>

interface Operation {
  tags?: string[]
  summary?: string
  description?: string
  security?: Record<string, string[]>[]
  parameters?: { name: string; in: string; required?: boolean; schema: Schema }[]
  requestBody?: { required?: boolean; content: Record<string, { schema: Schema }> }
  responses: Record<string, { description: string; content?: Record<string, { schema?: Schema }> }>
}

interface Document {
  openapi: string
  info: { title: string; version: string }
  servers: { url: string }[]
  tags: { name: string }[]
  paths: Record<string, Record<string, Operation>>
  components: { securitySchemes: Record<string, object> }
}

/** What each kind of caller shows, as the document names it. */
const SHOWN: Record<string, string> = { 'ingest key': 'ingestKey', viewer: 'session', admin: 'session' }

onEveryEngine('the API reference', (engine) => {
  let app: TestApp
  let document: Document
  let operations: [name: string, operation: Operation, path: string][]
  beforeAll(async () => {
    app = await testApp(engine)
    document = (await app.ask('GET', '/apispec.json')).body as Document
    operations = Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]): [string, Operation, string] => [`${method.toUpperCase()} ${path}`, operation, path]))
  })
  afterAll(() => app.close())

  test('is OpenAPI 3.1, of this version', async () => {
    const { body } = await app.ask('GET', '/health')
    expect(document).toMatchObject({ openapi: expect.stringMatching(/^3\.1\.\d$/), info: { title: 'Waymark', version: (body as { version: string }).version }, servers: [{ url: '/' }] })
    expect(document.components.securitySchemes).toEqual({
      ingestKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: expect.any(String) },
      session: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: expect.any(String) },
    })
  })

  test('is valid by the schema of OpenAPI 3.1', async () => {
    expect(await new Validator().validate({ ...document })).toEqual({ valid: true })
  })

  test('has every route and no other path', () => {
    expect(operations.map(([name]) => name).sort()).toEqual(
      [
        'GET /api/auth/me', 'GET /api/auth/users', 'PATCH /api/auth/users/{id}', 'POST /api/auth/users', 'POST /api/auth/logout', 'POST /api/auth/password', 'POST /api/auth/refresh',
        'GET /api/dead-letters', 'GET /api/keys', 'GET /api/link-tracking/links', 'GET /api/link-tracking/links/{id}', 'GET /api/link-tracking/links/{id}/qr',
        'DELETE /api/privacy/person', 'GET /api/privacy/person',
        'GET /api/link-tracking/links/{id}/stats', 'GET /api/link-tracking/lookup/{tracking_id}', 'GET /api/link-tracking/sync', 'GET /api/tracking-ingest/health', 'GET /apispec.json',
        'GET /calendly', 'GET /db/health', 'GET /github', 'GET /health', 'GET /link', 'GET /linkedin', 'GET /metrics', 'GET /portfolio', 'GET /track/{id}', 'GET /waymark.js', 'GET /website',
        'PATCH /api/link-tracking/links/{id}', 'POST /api/auth/login', 'POST /api/dead-letters/replay', 'POST /api/keys', 'POST /api/keys/{id}/revoke', 'POST /api/link-tracking/links',
        'POST /api/link-tracking/links/bulk', 'POST /api/tracking-ingest/batch', 'POST /api/tracking-ingest/test', 'POST /db/test-insert',
        'GET /api/tracking/referrer/{referrerId}', 'GET /api/tracking/stats', 'POST /api/tracking/capture',
        'GET /api/v1/tracking/open/{token}', 'GET /api/v1/tracking/click/{token}', 'GET /api/v1/tracking/unsubscribe/{token}', 'POST /api/v1/tracking/unsubscribe/{token}',
        'GET /api/v1/tracking/unsubscribe-confirm', 'POST /api/v1/tracking/unsubscribe-confirm',
        'POST /api/v1/leads', 'GET /api/v1/leads', 'POST /api/v1/leads/import', 'GET /api/v1/leads/{id}', 'PATCH /api/v1/leads/{id}', 'DELETE /api/v1/leads/{id}',
        'GET /api/live', 'GET /api/numbers',
        'GET /v1/projects', 'POST /v1/projects', 'PATCH /v1/projects/{projectKey}', 'POST /v1/events/batch', 'GET /v1/reports/conversion', 'GET /v1/reports/events-timeseries',
        'GET /v1/reports/overview', 'GET /v1/reports/retention', 'GET /v1/reports/top-events', 'POST /v1/reports/funnel', 'POST /v1/reports/paths', 'POST /v1/reports/query',
        'GET /api/tracking/engagement/{trackingId}', 'GET /api/tracking/partners', 'POST /api/tracking/partner/create', 'POST /api/tracking/partner/{trackingId}/revoke', 'POST /api/tracking/partner/{trackingId}/rotate',
        'GET /api/v1/campaigns', 'POST /api/v1/campaigns', 'GET /api/v1/campaigns/{id}', 'PATCH /api/v1/campaigns/{id}', 'POST /api/v1/campaigns/tracking-token', 'POST /api/v1/campaigns/send', 'GET /api/v1/campaigns/analytics',
        'GET /api/v1/campaigns/{id}/mailings', 'GET /api/v1/campaigns/mailings/{id}', 'GET /api/v1/campaigns/mailings/{id}/messages', 'POST /api/v1/campaigns/mailings/{id}/cancel', 'POST /api/v1/campaigns/messages/{id}/retry',
        'GET /api/v1/webhooks', 'POST /api/v1/webhooks', 'DELETE /api/v1/webhooks/{id}', 'PATCH /api/v1/webhooks/{id}', 'GET /api/v1/webhooks/{id}/deliveries', 'POST /api/v1/webhooks/{id}/rotate',
        'POST /api/v1/webhooks/{id}/test', 'POST /api/v1/webhooks/deliveries/{id}/replay',
      ].sort(),
    )
  })

  test('says of every operation what it is, of which family, and who may call it', () => {
    const families = document.tags.map(({ name }) => name)
    for (const [name, { tags, summary, description, security }] of operations) {
      expect([name, tags?.length, summary]).toEqual([name, 1, expect.stringMatching(/^[A-Z].{3,}[^.]$/)])
      expect([name, families.includes(tags?.[0] ?? '')]).toEqual([name, true])
      const who = /Who may call: (.+)\.$/.exec(description ?? '')?.[1]?.split(' or ') ?? []
      expect([name, who.length > 0]).toEqual([name, true])
      const schemes = [...new Set(who.flatMap((one) => SHOWN[one] ?? []))]
      expect([name, security]).toEqual([name, schemes.map((scheme) => ({ [scheme]: [] }))])
    }
  })

  test('declares the parameters of every path, and no other in it', () => {
    for (const [name, { parameters = [] }, path] of operations) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter)
      expect([name, parameters.filter((parameter) => parameter.in === 'path').map((parameter) => [parameter.name, parameter.required])]).toEqual([name, inPath.map((parameter) => [parameter, true])])
      for (const parameter of parameters) expect([name, parameter]).toEqual([name, expect.objectContaining({ in: expect.stringMatching(/^(path|query|header)$/), schema: expect.any(Object) })])
      expect([name, new Set(parameters.map((parameter) => `${parameter.in} ${parameter.name}`)).size]).toEqual([name, parameters.length])
    }
  })

  test('has schemas that are JSON Schema 2020-12, and answers that are described', () => {
    const ajv = new Ajv2020.default({ strict: false, allErrors: true, validateFormats: false })
    for (const [name, { parameters = [], requestBody, responses }] of operations) {
      const answers = Object.entries(responses)
      expect([name, answers.length > 0]).toEqual([name, true])
      for (const [status, { description }] of answers) expect([name, status, description]).toEqual([name, expect.stringMatching(/^[1-5]\d\d$|^default$/), expect.stringMatching(/./)])
      const schemas = [
        ...parameters.map(({ schema }) => schema),
        ...Object.values(requestBody?.content ?? {}).map(({ schema }) => schema),
        ...answers.flatMap(([, { content }]) => Object.values(content ?? {}).flatMap(({ schema }) => (schema ? [schema] : []))),
      ]
      for (const schema of schemas) expect([name, schema, ajv.validateSchema(schema), ajv.errors]).toEqual([name, schema, true, null])
    }
  })

  test('says what every answer is', () => {
    const silent = operations.filter(([, { responses }]) => Object.entries(responses).some(([status, { content = {} }]) => /^2(?!04)/.test(status) && !Object.values(content).some(({ schema }) => schema !== undefined)))
    // Its own document, which says so itself.
    expect(silent.map(([name]) => name)).toEqual(['GET /apispec.json'])
  })

  describe('keeps its word', () => {
    /** Whether what the server answers is what the document says of that status. */
    const breaches = (name: string, status: number, body: unknown): unknown => {
      const operation = operations.find(([one]) => one === name)?.[1]
      const schema = operation?.responses[status]?.content?.['application/json']?.schema
      if (schema === undefined) return `${name} says nothing of ${status}`
      const validate = new Ajv2020.default({ strict: false, validateFormats: false }).compile(schema)
      return validate(body) ? null : validate.errors
    }

    test.each<[name: string, status: number, method: string, path: string, body?: object]>([
      ['POST /api/link-tracking/links', 201, 'POST', '/api/link-tracking/links', { original_url: 'https://example.com/', tracking_id: 'known', metadata: { a: 1 }, expires_at: '2027-01-01' }],
      ['POST /api/link-tracking/links', 409, 'POST', '/api/link-tracking/links', { original_url: 'https://example.com/', tracking_id: 'known' }],
      ['POST /api/link-tracking/links', 400, 'POST', '/api/link-tracking/links', {}],
      ['POST /api/link-tracking/links/bulk', 207, 'POST', '/api/link-tracking/links/bulk', { links: [{ original_url: 'https://example.com/' }, null] }],
      ['GET /api/link-tracking/links', 200, 'GET', '/api/link-tracking/links'],
      ['GET /api/link-tracking/links', 200, 'GET', '/api/link-tracking/links?counts=true'],
      ['GET /api/link-tracking/links/{id}', 200, 'GET', '/api/link-tracking/links/known'],
      ['GET /health', 200, 'GET', '/health'],
      ['GET /db/health', 200, 'GET', '/db/health'],
      ['POST /db/test-insert', 200, 'POST', '/db/test-insert'],
      ['GET /api/link-tracking/links/{id}', 404, 'GET', '/api/link-tracking/links/nobody'],
      ['PATCH /api/link-tracking/links/{id}', 200, 'PATCH', '/api/link-tracking/links/known', { description: 'changed' }],
      ['POST /api/tracking-ingest/batch', 200, 'POST', '/api/tracking-ingest/batch', { events: [{ tracking_id: 'known', ip_address: '203.0.113.1' }] }],
      ['POST /api/tracking-ingest/batch', 207, 'POST', '/api/tracking-ingest/batch', { events: [{ tracking_id: 'known' }, null] }],
      ['POST /api/tracking-ingest/batch', 400, 'POST', '/api/tracking-ingest/batch', { events: [null] }],
      ['POST /api/tracking-ingest/batch', 400, 'POST', '/api/tracking-ingest/batch', {}],
      ['GET /api/link-tracking/links/{id}/stats', 200, 'GET', '/api/link-tracking/links/known/stats'],
      ['GET /api/link-tracking/lookup/{tracking_id}', 200, 'GET', '/api/link-tracking/lookup/known'],
      ['GET /api/link-tracking/lookup/{tracking_id}', 404, 'GET', '/api/link-tracking/lookup/nobody'],
      ['GET /api/link-tracking/sync', 200, 'GET', '/api/link-tracking/sync'],
      ['POST /api/tracking-ingest/test', 200, 'POST', '/api/tracking-ingest/test'],
      ['GET /api/tracking-ingest/health', 200, 'GET', '/api/tracking-ingest/health'],
    ])('%s, %i', async (name, status, method, path, body) => {
      const answer = await app.ask(method, path, { headers: await app.as('key'), ...(body ? { body } : {}) })
      expect([answer.status, breaches(name, answer.status, answer.body)]).toEqual([status, null])
    })

    test('the campaigns', async () => {
      const headers = await app.as('admin')
      for (const [name, status, path, question] of [
        ['POST /api/tracking/capture', 200, '/api/tracking/capture', { body: { referrer: 'r', campaign: 'c', landingPage: '/', eventId: 'e' } }],
        ['POST /api/tracking/capture', 200, '/api/tracking/capture', { body: { referrer: 'r', campaign: 'c', landingPage: '/', eventId: 'e' } }],
        ['POST /api/tracking/capture', 400, '/api/tracking/capture', { body: {} }],
        ['GET /api/tracking/stats', 200, '/api/tracking/stats', {}],
        ['GET /api/tracking/stats', 200, '/api/tracking/stats?explain', {}],
        ['GET /api/numbers', 200, '/api/numbers?from=2026-11-21&to=2026-11-22', {}],
        ['GET /api/numbers', 400, '/api/numbers', {}],
        ['GET /api/tracking/stats', 400, '/api/tracking/stats?from=x', {}],
        ['GET /api/tracking/referrer/{referrerId}', 200, '/api/tracking/referrer/r?limit=1', {}],
      ] as const) {
        const answer = await app.ask(name.split(' ')[0] ?? '', path, { ...(name.startsWith('GET') ? { headers } : {}), ...question })
        expect([name, answer.status, breaches(name, answer.status, answer.body)]).toEqual([name, status, null])
      }
    })

    test('the mails', async () => {
      const headers = await app.as('key')
      for (const [name, status, path, question] of [
        ['POST /api/v1/leads', 201, '/api/v1/leads', { body: { email: 'known@example.com', fields: { a: 1 } } }],
        ['POST /api/v1/leads', 409, '/api/v1/leads', { body: { email: 'known@example.com' } }],
        ['POST /api/v1/leads', 400, '/api/v1/leads', { body: {} }],
        ['POST /api/v1/leads/import', 200, '/api/v1/leads/import', { body: 'email\nknown@example.com\n', headers: { 'content-type': 'text/csv' } }],
        ['POST /api/v1/leads/import', 207, '/api/v1/leads/import', { body: 'email\nknown@example.com\nx\n', headers: { 'content-type': 'text/csv' } }],
        ['POST /api/v1/leads/import', 400, '/api/v1/leads/import', { body: 'email\nx\n', headers: { 'content-type': 'text/csv' } }],
        ['GET /api/v1/leads', 200, '/api/v1/leads', {}],
        ['GET /api/v1/leads', 400, '/api/v1/leads?limit=0', {}],
        ['GET /api/v1/leads/{id}', 200, '/api/v1/leads/1', {}],
        ['GET /api/v1/leads/{id}', 404, '/api/v1/leads/99', {}],
        ['PATCH /api/v1/leads/{id}', 200, '/api/v1/leads/1', { body: { first_name: 'Ada' } }],
        ['GET /api/v1/tracking/click/{token}', 400, '/api/v1/tracking/click/x', {}],
        ['DELETE /api/v1/leads/{id}', 200, '/api/v1/leads/1', {}],
      ] as const) {
        const answer = await app.ask(name.split(' ')[0] ?? '', path, { ...question, headers: { ...headers, ...('headers' in question ? question.headers : {}) } })
        expect([name, answer.status, breaches(name, answer.status, answer.body)]).toEqual([name, status, null])
      }
    })

    test('campaigns and mailings', async () => {
      const headers = await app.as('admin')
      const none = '00000000-0000-7000-8000-000000000000'
      for (const [name, status, path, body] of [
        ['POST /api/v1/campaigns', 201, '', { name: 'Autumn' }],
        ['POST /api/v1/campaigns', 400, '', {}],
        ['GET /api/v1/campaigns', 200, '', null],
        ['GET /api/v1/campaigns/{id}', 200, '/1', null],
        ['GET /api/v1/campaigns/{id}', 404, '/2', null],
        ['PATCH /api/v1/campaigns/{id}', 200, '/1', { html: '<p>Hello</p>' }],
        ['POST /api/v1/campaigns/tracking-token', 404, '/tracking-token', { campaign_id: 1, lead_id: 1 }],
        ['POST /api/v1/campaigns/send', 503, '/send', { campaign_id: 1, all: true }],
        ['GET /api/v1/campaigns/analytics', 200, '/analytics?campaign_id=1', null],
        ['GET /api/v1/campaigns/analytics', 200, '/analytics?explain', null],
        ['GET /api/v1/campaigns/analytics', 404, '/analytics?campaign_id=2', null],
        ['GET /api/v1/campaigns/{id}/mailings', 200, '/1/mailings', null],
        ['GET /api/v1/campaigns/mailings/{id}', 404, `/mailings/${none}`, null],
        ['POST /api/v1/campaigns/messages/{id}/retry', 404, `/messages/${none}/retry`, null],
      ] as const) {
        const answer = await app.ask(name.split(' ')[0] ?? '', `/api/v1/campaigns${path}`, { headers, ...(body ? { body } : {}) })
        expect([name, answer.status, breaches(name, answer.status, answer.body)]).toEqual([name, status, null])
      }
    })

    test('the webhooks', async () => {
      const headers = await app.as('admin')
      const made = await app.ask('POST', '/api/v1/webhooks', { headers, body: { url: 'https://8.8.8.8/', events: ['link.clicked'], is_active: false } })
      expect([made.status, breaches('POST /api/v1/webhooks', 201, made.body)]).toEqual([201, null])
      const { id } = made.body as { id: string }
      for (const [name, status, question] of [
        ['POST /api/v1/webhooks', 400, { body: {} }],
        ['GET /api/v1/webhooks', 200, {}],
        ['PATCH /api/v1/webhooks/{id}', 200, { body: { description: 'known' } }],
        ['PATCH /api/v1/webhooks/{id}', 400, { body: { events: [] } }],
        ['POST /api/v1/webhooks/{id}/rotate', 200, {}],
        ['GET /api/v1/webhooks/{id}/deliveries', 200, {}],
        ['POST /api/v1/webhooks/deliveries/{id}/replay', 404, {}],
      ] as const) {
        const answer = await app.ask(name.split(' ')[0] ?? '', name.split(' ')[1]?.replace('{id}', id) ?? '', { headers, ...question })
        expect([name, answer.status, breaches(name, answer.status, answer.body)]).toEqual([name, status, null])
      }
    })

    test('accounts, keys and partners', async () => {
      const headers = await app.as('admin')
      for (const [name, status, question] of [
        ['GET /api/auth/me', 200, {}],
        ['POST /api/auth/users', 201, { body: { email: 'eve@example.com', password: 'battery staple' } }],
        ['POST /api/auth/users', 409, { body: { email: 'eve@example.com', password: 'battery staple' } }],
        ['GET /api/auth/users', 200, {}],
        ['POST /api/auth/refresh', 200, {}],
        ['POST /api/keys', 201, { body: { name: 'a key' } }],
        ['GET /api/keys', 200, {}],
        ['POST /api/tracking/partner/create', 201, { body: { trackingId: 'known' } }],
        ['POST /api/tracking/partner/create', 409, { body: { trackingId: 'known' } }],
        ['POST /api/tracking/partner/create', 400, { body: {} }],
        ['GET /api/tracking/partners', 200, {}],
        ['POST /api/tracking/partner/{trackingId}/revoke', 200, {}],
        ['POST /api/tracking/partner/{trackingId}/rotate', 200, { body: { sendInvite: false } }],
        ['POST /api/tracking/partner/{trackingId}/rotate', 400, { body: { expiresInDays: 0 } }],
        ['GET /api/tracking/engagement/{trackingId}', 200, {}],
      ] as const) {
        const answer = await app.ask(name.split(' ')[0] ?? '', name.split(' ')[1]?.replace('{trackingId}', 'known') ?? '', { headers, ...question })
        expect([answer.status, breaches(name, answer.status, answer.body)]).toEqual([status, null])
      }
    })
  })

  test('can be read by people, without anything from elsewhere', async () => {
    const page = await app.ask('GET', '/swagger')
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
    const policy = String(page.headers['content-security-policy'])
    expect(policy).toContain("default-src 'self'")
    expect(policy).not.toMatch(/script-src[^;]*'unsafe-inline'|'unsafe-eval'|upgrade-insecure-requests/)
    const files = [...String(page.body).matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file ?? '')
    expect(files.length).toBeGreaterThan(3)
    for (const file of files) {
      expect(file).toMatch(/^\.?\/(?!\/)/)
      expect([file, (await app.ask('GET', new URL(file, `${app.url}/swagger`).pathname)).status]).toEqual([file, 200])
    }
  })
})
