import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../support/app.ts'
import { browserPath, startBrowser } from '../support/browser.ts'
import { onEveryEngine } from '../support/engines.ts'

describe.skipIf(browserPath === null)('in a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await startBrowser()
  })
  afterAll(() => browser.close())

  onEveryEngine('the reference', (engine) => {
    let app: TestApp
    let page: Page
    const complaints: string[] = []
    beforeAll(async () => {
      app = await testApp(engine)
      page = await browser.newPage()
      page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
      page.on('pageerror', (error) => complaints.push(String(error)))
      await page.goto(`${app.url}/swagger`)
      await page.waitForSelector('.opblock')
    })
    afterAll(async () => {
      await page.close()
      await app.close()
    })

    /** Opens a route, fills in what is given, sends it, and reads the answer. */
    async function tried(method: string, path: string, fill: { body?: object; query?: Record<string, string> }): Promise<{ status: string; body: unknown }> {
      const route = page.locator(`.opblock-${method}`, { has: page.locator(`[data-path="${path}"]`) })
      await route.locator('.opblock-summary-control').click()
      await route.getByRole('button', { name: 'Try it out' }).click()
      if (fill.body) await route.locator('textarea').first().fill(JSON.stringify(fill.body))
      for (const [name, value] of Object.entries(fill.query ?? {})) await route.locator(`tr[data-param-name="${name}"] input`).fill(value)
      await route.getByRole('button', { name: 'Execute' }).click()
      const answer = route.locator('.live-responses-table tbody .response')
      await answer.waitFor()
      const status = (await answer.locator('.response-col_status').innerText()).trim()
      return { status, body: JSON.parse(await answer.locator('.response-col_description pre').first().innerText()) }
    }

    test('lists the routes, and "Try it out" makes a project, sends an event and reads its report', { timeout: 60_000 }, async () => {
      const made = await tried('post', '/v1/projects', { body: { name: 'Tried' } })
      expect(made).toMatchObject({ status: '200', body: { name: 'Tried', isActive: true } })
      const { projectKey } = made.body as { projectKey: string }
      const event = { eventName: 'app_open', timestamp: '2025-01-06T10:00:00Z', anonymousId: 'anon-1' }
      expect(await tried('post', '/v1/events/batch', { body: { projectKey, events: [event] } })).toEqual({ status: '200', body: { received: 1, inserted: 1, duplicates: 0, errors: [] } })
      expect(await tried('get', '/v1/reports/overview', { query: { projectKey } })).toEqual({
        status: '200',
        body: { projectKey, from: null, to: null, totalEvents: 1, uniqueUsers: 1, uniqueEventNames: 1 },
      })
      expect(complaints).toEqual([])
    })
  })
})
