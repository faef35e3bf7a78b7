import type { Browser, BrowserContext } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../support/app.ts'
import { browserPath, startBrowser } from '../support/browser.ts'
import { onEveryEngine } from '../support/engines.ts'
import { settle } from '../support/settle.ts'
import { figure, profile, valueOf, visit } from '../support/visit.ts'

describe.skipIf(browserPath === null)('in a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await startBrowser()
  })
  afterAll(() => browser.close())

  onEveryEngine('the pages for a look and for care', (engine) => {
    let app: TestApp
    let admin: BrowserContext
    const complaints: string[] = []
    beforeAll(async () => {
      app = await testApp(engine)
      admin = await profile(browser, app, { complaints })
    })
    afterAll(async () => {
      await admin.close()
      await app.close()
    })

    test('say at a glance what the API says of every family, as it was sent', async () => {
      await app.given.link({ tracking_id: 'seen' })
      await app.given.clicks(['seen', 'seen', { tracking_id: 'seen', clicked_at: '2026-11-21T10:00:00Z' }])
      await app.post('/api/tracking/capture', { referrer: 'mara', campaign: 'launch', landingPage: '/' }, { as: 'nobody' })
      const { projectKey } = (await app.post('/v1/projects', { name: 'Shop' }, { as: 'admin' })).body as { projectKey: string }
      const events = ['a', 'b', 'c'].map((userId) => ({ eventName: 'open', userId, timestamp: '2026-11-22T10:00:00Z' }))
      await app.post('/v1/events/batch', { projectKey, events }, { as: 'nobody' })
      const page = await visit(admin, '/?tz=UTC')
      const { body } = await app.get('/api/numbers?from=2026-11-22&to=2026-11-22', { as: 'admin' })
      expect((body as { sources: { source: string; total: { events: number } }[] }).sources.map(({ source, total }) => [source, total.events])).toEqual([['link', 2], ['web', 1], ['product', 3], ['email', 0]])
      expect(await Promise.all(['Clicks', 'Captures', 'Product events', 'Mail events'].map((name) => valueOf(page, name)))).toEqual([2, 1, 3, 0])
      expect(await page.locator('.figure .change').allInnerTexts()).toEqual(['+100% from 1', 'none before', 'none before', 'as before'])
      await page.close()
    })

    test('show who comes again, no week before it has begun, and what people do next', async () => {
      const { projectKey } = (await app.post('/v1/projects', { name: 'Again' }, { as: 'admin' })).body as { projectKey: string }
      const event = (eventName: string, userId: string, day: string) => ({ eventName, userId, timestamp: `2026-11-${day}T10:00:00Z` })
      await app.post('/v1/events/batch', { projectKey, events: [event('open', 'a', '09'), event('buy', 'a', '16'), event('open', 'b', '09'), event('open', 'c', '16')] }, { as: 'nobody' })
      const page = await visit(admin, `/product/${projectKey}?tz=UTC&report=retention`)
      const rows = (cells: number) => page.evaluate<string[][]>(`[...document.querySelectorAll('tbody tr')].map((row) => [...row.cells].slice(0, ${cells}).map((cell) => cell.innerText))`)
      expect(await rows(5)).toEqual([
        ['9 Nov 2026', '2', '100%', '50%', ''],
        ['16 Nov 2026', '1', '100%', '', ''],
      ])
      await page.getByRole('button', { name: 'Paths', exact: true }).click()
      await page.getByRole('cell', { name: 'nothing more' }).first().waitFor()
      const { body } = await app.post('/v1/reports/paths', { projectKey, eventName: 'open', direction: 'after', steps: 3, limit: 10 }, { as: 'admin' })
      const steps = (body as { steps: { step: number; events: { eventName: string | null; count: number }[] }[] }).steps
      expect(await rows(3)).toEqual(steps.flatMap(({ step, events }) => events.map(({ eventName, count }) => [String(step), eventName ?? 'nothing more', String(count)])))
      await page.close()
    })

    test('make addresses that say who sent a visitor, give a partner a new token, and end it', async () => {
      const { accessToken: old } = (await app.post('/api/tracking/partner/create', { trackingId: 'rotating' }, { as: 'admin' })).body as { accessToken: string }
      const page = await visit(admin, '/tracking-admin')
      await page.getByLabel('Landing page').fill('https://example.com/offer?x=1')
      await page.getByLabel('Tracking id').fill('rotating')
      await page.getByLabel('UTM source').fill('news letter')
      expect(await page.getByLabel('the address', { exact: true }).innerText()).toBe('https://example.com/offer?x=1&ref=rotating&utm_source=news+letter')
      page.on('dialog', (asked) => void asked.accept())
      await page.getByRole('button', { name: 'New token for rotating' }).click()
      const address = await page.getByLabel('the address with the token', { exact: true }).innerText()
      await page.getByRole('button', { name: 'Close' }).click()
      const access = async (token: string) => (await app.ask('GET', `/api/tracking/engagement/rotating?token=${token}`)).status
      const renewed = new URL(address).searchParams.get('token') ?? ''
      expect([await access(old), await access(renewed)]).toEqual([403, 200])
      await page.getByRole('button', { name: 'Revoke rotating' }).click()
      await page.getByRole('cell', { name: 'revoked' }).waitFor()
      expect(await access(renewed)).toBe(403)
      await page.close()
    })

    test('let admins add and disable people, make and revoke keys, and see how the server does', async () => {
      const page = await visit(admin, '/settings/users')
      page.on('dialog', (asked) => void asked.accept())
      const user = { email: 'new@example.com', password: 'a password of their own' }
      await page.getByRole('button', { name: 'Add a user' }).click()
      await page.getByLabel('E-mail address').fill(user.email)
      await page.getByLabel('Password').fill(user.password)
      await page.getByRole('button', { name: 'Add the user' }).click()
      await page.getByRole('button', { name: `Disable ${user.email}` }).click()
      await page.getByRole('button', { name: `Enable ${user.email}` }).waitFor()
      expect((await app.ask('POST', '/api/auth/login', { body: user })).status).toBe(401)

      await page.getByRole('link', { name: 'Ingest keys' }).click()
      await page.getByRole('button', { name: 'New key' }).click()
      await page.getByLabel('Name').fill('Importer')
      await page.getByRole('button', { name: 'Make the key' }).click()
      const key = await page.getByLabel('the key', { exact: true }).innerText()
      const withKey = async () => (await app.ask('GET', '/api/link-tracking/links', { headers: { 'x-api-key': key } })).status
      expect(await withKey()).toBe(200)
      await page.getByRole('button', { name: 'Close' }).click()
      await page.getByRole('button', { name: 'Revoke Importer' }).click()
      await page.getByRole('cell', { name: 'revoked' }).waitFor()
      expect(await withKey()).toBe(401)

      await page.getByRole('link', { name: 'System' }).click()
      await page.getByText(engine.name === 'duckdb' ? /embedded one \(DuckDB\)/ : /store is PostgreSQL/).waitFor()
      await page.getByText(/^Waymark \d+\.\d+\.\d+, up for/).waitFor()
      await figure(page, 'Waiting for the store').waitFor()
      await page.getByText(engine.name === 'duckdb' ? /^Node\.js \d+\.\d+\.\d+, DuckDB \d+\.\d+/ : /^Node\.js \d+\.\d+\.\d+, PostgreSQL \d+/).waitFor()
      await page.close()
    })

    test('are used by the keyboard alone', async () => {
      const page = await visit(admin, '/links')
      const focused = () => page.evaluate<string>('document.activeElement.innerText || document.activeElement.tagName')
      await page.keyboard.press('Tab')
      expect(await focused()).toBe('Skip to content')
      await page.getByRole('button', { name: 'New link' }).focus()
      await page.keyboard.press('Enter')
      await page.getByRole('dialog').waitFor()
      expect(await page.evaluate(`document.querySelector('dialog').contains(document.activeElement)`)).toBe(true)
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      expect(await focused()).toBe('New link')
      await page.getByRole('button', { name: 'Clicks', exact: true }).focus()
      await page.keyboard.press('Enter')
      expect(await page.getByRole('columnheader', { name: 'Clicks' }).getAttribute('aria-sort')).toBe('descending')
      await page.goto('/tracking-dashboard?tz=UTC')
      await settle(page)
      await page.getByRole('button', { name: 'Dates' }).focus()
      await page.keyboard.press('Enter')
      await page.getByLabel('First day').fill('2026-11-12')
      await page.waitForURL(/period=custom&.*from=2026-11-12/)
      expect(await page.evaluate(`getComputedStyle(document.activeElement).outlineStyle`)).toBe('solid')
      await page.close()
    })

    test('have scripts that complain of nothing', () => {
      expect(complaints).toEqual([])
    })
  })
})
