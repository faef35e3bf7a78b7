import type { Page } from 'playwright-core'
import { until } from './ask.ts'

/** Waits until a page shows what it asked for. */
export async function settle(page: Page): Promise<Page> {
  await page.locator('h1').first().waitFor()
  await until('the page shows what it asked for', async () => (await page.getByText('Loading …').count()) === 0)
  return page
}
