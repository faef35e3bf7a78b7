import type { Browser, BrowserContext, Page } from 'playwright-core'
import { ADMIN, START, type TestApp } from './app.ts'
import { settle } from './settle.ts'

/** Opens a page of the server and waits until it shows what it asked for. */
export async function visit(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(url)
  return settle(page)
}

/** A figure of a page, by its name. */
export const figure = (page: Page, name: string) => page.locator('.figure', { has: page.getByText(name, { exact: true }) }).locator('[data-value]')

/** What a figure of a page says. */
export const valueOf = async (page: Page, name: string): Promise<number> => Number(await figure(page, name).getAttribute('data-value'))

/** A browser's profile of its own, whose clock is the test server's; whatever a page's scripts complain of goes into `complaints`. */
export async function profile(browser: Browser, app: TestApp, options: { signedIn?: boolean; width?: number; dark?: boolean; complaints?: string[] } = {}): Promise<BrowserContext> {
  const { signedIn = true, width = 1_280, dark = false, complaints } = options
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: dark ? 'dark' : 'light', reducedMotion: 'reduce', locale: 'en-GB', timezoneId: 'UTC', baseURL: app.url, acceptDownloads: true })
  await context.clock.setFixedTime(START)
  if (complaints) {
    // A refusal is no fault of the page; Chromium writes one line for each all the same.
    context.on('console', (message) => message.type() === 'error' && !message.text().startsWith('Failed to load resource') && complaints.push(message.text()))
    context.on('weberror', (error) => complaints.push(String(error.error())))
  }
  if (signedIn) {
    const answer = await context.request.post('/api/auth/login', { data: ADMIN })
    if (!answer.ok()) throw new Error(`Not signed in: ${answer.status()}`)
  }
  return context
}
