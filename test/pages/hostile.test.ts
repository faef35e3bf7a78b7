import type { Browser, BrowserContext } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../support/app.ts'
import { browserPath, startBrowser } from '../support/browser.ts'
import { onEngine } from '../support/engines.ts'
import { tokenOf } from '../support/mails.ts'
import { profile, visit } from '../support/visit.ts'

const SCRIPT = `<img src=x onerror="window.hit=1"><script>window.hit=1</script>`
const TEMPLATE = '{{constructor.constructor("window.hit=1")()}} ${window.hit=1} javascript:window.hit=1'
const RTL = 'مرحبا بالعالم ‮ gnirts desrever'
const EMOJI = '👩‍👩‍👧‍👦🏳️‍🌈'.repeat(8)
const LONG = 'w'.repeat(8_000)
/** Names that an event or a campaign may have, each at its longest. */
const NAMES = [SCRIPT, TEMPLATE, RTL, EMOJI, 'constructor', '__proto__', 'w'.repeat(255)].map((name) => name.slice(0, 255))

describe.skipIf(browserPath === null)('in a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await startBrowser()
  })
  afterAll(() => browser.close())

  // How it is kept on each engine is told by the journeys of the API; what a page makes of it is the same.
  onEngine('duckdb', 'hostile data', (engine) => {
    let app: TestApp
    let context: BrowserContext
    let projectKey: string
    let token: string
    const complaints: string[] = []
    beforeAll(async () => {
      app = await testApp(engine, { env: { SMTP_URL: 'log:', EMAIL_FROM: 'news@example.com', EMAIL_REDIRECT_ALLOWED_DOMAINS: 'example.com', WEBHOOK_ALLOW_PRIVATE: 'true' } })
      const admin = { as: 'admin' } as const
      const nobody = { as: 'nobody' } as const
      for (const [at, name] of NAMES.entries()) {
        const capture = { referrer: 'mara', campaign: name, landingPage: at === 0 ? LONG : name, originalSource: name, eventType: 'outbound', destinationUrl: `https://${'a'.repeat(60)}.example/${encodeURIComponent(name)}` }
        await app.post('/api/tracking/capture', capture, nobody)
        await app.given.link({ tracking_id: `hostile-${at}${'x'.repeat(80)}`, original_url: `https://example.com/${'p'.repeat(900)}`, description: name })
      }
      token = ((await app.post('/api/tracking/partner/create', { trackingId: 'mara', partnerName: SCRIPT }, admin)).body as { accessToken: string }).accessToken
      projectKey = ((await app.post('/v1/projects', { name: SCRIPT + 'n'.repeat(150) }, admin)).body as { projectKey: string }).projectKey
      const events = NAMES.map((eventName) => ({ eventName, userId: SCRIPT, timestamp: '2026-11-22T10:00:00Z', properties: { [SCRIPT]: LONG } }))
      await app.post('/v1/events/batch', { projectKey, events }, nobody)
      await app.given.clicks([{ tracking_id: `hostile-0${'x'.repeat(80)}`, referrer_url: `https://example.com/${'r'.repeat(900)}`, click_source: '<b>bold</b>', user_agent: SCRIPT }])
      await app.post('/api/v1/leads/import', `email,first_name,last_name\n${NAMES.map((name, at) => `${'l'.repeat(50)}${at}@example.com,"${name.replaceAll('"', '""')}",x`).join('\n')}\n"${SCRIPT.replaceAll('"', '""')}",bad,row\n`, { headers: { 'content-type': 'text/csv' } })
      for (const name of NAMES) await app.post('/api/v1/campaigns', { name, subject: name, html: LONG })
      await app.post('/api/v1/campaigns/send', { campaign_id: 1, all: true, subject: SCRIPT + LONG.slice(0, 800) })
      await app.click(`/api/v1/tracking/click/${tokenOf(app, 1)}?url=${encodeURIComponent(`https://example.com/${'c'.repeat(900)}?<b>`)}`)
      await app.post('/api/v1/webhooks', { url: `http://127.0.0.1:65000/${'h'.repeat(400)}`, events: ['goal.converted'], goals: NAMES.slice(0, 3), description: SCRIPT }, admin)
      context = await profile(browser, app, { width: 390, complaints })
    })
    afterAll(async () => {
      await context.close()
      await app.close()
    })

    /** Visits a page and says whether it is whole, what has run in it that should not, and what its scripts complain of. */
    const seen = async (path: string): Promise<unknown> => {
      const page = await visit(context, path)
      const found = await page.evaluate<object>('({ whole: document.documentElement.scrollWidth <= document.documentElement.clientWidth, hit: window.hit ?? null })')
      await page.close()
      return { path, ...found, complaints }
    }
    const harmless = (path: string) => ({ path, whole: true, hit: null, complaints: [] })

    test('is shown as it is, and leaves every page whole', { timeout: 180_000 }, async () => {
      for (const path of [
        '/?tz=UTC',
        '/links',
        `/links/hostile-0${'x'.repeat(80)}?tz=UTC`,
        '/tracking-dashboard?tz=UTC',
        '/tracking-dashboard?tz=UTC&referrer=mara',
        `/tracking-dashboard?tz=UTC&campaign=${encodeURIComponent(SCRIPT)}`,
        '/email',
        ...NAMES.slice(0, 3).map((_, at) => `/email/campaigns/${at + 1}`),
        '/email/leads',
        '/settings/webhooks',
        '/tracking-admin',
        `/engagement/mara?token=${token}`,
        '/product',
        ...['', '&report=retention', '&report=paths', `&report=funnel&steps=${encodeURIComponent(NAMES.slice(0, 6).join('\n'))}`].map((report) => `/product/${projectKey}?tz=UTC${report}`),
      ]) {
        expect(await seen(path)).toEqual(harmless(path))
      }
    })

    test('stands in the tables, letter for letter', async () => {
      const page = await visit(context, '/tracking-dashboard?tz=UTC')
      const campaigns = await page.evaluate<string[]>(`[...document.querySelectorAll('[role=group][aria-label=Campaigns] tbody td:first-child')].map((cell) => cell.textContent)`)
      expect(campaigns.sort()).toEqual(NAMES.toSorted())
      await page.close()
    })

    test('in an address is as harmless', async () => {
      for (const path of [`/tracking-dashboard?campaign=${encodeURIComponent(SCRIPT)}&period=${encodeURIComponent(SCRIPT)}&tz=${encodeURIComponent(SCRIPT)}&from=x`, `/links?q=${encodeURIComponent(SCRIPT)}`, '/settings/%3Cscript%3E']) {
        expect(await seen(path)).toEqual(harmless(path))
      }
    })
  })
})
