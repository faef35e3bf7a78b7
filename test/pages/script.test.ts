import type { Browser, BrowserContext, Page, Request } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../support/app.ts'
import { until } from '../support/ask.ts'
import { browserPath, startBrowser } from '../support/browser.ts'
import { onEngine } from '../support/engines.ts'
import { type Proxy, startProxy } from '../support/proxy.ts'
import { between, randomFrom, seedOf } from '../support/random.ts'
import { type Site, startSite } from '../support/site.ts'

const steps = process.env.ASSURE === '1' ? 500 : 15
const WAITING = `Object.keys(localStorage).filter((name) => name.startsWith('waymark http')).length`

describe.skipIf(browserPath === null)('in a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await startBrowser()
  })
  afterAll(() => browser.close())

  // How each engine keeps an event once is told by the journeys of the API; what a browser does is the same.
  onEngine('duckdb', 'the script on a page of another origin', (engine) => {
    let app: TestApp
    let site: Site
    let road: Proxy
    /** How many answers the road is still to swallow. */
    let swallow = 0
    let project: string
    let context: BrowserContext
    /** The ids of the events in each batch that left the browser. */
    let batches: string[][]
    beforeAll(async () => {
      site = await startSite()
      app = await testApp(engine, { env: { ALLOWED_ORIGINS: site.origin, RATE_LIMIT_EVENTS: '1000000' }, clock: { at: Date.now() } })
      road = await startProxy(Number(new URL(app.url).port), () => swallow-- > 0)
    })
    afterAll(async () => {
      await road.close()
      await app.close()
      await site.close()
    })
    beforeEach(async () => {
      swallow = 0
      batches = []
      project = ((await app.post('/v1/projects', { name: 'shop' })).body as { projectKey: string }).projectKey
      context = await browser.newContext()
      context.on('request', (request) => request.url().endsWith('/v1/events/batch') && batches.push(idsOf(request)))
      embed(`data-project="${project}"`)
    })
    afterEach(async () => {
      await context.close()
      await road.restore()
    })

    const embed = (attributes: string): void => {
      site.html = `<!doctype html><title>Shop</title><script src="http://127.0.0.1:${road.port}/waymark.js" ${attributes}></script><a href="https://kickstarter.com/projects/shop">On</a>`
    }
    const idsOf = (request: Request): string[] => (request.postDataJSON() as { events: { eventId: string }[] }).events.map(({ eventId }) => eventId)
    const open = async (path = '/', init?: string): Promise<Page> => {
      const opened = await context.newPage()
      if (init) await opened.addInitScript(init)
      await opened.goto(site.origin + path)
      return opened
    }
    const tell = (on: Page, ...names: string[]): Promise<unknown> => on.evaluate(`for (const name of ${JSON.stringify(names)}) waymark.track(name, { price: 1 })`)
    const numbered = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, at) => `${prefix}-${at}`)
    /** How often each event is counted, by its name. */
    const counted = async (): Promise<Record<string, number>> => {
      const { rows } = (await app.post('/v1/reports/query', { projectKey: project, metrics: ['events'], by: ['event'], limit: 10_000 })).body as { rows: { event: string; events: number }[] }
      return Object.fromEntries(rows.map(({ event, events }) => [event, events]))
    }
    const once = (names: string[]): Record<string, number> => Object.fromEntries(names.map((name) => [name, 1]))
    /** Waits until nothing waits in the browser any more, and says what is counted. */
    const settled = async (on: Page): Promise<Record<string, number>> => {
      await until('nothing waits', async () => (await on.evaluate(WAITING)) === 0, 20_000)
      return counted()
    }

    test('sends what happened offline when it is back, the latest 1,000 events, in order, as one person', async () => {
      const shop = await open()
      await context.setOffline(true)
      const names = numbered('offline', 1_002)
      await tell(shop, ...names)
      await until('a try has failed', () => batches.length > 0)
      await context.setOffline(false)
      expect(await settled(shop)).toEqual(once(names.slice(2)))
      const funnel = { projectKey: project, steps: ['offline-2', 'offline-500', 'offline-1001'] }
      expect((await app.post('/v1/reports/funnel', funnel)).body).toMatchObject({ steps: [{ users: 1 }, { users: 1 }, { users: 1 }] })
      expect(await context.cookies()).toEqual([])
    })

    test('sends again what had no answer, under the same ids', async () => {
      const shop = await open()
      swallow = 1
      await tell(shop, 'paid', 'left')
      expect(await settled(shop)).toEqual(once(['paid', 'left']))
      expect(road.swallowed).toBeGreaterThan(0)
      expect(batches.length).toBeGreaterThan(1)
      expect(new Set(batches.flat()).size).toBe(2)
    })

    test('loses nothing with a tab that is closed while its events are under way', async () => {
      const first = await open()
      road.hang()
      await tell(first, ...numbered('closed', 5))
      await until('they are under way', () => batches.length > 0)
      await first.close()
      await road.restore()
      const second = await open()
      swallow = 1
      await tell(second, ...numbered('stored', 5))
      await until('they are stored', async () => Object.keys(await counted()).length === 10)
      await second.close()
      expect(await settled(await open())).toEqual(once([...numbered('closed', 5), ...numbered('stored', 5)]))
    })

    // SCRIPT_SEED repeats a run.
    test(`loses nothing and doubles nothing in ${steps} random steps`, { timeout: steps * 3_000 + 60_000 }, async () => {
      const seed = seedOf('SCRIPT_SEED')
      const random = randomFrom(seed)
      const one = <T>(items: readonly T[]): T => items[between(random, 0, items.length - 1)] as T
      const swallowed = road.swallowed
      const tabs = [await open()]
      const told: string[] = []
      const clear = async (): Promise<void> => {
        swallow = 0
        await context.setOffline(false)
        await road.restore()
      }
      const actions: (() => Promise<unknown>)[] = [
        () => context.setOffline(true),
        () => context.setOffline(false),
        async () => void (swallow += between(random, 1, 3)),
        async () => road.hang(),
        () => road.cut(),
        () => road.restore(),
        async () => {
          if (tabs.length > 1) await tabs.splice(between(random, 0, tabs.length - 1), 1)[0]?.close()
        },
        async () => {
          await clear()
          swallow = 1
          await settled(one(tabs))
        },
        async () => {
          await clear()
          if (tabs.length < 4) tabs.push(await open())
        },
        async () => {
          await clear()
          await one(tabs).goto(`${site.origin}/next`)
        },
      ]
      for (let step = 0; step < steps; step++) {
        const names = numbered(`step-${step}`, between(random, 1, 20))
        told.push(...names)
        await tell(one(tabs), ...names)
        await one(actions)()
      }
      await clear()
      const found = await settled(await open())
      const figures = { lost: told.filter((name) => !(name in found)).length, twice: Object.values(found).filter((events) => events !== 1).length, unknown: Object.keys(found).filter((name) => !told.includes(name)).length }
      console.log(`script, ${steps} steps: ${told.length} events in ${batches.length} batches, ${batches.flat().length - told.length} sent again, ${road.swallowed - swallowed} answers swallowed: ${JSON.stringify(figures)}`)
      expect(figures).toEqual({ lost: 0, twice: 0, unknown: 0 })
    })

    test('sends what happened right before the page was left', async () => {
      const shop = await open()
      site.html = '<!doctype html><title>No script</title>'
      // A moment later: of a page that is gone there is no answer.
      await shop.evaluate(`waymark.track('gone'); void setTimeout(() => (location.href = '/elsewhere'))`)
      await until('it is stored', async () => (await counted()).gone === 1)
    })

    test('sends it by sendBeacon where a request ends with its page', async () => {
      const counting = 'const send = navigator.sendBeacon.bind(navigator); navigator.sendBeacon = (...what) => { localStorage.beacons = Number(localStorage.beacons ?? 0) + 1; return send(...what) }'
      const shop = await open('/', `delete Request.prototype.keepalive; ${counting}`)
      site.html = '<!doctype html><title>No script</title>'
      await shop.evaluate(`waymark.track('gone'); void setTimeout(() => (location.href = '/elsewhere'))`)
      await until('it is stored', async () => (await counted()).gone === 1)
      expect(Number(await shop.evaluate('localStorage.beacons'))).toBeGreaterThan(0)
    })

    test('counts what many tabs tell at once', async () => {
      const tabs = await Promise.all([open(), open(), open()])
      await Promise.all(tabs.map((tab, at) => tell(tab, ...numbered(`tab-${at}`, 30))))
      expect(await settled(tabs[0])).toEqual(once([0, 1, 2].flatMap((at) => numbered(`tab-${at}`, 30))))
    })

    test('waits longer after each failure, and as long as it is asked to', async () => {
      const headers = { 'access-control-allow-origin': site.origin, 'access-control-expose-headers': 'Retry-After' }
      const refusals = [{ status: 500, headers, json: {} }, { status: 200, headers, body: '<p>Welcome to the hotel' }, { status: 429, headers: { ...headers, 'retry-after': '60' }, json: {} }]
      await context.route('**/v1/events/batch', (route) => {
        const refusal = refusals.shift()
        return refusal ? route.fulfill(refusal) : route.continue()
      })
      await context.clock.install()
      const shop = await open('/', `const real = fetch; window.tries = []; window.fetch = (...asked) => (tries.push(Date.now()), real(...asked))`)
      await tell(shop, 'late')
      /** Lets the browser's time pass until so many batches have left. */
      const left = (count: number): Promise<unknown> => until(`${count} batches have left`, async () => (await shop.clock.runFor(250), batches.length >= count))
      await left(3)
      const pause = await until('it knows how long to wait', () => shop.evaluate<number>(`Number(localStorage[Object.keys(localStorage).find((name) => name.startsWith('waymark-pause'))] ?? 0)`))
      const [first = 0, second = 0, third = 0] = await shop.evaluate<number[]>('tries')
      expect(second - first).toBeGreaterThanOrEqual(500)
      expect(third - second).toBeGreaterThanOrEqual(1_000)
      expect(pause - third).toBeGreaterThanOrEqual(60_000)
      // Another tab waits as well.
      await tell(await open(), 'other')
      await shop.clock.fastForward(50_000)
      expect(batches.length).toBe(3)
      await left(4)
      expect(await settled(shop)).toEqual(once(['late', 'other']))
    })

    test('waits as long after a failure when more has happened meanwhile', async () => {
      await context.clock.install()
      const shop = await open('/', `const real = fetch; window.tries = []; window.fetch = (...asked) => (tries.push(Date.now()), real(...asked))`)
      let refused = false
      await context.route('**/v1/events/batch', async (route) => {
        if (refused) return route.continue()
        refused = true
        await tell(shop, 'meanwhile')
        return route.fulfill({ status: 500, headers: { 'access-control-allow-origin': site.origin }, json: {} })
      })
      await tell(shop, 'first')
      await until('two batches have left', async () => (await shop.clock.runFor(250), batches.length >= 2))
      const [first = 0, second = 0] = await shop.evaluate<number[]>('tries')
      expect(second - first).toBeGreaterThanOrEqual(500)
      expect(await settled(shop)).toEqual(once(['first', 'meanwhile']))
    })

    test.each([['Global Privacy Control', 'globalPrivacyControl', 'true'], ['Do Not Track', 'doNotTrack', "'1'"]])('keeps and sends nothing under %s', async (_, name, value) => {
      embed(`data-project="${project}" data-pageviews data-outbound data-campaigns`)
      const shop = await open('/?ref=private', `Object.defineProperty(navigator, '${name}', { value: ${value} })`)
      await shop.evaluate(`waymark.identify('ada'); waymark.track('seen'); waymark.LinkTrackingService.trackOutboundClick('private', 'https://kickstarter.com', 'x')`)
      expect(await shop.evaluate('Object.keys(localStorage).concat(Object.keys(sessionStorage))')).toEqual([])
      await shop.goto('about:blank')
      expect([batches, await counted()]).toEqual([[], {}])
    })

    test('works in memory where storage is blocked', async () => {
      const blocked = `for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name, { get() { throw new DOMException('no', 'SecurityError') } })`
      const shop = await open('/', blocked)
      await tell(shop, 'blocked')
      await until('it is stored', async () => (await counted()).blocked === 1)
    })

    test('keeps no event for longer than six days', async () => {
      const shop = await open()
      await shop.evaluate(`for (const days of [5, 6, 7]) localStorage['waymark http://127.0.0.1:${road.port} ' + (Date.now() - days * 86400000).toString(36) + '1000x'] = '${project}|' + JSON.stringify({ eventName: 'after ' + days, timestamp: new Date(), anonymousId: 'x' })`)
      await tell(shop, 'now')
      expect(await settled(shop)).toEqual(once(['after 5', 'now']))
    })

    test('gives up what the server refuses', async () => {
      embed('data-project="000000000000"')
      const shop = await open()
      await tell(shop, 'nobody asked for')
      expect(await settled(shop)).toEqual({})
      expect(batches.length).toBe(1)
    })

    test('knows who somebody is until they sign out', async () => {
      const shop = await open()
      await shop.evaluate(`waymark.track('came'); waymark.identify('ada'); waymark.track('bought'); waymark.identify(null); waymark.track('left')`)
      expect(await settled(shop)).toEqual(once(['came', 'bought', 'left']))
      expect((await app.get(`/v1/reports/overview?projectKey=${project}`)).body).toMatchObject({ totalEvents: 3, uniqueUsers: 2 })
    })

    test('counts visits, page views and clicks away by itself', async () => {
      embed(`data-project="${project}" data-pageviews data-outbound data-campaigns`)
      await context.route('https://kickstarter.com/**', (route) => route.fulfill({ body: 'There' }))
      const shop = await open('/about?ref=partner_john&campaign=launch&source=mail')
      await shop.goto(`${site.origin}/more`)
      await shop.evaluate(`history.pushState({}, '', '/third'); dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))`)
      await shop.getByRole('link').click()
      await shop.waitForURL('https://kickstarter.com/**')
      const seen = async (): Promise<{ events: object[] }> => (await app.get('/api/tracking/referrer/partner_john', { as: 'admin' })).body as { events: object[] }
      await shop.goto(`${site.origin}/back`)
      expect(await settled(shop)).toEqual({ page_view: 5, outbound_click: 1 })
      const visit = { campaign: 'launch', landingPage: '/about', originalSource: 'mail' }
      const { events } = await seen()
      expect(events).toHaveLength(2)
      expect(events).toEqual(expect.arrayContaining([expect.objectContaining({ ...visit, eventType: 'inbound', destinationUrl: null }), expect.objectContaining({ ...visit, eventType: 'outbound', destinationUrl: 'https://kickstarter.com/projects/shop' })]))
    })

    test('makes addresses, and captures by hand', async () => {
      embed('')
      const shop = await open('/offer')
      const links = `[waymark.LinkTrackingService.generateTrackingLink('mara'), waymark.LinkTrackingService.generateTrackingLink('mara', 'a & b', '/about?x=1')]`
      expect(await shop.evaluate(links)).toEqual([`${site.origin}/?ref=mara`, `${site.origin}/about?x=1&ref=mara&campaign=a+%26+b`])
      const visit = await shop.evaluate(`waymark.LinkTrackingService.captureTracking('?ref=mara&utm_campaign=spring'), waymark.LinkTrackingService.captureTracking('?ref=mara&utm_campaign=spring')`)
      expect(visit).toEqual({ referrer: 'mara', campaign: 'spring', landingPage: '/offer' })
      await shop.evaluate(`waymark.LinkTrackingService.trackOutboundClick('mara', 'https://kickstarter.com/x', 'spring')`)
      await settled(shop)
      expect((await app.get('/api/tracking/referrer/mara', { as: 'admin' })).body).toMatchObject({ totalClicks: 2, campaigns: { spring: 2 } })
    })
  })
})
