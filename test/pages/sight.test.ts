import axe from 'axe-core'
import type { Browser, BrowserContext } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { START, type TestApp, testApp } from '../support/app.ts'
import { browserPath, startBrowser } from '../support/browser.ts'
import { onEngine } from '../support/engines.ts'
import { TEST_KEY } from '../support/process.ts'
import { SAMPLE_ENV } from '../support/sample-mails.ts'
import { type Sample, fillSample, sampleAddresses } from '../support/sample.ts'
import { profile, visit } from '../support/visit.ts'

/** The least that a reader sees jump; a good page has less than 0.1 (web.dev, Cumulative Layout Shift). */
const STILL = 0.05
const ME = '/api/auth/me'
const LIVE = '/api/live'
/** How much of a page has moved while it loaded, how long what moves by itself takes (s), and how wide its inside and its window are. */
const LOOK = `({
  shift: window.shift,
  motion: Math.max(...[...document.querySelectorAll('*')].flatMap((one) => { const style = getComputedStyle(one); return [style.transitionDuration, style.animationDuration].flatMap((all) => all.split(',').map(parseFloat)) })),
  inside: document.documentElement.scrollWidth,
  window: document.documentElement.clientWidth,
})`

/** What the pages of a context ask the server for, beside the files of the pages: method and path. */
function hearQuestions(context: BrowserContext): string[] {
  const questions: string[] = []
  context.on('request', (request) => {
    if (['fetch', 'xhr', 'eventsource'].includes(request.resourceType())) questions.push(`${request.method()} ${new URL(request.url()).pathname}`)
  })
  return questions
}

describe.skipIf(browserPath === null)('in a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await startBrowser()
  })
  afterAll(() => browser.close())

  // What a page looks like is the same whatever engine the numbers come from.
  onEngine('duckdb', 'every page', (engine) => {
    let app: TestApp
    let sample: Sample
    beforeAll(async () => {
      app = await testApp(engine, { env: { RATE_LIMIT_CAPTURE: '100000', RATE_LIMIT_ANALYTICS: '100000', ...SAMPLE_ENV } })
      sample = await fillSample(app.url, { headers: await app.as('admin'), key: TEST_KEY, now: START })
    })
    afterAll(() => app.close())

    /** Whether the reference names a question. */
    const documented = async (): Promise<(question: string) => boolean> => {
      const { paths } = (await app.ask('GET', '/apispec.json')).body as { paths: Record<string, object> }
      const known = Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => new RegExp(`^${method.toUpperCase()} ${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`)))
      return (question) => known.some((one) => one.test(question))
    }

    test.each([
      ['light, at a desk', { dark: false, width: 1_280 }],
      ['dark, on a phone', { dark: true, width: 390 }],
    ])('can be used by everybody, in %s', { timeout: 400_000 }, async (_, options) => {
      const complaints: string[] = []
      const isDocumented = await documented()
      for (const signedIn of [false, true]) {
        const context = await profile(browser, app, { ...options, signedIn, complaints })
        await context.addInitScript(`window.shift = 0; new PerformanceObserver((seen) => { for (const one of seen.getEntries()) window.shift += one.value }).observe({ type: 'layout-shift', buffered: true })`)
        const questions = hearQuestions(context)
        for (const [name, path] of sampleAddresses(sample)) {
          if (signedIn === (name === 'login')) continue
          questions.length = 0
          const page = await visit(context, path)
          // Who is signed in is asked once for all pages.
          const asked = questions.filter((one) => one !== `GET ${ME}`)
          expect([name, asked.filter((one) => one !== `GET ${LIVE}`).length <= 3, asked.filter((one) => one === `GET ${LIVE}`).length <= 1, asked.filter((one) => !isDocumented(one))]).toEqual([name, true, true, []])
          await page.evaluate(axe.source)
          const found = await page.evaluate<axe.Result[]>(`axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then(({ violations }) => violations)`)
          const grave = found.filter(({ impact }) => impact === 'serious' || impact === 'critical')
          expect([name, grave.map(({ id, nodes }) => [id, nodes.map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary}`)])]).toEqual([name, []])
          const look = await page.evaluate<{ shift: number; motion: number; inside: number; window: number }>(LOOK)
          expect([name, look.inside <= look.window, look.motion]).toEqual([name, true, 0])
          expect(look.shift, `${name} jumps while it loads`).toBeLessThan(STILL)
          await page.close()
        }
        await context.close()
      }
      expect(complaints).toEqual([])
    })
  })
})
