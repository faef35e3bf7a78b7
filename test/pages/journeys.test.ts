import { readFile } from 'node:fs/promises'
import { parse } from 'csv-parse/sync'
import type { Browser, BrowserContext } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ADMIN, type TestApp, VIEWER, testApp } from '../support/app.ts'
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

  onEveryEngine('the pages', (engine) => {
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

    test('let people in, and back to where they wanted to go; no script can read the session', async () => {
      const context = await profile(browser, app, { signedIn: false })
      const page = await context.newPage()
      await page.goto('/links?q=spring')
      await page.waitForURL('**/login?next=*')
      await page.getByLabel('E-mail address').fill(ADMIN.email)
      await page.getByLabel('Password').fill('not the password')
      await page.getByRole('button', { name: 'Sign in' }).click()
      expect(await page.getByRole('alert').innerText()).toBe('Wrong e-mail address or password.')
      await page.getByLabel('Password').fill(ADMIN.password)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.waitForURL('**/links?q=spring')
      await settle(page)
      expect(await page.evaluate('document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)')).toBe('{}{}')
      expect((await context.cookies())[0]).toMatchObject({ httpOnly: true, sameSite: 'Lax' })
      await page.getByRole('button', { name: 'Sign out' }).click()
      await page.waitForURL('**/login')
      await page.goto('/')
      await page.waitForURL('**/login')
      await context.close()
    })

    test('never lead to another server after the sign-in', async () => {
      const context = await profile(browser, app, { signedIn: false })
      const page = await context.newPage()
      await page.goto('/login?next=//evil.example/x')
      await page.getByLabel('E-mail address').fill(ADMIN.email)
      await page.getByLabel('Password').fill(ADMIN.password)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.waitForURL(`${app.url}/`)
      await context.close()
    })

    test('make a link, whose clicks are counted without loading the page again', { timeout: 60_000 }, async () => {
      const page = await visit(admin, '/links')
      await page.getByRole('button', { name: 'New link' }).click()
      await page.getByLabel('Leads to').fill('https://example.com/from-the-page')
      await page.getByLabel('Tracking id').fill('from-the-page')
      await page.getByRole('button', { name: 'Make the link' }).click()
      const address = await page.getByLabel('the address', { exact: true }).innerText()
      expect(address).toBe(`${app.url}/website?uuid=from-the-page`)
      await page.getByRole('button', { name: 'Close' }).click()
      await page.getByRole('link', { name: 'from-the-page', exact: true }).click()
      await settle(page)
      expect(await valueOf(page, 'Clicks')).toBe(0)
      await page.evaluate('window.untouched = true')
      await app.click(address)
      await figure(page, 'Clicks').and(page.locator('[data-value="1"]')).waitFor()
      await app.click(address)
      await figure(page, 'Clicks').and(page.locator('[data-value="2"]')).waitFor()
      expect(await page.evaluate('window.untouched')).toBe(true)
      expect(await valueOf(page, 'By people')).toBe((await app.stats('from-the-page')).human_clicks)
      await page.close()
    })

    test('change a link and switch it off', async () => {
      await app.given.link({ tracking_id: 'to-change' })
      const page = await visit(admin, '/links?q=to-change')
      await page.getByRole('button', { name: 'Change to-change' }).click()
      await page.getByLabel('Leads to').fill('https://example.org/elsewhere')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('https://example.org/elsewhere').waitFor()
      expect((await app.click('/link?uuid=to-change')).headers.location).toBe('https://example.org/elsewhere')
      await page.getByRole('button', { name: 'Switch off to-change' }).click()
      await page.getByRole('button', { name: 'Switch on to-change' }).waitFor()
      expect((await app.click('/link?uuid=to-change')).status).toBe(410)
      await page.getByRole('button', { name: 'QR code of to-change' }).click()
      await page.getByRole('img', { name: /^QR code/ }).waitFor()
      expect(await page.evaluate<number>(`document.querySelector('img').decode().then(() => document.querySelector('img').naturalWidth)`)).toBeGreaterThan(0)
      await page.close()
    })

    test('show a partner all with the token, which leaves the address at once, and the totals without', async () => {
      for (const eventType of ['inbound', 'outbound']) {
        await app.post('/api/tracking/capture', { referrer: 'mara', campaign: 'launch', landingPage: '/', eventType, destinationUrl: 'https://www.kickstarter.com/x' }, { as: 'nobody' })
      }
      const page = await visit(admin, '/tracking-admin')
      await page.getByRole('button', { name: 'New partner' }).click()
      await page.getByRole('dialog').getByLabel('Tracking id').fill('mara')
      await page.getByRole('button', { name: 'Make the partner' }).click()
      const address = await page.getByLabel('the address with the token', { exact: true }).innerText()
      await page.close()

      const anybody = await profile(browser, app, { signedIn: false })
      const seen = await visit(anybody, address)
      expect(seen.url()).toBe(`${app.url}/engagement/mara`)
      expect(await valueOf(seen, 'Clicks in all')).toBe(2)
      await seen.getByRole('heading', { name: 'Where they went' }).waitFor()
      expect(await seen.getByRole('cell', { name: 'Kickstarter' }).count()).toBeGreaterThan(0)
      await seen.reload()
      await settle(seen)
      await seen.getByRole('heading', { name: 'Where they went' }).waitFor()
      const bare = await visit(anybody, '/engagement/mara')
      expect([await valueOf(bare, 'Clicks in all'), await bare.getByRole('heading', { name: 'Where they went' }).count()]).toEqual([2, 0])
      const wrong = await visit(anybody, '/engagement/mara?token=wrong')
      expect(await wrong.getByRole('alert').innerText()).toContain('This token does not open these numbers')
      const unknown = await visit(anybody, '/engagement/nobody')
      expect(await unknown.getByRole('alert').innerText()).toContain('There is nothing here')
      await anybody.close()
    })

    test('say that an address leads nowhere, and show the way', async () => {
      // A browser complains of the answer's status by itself.
      const person = await profile(browser, app)
      const page = await visit(person, '/pricing')
      await page.getByRole('heading', { name: 'There is no such page' }).waitFor()
      expect(await page.locator('main').innerText()).toContain('/pricing')
      await page.getByRole('link', { name: 'Go to the overview' }).click()
      await page.getByRole('heading', { name: 'Overview' }).first().waitFor()
      expect(new URL(page.url()).pathname).toBe('/')
      await person.close()
    })

    test('build a funnel that says what the API says', async () => {
      const { projectKey } = (await app.post('/v1/projects', { name: 'Funnels' }, { as: 'admin' })).body as { projectKey: string }
      const event = (eventName: string, userId: string, minute: number) => ({ eventName, userId, timestamp: `2026-11-22T10:${String(minute).padStart(2, '0')}:00Z` })
      const events = [event('open', 'a', 1), event('buy', 'a', 2), event('open', 'b', 1), event('open', 'c', 3), event('buy', 'c', 9), event('pay', 'c', 10)]
      await app.post('/v1/events/batch', { projectKey, events }, { as: 'nobody' })
      const page = await visit(admin, `/product/${projectKey}`)
      expect([await valueOf(page, 'Events'), await valueOf(page, 'Users')]).toEqual([6, 3])
      await page.getByRole('button', { name: 'Funnel', exact: true }).click()
      await page.getByLabel('Step 1', { exact: true }).fill('open')
      await page.getByLabel('Step 2', { exact: true }).fill('buy')
      await page.getByRole('button', { name: 'Add a step' }).click()
      await page.getByLabel('Step 3', { exact: true }).fill('pay')
      await page.getByRole('button', { name: 'Show the funnel' }).click()
      await page.getByRole('heading', { name: 'Funnel', exact: true }).waitFor()
      const cells = await page.evaluate<string[][]>(`[...document.querySelectorAll('tbody tr')].map((row) => [...row.cells].slice(0, 5).map((cell) => cell.innerText))`)
      expect(cells).toEqual([
        ['1', 'open', '3', '100%', '100%'],
        ['2', 'buy', '2', '66.67%', '66.67%'],
        ['3', 'pay', '1', '33.33%', '50%'],
      ])
      // The address alone shows the same.
      const again = await visit(admin, page.url())
      await again.getByText('33.33% of 3 users came all the way.').waitFor()
      await page.close()
      await again.close()
    })

    test('export a table as CSV, with formulas disarmed', async () => {
      await app.given.link({ tracking_id: 'csv-one', description: '=HYPERLINK("https://evil.example","x")' })
      const page = await visit(admin, '/links?q=csv-one')
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export Tracked links as CSV' }).click()])
      const text = await readFile(await download.path(), 'utf8')
      const [parsed] = parse(text, { columns: true }) as Record<string, string>[]
      expect(parsed).toMatchObject({ Link: 'csv-one', 'Leads to': 'https://example.com/', Description: `'=HYPERLINK("https://evil.example","x")` })
      const [head, row, rest] = text.split('\r\n')
      expect([head, rest]).toEqual(['Link,Clicks,People,Leads to,Description,Made,State', ''])
      expect(row).toBe(`csv-one,0,0,https://example.com/,"'=HYPERLINK(""https://evil.example"",""x"")",2026-11-22T14:30:00.000Z,on`)
      await page.close()
    })

    test('keep in the address how a table is sorted', async () => {
      for (const id of ['order-a', 'order-c', 'order-b']) await app.given.link({ tracking_id: id })
      const page = await visit(admin, '/links?q=order-')
      // A head that sorts has an arrow behind its name.
      const head = page.getByRole('columnheader', { name: /^Link/ })
      await head.getByRole('button').click()
      await head.getByRole('button').click()
      expect(new URL(page.url()).search).toBe('?q=order-&sort-tracked-links=-id')
      const again = await visit(admin, '/links?q=order-&sort-tracked-links=-id')
      expect(await again.getByRole('columnheader', { name: /^Link/ }).getAttribute('aria-sort')).toBe('descending')
      expect(await again.locator('tbody tr td:first-child').allInnerTexts()).toEqual(['order-c', 'order-b', 'order-a'])
      for (const open of [page, again]) await open.close()
    })

    test('find a person and erase them', async () => {
      const { projectKey } = (await app.post('/v1/projects', { name: 'People' }, { as: 'admin' })).body as { projectKey: string }
      await app.post('/v1/events/batch', { projectKey, events: [{ eventName: 'open', userId: 'to-be-erased', timestamp: '2026-11-22T10:00:00Z' }] }, { as: 'nobody' })
      const page = await visit(admin, '/settings/privacy')
      await page.getByLabel('Value').fill('to-be-erased')
      await page.getByRole('button', { name: 'Find' }).click()
      await page.getByText(/^1 events/).waitFor()
      await page.getByRole('button', { name: 'Erase', exact: true }).click()
      await page.getByRole('button', { name: 'Erase for good' }).click()
      await page.getByText('Nothing is held of this person.').waitFor()
      expect((await app.get('/api/privacy/person?userId=to-be-erased', { as: 'admin' })).body).toMatchObject({ identities: [], events: [] })
      await page.close()
    })

    test('show numbers that are the API’s, and the period before beside them', async () => {
      const capture = (timestamp: string, campaign: string) => app.post('/api/tracking/capture', { referrer: 'numbers', campaign, landingPage: '/n', timestamp }, { as: 'nobody' })
      for (const time of ['2026-11-22T08:00:00Z', '2026-11-22T09:00:00Z', '2026-11-20T09:00:00Z', '2026-11-12T09:00:00Z']) await capture(time, 'compared')
      const page = await visit(admin, '/tracking-dashboard?period=7d&tz=UTC&referrer=numbers')
      const { body } = await app.get('/api/tracking/referrer/numbers?from=2026-11-16&to=2026-11-22', { as: 'admin' })
      expect([await valueOf(page, 'Captures'), (body as { totalClicks: number }).totalClicks]).toEqual([3, 3])
      expect(await page.locator('.figure .change').first().innerText()).toBe('+200% from 1')
      await page.getByRole('button', { name: '30 days' }).click()
      await figure(page, 'Captures').and(page.locator('[data-value="4"]')).waitFor()
      expect(new URL(page.url()).searchParams.get('period')).toBe('30d')
      await page.getByRole('slider', { name: 'Captures by day' }).focus()
      await page.keyboard.press('End')
      expect(await page.getByRole('slider').getAttribute('aria-valuetext')).toMatch(/^Sun,? 22 Nov 2026: 2 captures/)
      await page.close()
    })

    test('have scripts that complain of nothing', () => {
      expect(complaints).toEqual([])
    })

    test('show viewers what they may see, and say where they may not', async () => {
      await app.as('viewer')
      const viewer = await profile(browser, app, { signedIn: false })
      await viewer.request.post('/api/auth/login', { data: VIEWER })
      const page = await visit(viewer, '/links')
      expect(await page.getByRole('button', { name: 'New link' }).count()).toBe(0)
      await page.goto('/settings/users')
      await settle(page)
      expect(await page.getByRole('alert').innerText()).toContain('You may not see this')
      await viewer.close()
    })
  })
})
