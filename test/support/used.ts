import { CHROME, type TestApp } from './app.ts'

const HOSTILE = ['=cmd()', "'quoted", '@x', '-1', 'a,"b"\r\nc', 'naïve ☂']

/** Everything that reports say of a server's events, whole. */
export async function numbers(app: TestApp, links: string[], project: string): Promise<unknown[]> {
  const paths = [
    ...links.map((id) => `/api/link-tracking/links/${id}/stats`),
    '/api/tracking/stats',
    '/api/tracking/referrer/john',
    ...['overview', 'top-events', 'events-timeseries', 'conversion', 'retention', 'paths'].map((name) => `/v1/reports/${name}?projectKey=${project}&eventName=bought&startEvent=opened`),
    `/v1/projects?projectKey=${project}`,
  ]
  const answers = []
  for (const path of paths) answers.push({ path, ...(await app.get(path, { as: 'viewer' })) })
  answers.push(await app.post('/v1/reports/funnel', { projectKey: project, steps: ['opened', 'bought'] }, { as: 'viewer' }))
  return answers.map(({ status, body }) => ({ status, body }))
}

/** A server on which something of each family has happened; gives what identifies it. */
export async function used(app: TestApp): Promise<{ links: string[]; project: string }> {
  const links = ['one', 'two', 'off']
  await app.given.link({ tracking_id: 'one', campaign: 'spring', partner: 'john', metadata: { a: [1, 'x'] }, description: "'=1+1" })
  await app.given.link({ tracking_id: 'two', expires_at: '2030-01-01T00:00:00Z' })
  await app.given.link({ tracking_id: 'off' })
  await app.patch('/api/link-tracking/links/off', { is_active: false })
  await app.click('/website?uuid=one', { referer: 'https://indeed.com/job/1' })
  await app.click('/website?uuid=one', { 'user-agent': 'curl/8.5.0' })
  await app.given.clicks([
    ...HOSTILE.map((text, at) => ({ tracking_id: 'two', event_id: `c-${at}`, clicked_at: '2026-11-20T10:00:00Z', ip_address: `203.0.113.${at}`, user_agent: CHROME, click_source: text.slice(0, 50), session_id: text, metadata: { text } })),
    { tracking_id: 'nobody-made-it' },
  ])
  for (const [at, text] of HOSTILE.entries()) {
    await app.post('/api/tracking/capture', { referrer: 'john', campaign: text, landingPage: `/${text}`, eventType: at % 2 ? 'outbound' : 'inbound', destinationUrl: 'https://kickstarter.com/x', sessionId: `s-${at}` })
  }
  const { body } = await app.post('/v1/projects', { name: '=Demo' })
  const project = (body as { projectKey: string }).projectKey
  await app.post('/v1/events/batch', {
    projectKey: project,
    events: [
      { eventName: 'opened', timestamp: '2026-11-19T08:00:00Z', anonymousId: 'a' },
      { eventName: 'opened', timestamp: '2026-11-19T09:00:00Z', anonymousId: 'b', eventId: 'once' },
      { eventName: 'bought', timestamp: '2026-11-20T09:00:00Z', anonymousId: 'a', userId: 'u', properties: { plan: 'pro', deep: { n: 1.5 } } },
      { eventName: 'bought', timestamp: '2026-11-21T09:00:00Z', userId: 'u' },
      { eventName: 'opened', anonymousId: 'no-time' },
    ],
  })
  return { links, project }
}
