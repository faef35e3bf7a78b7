import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { CHROME, START, type TestApp, testApp } from '../support/app.ts'
import { onEveryEngine } from '../support/engines.ts'
import { type Mailbox, openMailbox } from '../support/mailbox.ts'

const DAY = 86_400_000
const CREATE = '/api/tracking/partner/create'
const JOHN = { trackingId: 'partner_john', partnerName: 'John Smith', email: 'john@example.com' }

interface Shown {
  accessToken: string
  dashboardUrl: string
}

/** 1,250 events of which 340 are outbound, over the 40 days before now, as the example of the requirement has them. */
const johns: Capture[] = [
  ...captures(450, { campaign: 'facebook_nov' }, 0),
  ...captures(320, { campaign: 'instagram_story' }, 1),
  ...captures(140, { campaign: 'newsletter' }, 2),
  ...captures(200, { eventType: 'outbound', campaign: 'shop', destinationUrl: 'https://www.kickstarter.com/projects/1' }, 3),
  ...captures(80, { eventType: 'outbound', campaign: 'shop', destinationUrl: 'https://kickstarter.com:8443/projects/2?x=/' }, 35),
  ...captures(60, { eventType: 'outbound', campaign: 'shop', destinationUrl: 'https://instagram.com/' }, 0),
]

interface Capture {
  referrer: string
  campaign: string
  landingPage: string
  timestamp: string
  userAgent: string
  eventType?: 'outbound'
  destinationUrl?: string
}

function captures(count: number, capture: Partial<Capture>, daysAgo: number): Capture[] {
  return Array.from({ length: count }, (_, at) => ({
    referrer: 'partner_john',
    campaign: 'none',
    landingPage: '/',
    timestamp: new Date(START - daysAgo * DAY - at).toISOString(),
    userAgent: CHROME,
    ...capture,
  }))
}

onEveryEngine('partners', (engine) => {
  let app: TestApp
  let mailbox: Mailbox
  beforeAll(async () => {
    mailbox = await openMailbox()
    app = await testApp(engine, {
      env: { PUBLIC_URL: 'https://waymark.example.com', SMTP_URL: mailbox.url, EMAIL_FROM: 'Waymark <hello@example.com>', RATE_LIMIT_ANALYTICS: '1000' },
    })
    await given(johns)
  })
  afterAll(async () => {
    await app.close()
    await mailbox.close()
  })

  beforeEach(() => {
    app.clock.at = START
  })

  /** Captures as a page tells them, some at a time. */
  const given = async (all: readonly Capture[]) => {
    for (let at = 0; at < all.length; at += 50) {
      const answers = await Promise.all(all.slice(at, at + 50).map((capture) => app.post('/api/tracking/capture', capture)))
      expect(answers.map(({ status }) => status).filter((status) => status !== 200)).toEqual([])
    }
  }
  const admin = (path: string, body?: object) => app.post(path, body, { as: 'admin' })
  const create = async (partner: object) => (await admin(CREATE, partner)).body as Shown
  const numbers = (id: string, query = '') => app.ask('GET', `/api/tracking/engagement/${id}${query}`)
  const listed = async () => ((await app.get('/api/tracking/partners', { as: 'admin' })).body as { partners: Record<string, unknown>[] }).partners
  const refused = { status: 403, body: { success: false, error: 'This token does not open these numbers: it is wrong, has expired or was revoked.' } }

  describe('from the first day to the last', () => {
    let token = ''

    test('one is made and invited, and the token is shown once', async () => {
      const { status, headers, body } = await admin(CREATE, { ...JOHN, expiresInDays: 365, sendInvite: true, unknown: 'kept out' })
      token = (body as Shown).accessToken
      expect([status, headers['cache-control'], body]).toEqual([
        201,
        'no-store',
        {
          success: true,
          trackingId: 'partner_john',
          accessToken: expect.stringMatching(/^wmp_[\w-]{43}$/),
          dashboardUrl: `https://waymark.example.com/engagement/partner_john?token=${token}`,
          expiresAt: '2027-11-22T14:30:00.000Z',
          inviteSent: true,
        },
      ])
      expect(mailbox.mails).toEqual([
        {
          from: 'hello@example.com',
          to: ['john@example.com'],
          headers: expect.objectContaining({ from: ['Waymark <hello@example.com>'], to: ['john@example.com'], subject: ['Your dashboard'], 'content-type': ['text/plain; charset=utf-8'] }),
          html: null,
          text: expect.stringContaining(`Hello John Smith,\n\nhere you see what comes of your recommendations (partner_john):\n\nhttps://waymark.example.com/engagement/partner_john?token=${token}\n\nThe address works until 22 November 2027.`),
        },
      ])
      expect(await app.metric('waymark_mails_total{outcome="sent"}')).toBe(1)
      expect(await listed()).toEqual([
        { id: expect.stringMatching(/^[0-9a-f-]{36}$/), ...JOHN, createdAt: '2026-11-22T14:30:00.000Z', isActive: true, expiresAt: '2027-11-22T14:30:00.000Z', lastSeenAt: null },
      ])
    })

    const totals = { totalClicks: 1_250, humanClicks: 1_250, machineClicks: 0, totalConversions: 340, humanConversions: 340, machineConversions: 0, conversionRate: 27 }
    const clicks = (count: number) => ({ clicks: count, humanClicks: count, machineClicks: 0 })

    test('anybody sees the totals and the days, and no more', async () => {
      const { status, headers, body } = await numbers('partner_john')
      expect([status, body]).toEqual([
        200,
        {
          trackingId: 'partner_john',
          access: 'public',
          ...totals,
          topCampaigns: [],
          destinations: [],
          recentActivity: [],
          clicksByDay: [
            { date: '2026-11-22', ...clicks(510) },
            { date: '2026-11-21', ...clicks(320) },
            { date: '2026-11-20', ...clicks(140) },
            { date: '2026-11-19', ...clicks(200) },
            ...Array.from({ length: 26 }, (_, ago) => ({ date: new Date(START - (ago + 4) * DAY).toISOString().slice(0, 10), ...clicks(0) })),
          ],
        },
      ])
      expect(headers).toMatchObject({ 'cache-control': 'private, no-store', 'referrer-policy': 'no-referrer' })
    })

    test('the partner sees all of it', async () => {
      const { status, body } = await numbers('partner_john', `?token=${token}&days=1`)
      expect([status, body]).toEqual([
        200,
        {
          trackingId: 'partner_john',
          access: 'private',
          ...totals,
          topCampaigns: [
            { campaign: 'facebook_nov', ...clicks(450) },
            { campaign: 'shop', ...clicks(340) },
            { campaign: 'instagram_story', ...clicks(320) },
            { campaign: 'newsletter', ...clicks(140) },
          ],
          destinations: [
            { name: 'Kickstarter', ...clicks(280) },
            { name: 'Instagram', ...clicks(60) },
          ],
          recentActivity: expect.any(Array),
          clicksByDay: [{ date: '2026-11-22', ...clicks(510) }],
        },
      ])
      const { recentActivity } = body as { recentActivity: { timestamp: string }[] }
      expect(recentActivity).toHaveLength(50)
      expect(recentActivity.slice(0, 2)).toEqual(
        expect.arrayContaining([
          { timestamp: '2026-11-22T14:30:00.000Z', campaign: 'facebook_nov', destination: null, eventType: 'inbound', machine: false },
          { timestamp: '2026-11-22T14:30:00.000Z', campaign: 'shop', destination: 'Instagram', eventType: 'outbound', machine: false },
        ]),
      )
      expect(recentActivity.map(({ timestamp }) => timestamp)).toEqual(recentActivity.map(({ timestamp }) => timestamp).sort().reverse())
    })

    test('when the partner last looked is known to the minute; HEAD and refused tokens are no look', async () => {
      expect((await listed())[0]?.lastSeenAt).toBe('2026-11-22T14:30:00.000Z')
      app.clock.at = START + 59_000
      await numbers('partner_john', `?token=${token}`)
      app.clock.at = START + 90_000
      await app.ask('HEAD', `/api/tracking/engagement/partner_john?token=${token}`)
      await numbers('partner_john', '?token=wrong')
      await numbers('partner_john')
      expect((await listed())[0]?.lastSeenAt).toBe('2026-11-22T14:30:00.000Z')
      await numbers('partner_john', `?token=${token}`)
      expect((await listed())[0]?.lastSeenAt).toBe('2026-11-22T14:31:30.000Z')
    })

    test('a rotated token ends at once, and the new one counts for as long as is asked', async () => {
      const { status, body } = await admin('/api/tracking/partner/partner_john/rotate', { expiresInDays: 30, sendInvite: true })
      const fresh = body as Shown
      expect([status, body]).toEqual([
        200,
        {
          success: true,
          trackingId: 'partner_john',
          accessToken: expect.stringMatching(/^wmp_[\w-]{43}$/),
          dashboardUrl: `https://waymark.example.com/engagement/partner_john?token=${fresh.accessToken}`,
          expiresAt: '2026-12-22T14:30:00.000Z',
          inviteSent: true,
        },
      ])
      expect(mailbox.mails.at(-1)?.text).toContain(fresh.dashboardUrl)
      expect(await numbers('partner_john', `?token=${token}`)).toMatchObject(refused)
      expect((await numbers('partner_john', `?token=${fresh.accessToken}`)).body).toMatchObject({ access: 'private', totalClicks: 1_250 })
      token = fresh.accessToken
    })

    test('it expires with its last millisecond, and the totals stay public', async () => {
      app.clock.at = START + 30 * DAY - 1
      expect((await numbers('partner_john', `?token=${token}`)).status).toBe(200)
      app.clock.at = START + 30 * DAY
      expect(await numbers('partner_john', `?token=${token}`)).toMatchObject(refused)
      expect((await numbers('partner_john')).body).toMatchObject({ access: 'public', totalClicks: 1_250 })
      app.clock.at = START
      expect((await listed())[0]).toMatchObject({ isActive: true, expiresAt: '2026-12-22T14:30:00.000Z' })
    })

    test('revoked, it ends at once and stays ended over a restart; rotating without a word gives access again, for a year', async () => {
      expect((await numbers('partner_john', `?token=${token}`)).status).toBe(200)
      for (let time = 0; time < 2; time++) {
        const { status, body } = await admin('/api/tracking/partner/partner_john/revoke')
        expect([status, body]).toEqual([200, { success: true, partner: { ...(await listed())[0], isActive: false } }])
      }
      expect(await numbers('partner_john', `?token=${token}`)).toMatchObject(refused)
      expect((await numbers('partner_john')).status).toBe(200)
      await app.restart()
      expect(await numbers('partner_john', `?token=${token}`)).toMatchObject(refused)
      const { status, body } = await admin('/api/tracking/partner/partner_john/rotate')
      expect([status, body]).toMatchObject([200, { expiresAt: '2027-11-22T14:30:00.000Z' }])
      expect(body).not.toHaveProperty('inviteSent')
      expect((await numbers('partner_john', `?token=${(body as Shown).accessToken}`)).status).toBe(200)
      expect(await numbers('partner_john', `?token=${token}`)).toMatchObject(refused)
    })
  })

  test('an id that is taken is 409, also at once, and leaves the partner as it was', async () => {
    const { accessToken } = await create({ trackingId: 'taken' })
    const again = await admin(CREATE, { trackingId: 'taken', partnerName: 'Another', sendInvite: true, email: 'other@example.com' })
    expect([again.status, again.body]).toEqual([409, { success: false, error: 'trackingId is taken.', details: [{ field: 'trackingId', error: 'is taken' }] }])
    expect((await numbers('taken', `?token=${accessToken}`)).status).toBe(200)
    expect(mailbox.mails.filter(({ to }) => to.includes('other@example.com'))).toEqual([])
    const answers = await Promise.all(Array.from({ length: 8 }, () => admin(CREATE, { trackingId: 'race' })))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(7).fill(409)])
  })

  test('a partner without events has zeros, and one without a name or an address is listed with nulls', async () => {
    const { accessToken } = await create({ trackingId: 'new', partnerName: '  ', email: null, expiresInDays: null })
    expect((await numbers('new', `?token=${accessToken}&days=2`)).body).toEqual({
      trackingId: 'new',
      access: 'private',
      totalClicks: 0,
      humanClicks: 0,
      machineClicks: 0,
      totalConversions: 0,
      humanConversions: 0,
      machineConversions: 0,
      conversionRate: 0,
      topCampaigns: [],
      destinations: [],
      recentActivity: [],
      clicksByDay: ['2026-11-22', '2026-11-21'].map((date) => ({ date, clicks: 0, humanClicks: 0, machineClicks: 0 })),
    })
    expect((await listed()).find(({ trackingId }) => trackingId === 'new')).toMatchObject({ partnerName: null, email: null, expiresAt: '2027-11-22T14:30:00.000Z' })
  })

  test('clicks of a link with the partner’s id are the partner’s, machines beside people; the rate is people’s alone', async () => {
    const { accessToken } = await create({ trackingId: 'linker' })
    const link = await app.given.link({ partner: 'linker', campaign: 'autumn', original_url: 'https://www.github.com/example?utm_source=autumn_mail' })
    for (const agent of [CHROME, 'curl/8.5.0']) await app.click(`/website?uuid=${link.tracking_id}`, { 'user-agent': agent })
    const [outbound] = captures(1, { referrer: 'linker', eventType: 'outbound', timestamp: '2026-11-22T14:29:00Z' }, 0) as [Capture]
    await given([outbound, { ...outbound, userAgent: 'curl/8.5.0' }, { ...outbound, userAgent: 'Googlebot/2.1' }])
    expect((await numbers('linker', `?token=${accessToken}&days=1`)).body).toEqual({
      trackingId: 'linker',
      access: 'private',
      totalClicks: 5,
      humanClicks: 2,
      machineClicks: 3,
      totalConversions: 3,
      humanConversions: 1,
      machineConversions: 2,
      conversionRate: 50,
      topCampaigns: [
        { campaign: 'none', clicks: 3, humanClicks: 1, machineClicks: 2 },
        { campaign: 'autumn', clicks: 2, humanClicks: 1, machineClicks: 1 },
      ],
      destinations: [],
      recentActivity: expect.arrayContaining([
        { timestamp: '2026-11-22T14:30:00.000Z', campaign: 'autumn', destination: 'GitHub', eventType: 'inbound', machine: true },
        { timestamp: '2026-11-22T14:29:00.000Z', campaign: 'none', destination: null, eventType: 'outbound', machine: false },
      ]),
      clicksByDay: [{ date: '2026-11-22', clicks: 5, humanClicks: 2, machineClicks: 3 }],
    })
    const own = (await app.get('/api/tracking/referrer/linker', { as: 'admin' })).body as { events: object[] }
    expect(own).toMatchObject({ totalClicks: 5, humanClicks: 2, machineClicks: 3, campaigns: { none: 3, autumn: 2 } })
    expect(own.events[0]).toMatchObject({ referrer: 'linker', campaign: 'autumn', landingPage: null, destinationUrl: link.original_url, eventType: 'inbound' })
    const stats = (await app.get('/api/tracking/stats?utm=true&limit=1', { as: 'admin' })).body as { byLandingPage: object }
    expect(stats).toMatchObject({ byReferrer: { linker: 5 }, humanByReferrer: { linker: 2 }, machineByReferrer: { linker: 3 }, byUtmSource: { autumn_mail: 2 }, humanByUtmSource: { autumn_mail: 1 }, machineByUtmSource: { autumn_mail: 1 }, byUtmMedium: {}, byUtmCampaign: {} })
    expect(Object.keys(stats.byLandingPage)).not.toContain('null')
  })
})
