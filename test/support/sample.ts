import { ask } from './ask.ts'
import { fillMails } from './sample-mails.ts'
import { between, randomFrom } from './random.ts'

const DAY = 86_400_000
const DAYS = 60
const AGENT = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36'
const LINKS = [
  ['spring-offer', 'https://example.com/spring', 'Spring offer in the newsletter'],
  ['cv-portfolio', 'https://example.com/work', 'Portfolio in applications'],
  ['talk-slides', 'https://example.com/talks/2026', 'QR code on the last slide'],
] as const
const STEPS = ['app_open', 'search', 'add_to_cart', 'purchase'] as const

/** What was made, to be looked at. */
export interface Sample {
  projectKey: string
  /** The partner's token. */
  token: string
}

/**
 * Fills a server with two months of a small shop's traffic up to `now` (UTC ms), the same each time: links and their clicks, a partner's
 * and others' captures, a product's events, mails, a webhook. `headers` are an admin's; the limit of captures must allow some hundred a minute.
 */
export async function fillSample(url: string, { headers, key, now }: { headers: Record<string, string>; key: string; now: number }): Promise<Sample> {
  const random = randomFrom(7)
  const post = async (path: string, body: object, as: Record<string, string> = headers): Promise<unknown> => {
    const answer = await ask(url, 'POST', path, { headers: as, body })
    if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body
  }
  /** Times of the last days, more of them by day and lately. */
  const times = (count: number): string[] => Array.from({ length: count }, () => new Date(now - Math.floor(random() ** 1.5 * DAYS * DAY) - between(random, 0, 3_600_000)).toISOString())
  const one = <T>(of: readonly T[]): T => of[between(random, 0, of.length - 1)] as T

  for (const [tracking_id, original_url, description] of LINKS) await post('/api/link-tracking/links', { tracking_id, original_url, description, link_function: one(['Website', 'LinkedIn', 'Portfolio']) })
  const clicks = times(700).map((clicked_at, at) => ({
    tracking_id: (LINKS[at % 5 === 0 ? 2 : at % 2] ?? LINKS[0])[0],
    clicked_at,
    user_agent: at % 9 === 0 ? 'LinkedInBot/1.0' : AGENT,
    session_id: `s${between(random, 1, 260)}`,
    click_source: one(['website', 'linkedin', 'portfolio']),
    referrer_url: one(['https://www.linkedin.com/feed/', 'https://news.example.org/', null]),
  }))
  await post('/api/tracking-ingest/batch', { events: clicks }, { 'x-api-key': key })

  const { accessToken: token } = (await post('/api/tracking/partner/create', { trackingId: 'mara', partnerName: 'Mara Lind', email: 'mara@example.com' })) as { accessToken: string }
  await post('/api/tracking/partner/create', { trackingId: 'podcast', partnerName: 'The Morning Podcast' })
  const captures = times(260).map((timestamp) => {
    const eventType = random() < 0.25 ? 'outbound' : 'inbound'
    const destination = eventType === 'outbound' ? { destinationUrl: one(['https://www.kickstarter.com/projects/x', 'https://shop.example.com/cart']) } : {}
    return { referrer: one(['mara', 'mara', 'podcast', 'newsletter']), campaign: one(['launch', 'launch', 'autumn', 'webinar']), landingPage: one(['/', '/offer', '/pricing']), originalSource: one(['instagram', 'mail', 'direct']), eventType, timestamp, sessionId: `v${between(random, 1, 120)}`, userAgent: AGENT, ...destination }
  })
  for (const capture of captures) await post('/api/tracking/capture', capture, {})

  const { projectKey } = (await post('/v1/projects', { name: 'Shop app' })) as { projectKey: string }
  const events = times(230).flatMap((first, user) => {
    const reached = 1 + [0.8, 0.55, 0.6].findIndex((chance) => random() > chance)
    const steps = STEPS.slice(0, reached === 0 ? STEPS.length : reached)
    return steps.map((eventName, at) => ({ eventName, userId: `user-${user % 140}`, timestamp: new Date(Math.min(now, Date.parse(first) + at * between(random, 30_000, 400_000))).toISOString(), properties: { plan: user % 3 === 0 ? 'pro' : 'free' } }))
  })
  await post('/v1/events/batch', { projectKey, events }, {})
  await fillMails(url, { post, headers, key, now, agent: AGENT })
  return { projectKey, token }
}

/** The address of every page, with what each shows of a sample. */
export function sampleAddresses({ projectKey, token }: Sample): [name: string, path: string][] {
  return [
    ['login', '/login'],
    ['overview', '/?tz=UTC&period=7d'],
    ['links', '/links'],
    ['link', '/links/spring-offer?tz=UTC'],
    ['tracking-dashboard', '/tracking-dashboard?tz=UTC'],
    ['referrer', '/tracking-dashboard?tz=UTC&referrer=mara'],
    ['email', '/email'],
    ['campaign', '/email/campaigns/1?tz=UTC&period=7d'],
    ['leads', '/email/leads?q=ada'],
    ['tracking-admin', '/tracking-admin'],
    ['engagement-public', '/engagement/mara'],
    ['engagement', `/engagement/mara?token=${token}`],
    ['projects', '/product'],
    ['project', `/product/${projectKey}?tz=UTC`],
    ['funnel', `/product/${projectKey}?tz=UTC&report=funnel&steps=${STEPS.join('%0A')}`],
    ['retention', `/product/${projectKey}?tz=UTC&period=90d&report=retention`],
    ['paths', `/product/${projectKey}?tz=UTC&report=paths&start=app_open`],
    ['settings-account', '/settings'],
    ['settings-users', '/settings/users'],
    ['settings-keys', '/settings/keys'],
    ['settings-webhooks', '/settings/webhooks'],
    ['settings-privacy', '/settings/privacy'],
    ['settings-system', '/settings/system'],
  ]
}
