// Draws every page with a sample of data, at the width of a phone and of a desk, into docs/images/. Run by `npm run images`.
import { mkdtemp, mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hashSync } from '@node-rs/bcrypt'
import { ask } from '../support/ask.ts'
import { startBrowser } from '../support/browser.ts'
import { TEST_KEY, startServer } from '../support/process.ts'
import { SAMPLE_ENV } from '../support/sample-mails.ts'
import { fillSample, sampleAddresses } from '../support/sample.ts'
import { settle } from '../support/settle.ts'

const FOLDER = 'docs/images'
const ADMIN = { email: 'ada@example.com', password: 'correct horse battery' }
const dark = process.argv.includes('--dark')

const browser = await startBrowser()
const dataDir = await mkdtemp(join(tmpdir(), 'waymark-images-'))
const server = await startServer({ dataDir, env: { ADMIN_EMAIL: ADMIN.email, ADMIN_PASSWORD_HASH: hashSync(ADMIN.password, 4), RATE_LIMIT_CAPTURE: '100000', RATE_LIMIT_ADMIN: '100000', LOG_LEVEL: 'info', ...SAMPLE_ENV } })
try {
  const login = await ask(server.url, 'POST', '/api/auth/login', { body: ADMIN })
  const { token } = login.body as { token: string }
  const sample = await fillSample(server.url, { headers: { authorization: `Bearer ${token}` }, key: TEST_KEY, now: Date.now() })
  await mkdir(FOLDER, { recursive: true })
  const session = String(login.headers['set-cookie']).split(';')[0]?.split('=') as [string, string]
  for (const width of [390, 1_440]) {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: dark ? 'dark' : 'light', locale: 'en-GB', timezoneId: 'UTC' })
    for (const [name, path] of sampleAddresses(sample)) {
      if (name !== 'login') await context.addCookies([{ name: session[0], value: session[1], url: server.url }])
      const page = await context.newPage()
      await page.goto(`${server.url}${path}`)
      await settle(page)
      await page.screenshot({ path: join(FOLDER, `${name}${dark ? '-dark' : ''}-${width}.png`), fullPage: true })
      await page.close()
    }
    await context.close()
  }
} finally {
  await browser.close()
  await server.end('SIGTERM')
  await rm(dataDir, { recursive: true, force: true })
}
