import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, VIEWER, testApp } from '../support/app.ts'
import { until } from '../support/ask.ts'
import { browserPath, startBrowser } from '../support/browser.ts'
import { onEveryEngine } from '../support/engines.ts'
import { givenLead, leadNow, tokenOf } from '../support/mails.ts'
import { isSigned, openReceiver } from '../support/receiver.ts'
import { profile, visit } from '../support/visit.ts'

const figure = (page: Page, name: string, value: number) => page.locator('.figure', { has: page.getByText(name, { exact: true }) }).locator(`[data-value="${value}"]`)

describe.skipIf(browserPath === null)('in a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await startBrowser()
  })
  afterAll(() => browser.close())

  onEveryEngine('the pages of mails', (engine) => {
    let app: TestApp
    let admin: BrowserContext
    const complaints: string[] = []
    beforeAll(async () => {
      app = await testApp(engine, { env: { SMTP_URL: 'log:', EMAIL_RATE_PER_MINUTE: '30', EMAIL_FROM: 'news@example.com', WEBHOOK_ALLOW_PRIVATE: 'true' } })
      admin = await profile(browser, app, { complaints })
    })
    afterAll(async () => {
      await admin.close()
      await app.close()
    })

    test('bring leads from a file, row by row, and find, change and erase them', async () => {
      const page = await visit(admin, '/email/leads')
      await page.getByRole('heading', { name: 'No leads yet' }).waitFor()
      await page.getByRole('button', { name: 'Import', exact: true }).click()
      const csv = 'email,first_name\nbob@example.com,Bob\nnobody,\ncy@example.com,Cy\ndo@example.com,Do\n'
      await page.getByLabel('File').setInputFiles({ name: 'leads.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) })
      await page.getByRole('dialog').getByRole('button', { name: 'Import' }).click()
      await page.getByText('3 new, 0 there before, 1 refused.').waitFor()
      await page.getByRole('cell', { name: 'email must be an e-mail address' }).waitFor()
      await page.getByRole('button', { name: 'Close' }).click()
      await page.getByText('3 leads, 3 of whom may be mailed.').waitFor()
      await page.getByRole('button', { name: 'Change cy@example.com' }).click()
      await page.getByLabel('Last name').fill('Lind')
      await page.getByRole('checkbox', { name: /^Unsubscribe them/ }).check()
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByRole('cell', { name: 'Cy Lind' }).waitFor()
      await page.getByLabel('Status', { exact: true }).selectOption('opted_out')
      await page.getByText('1 leads, 0 of whom may be mailed.').waitFor()
      await page.getByLabel('Status', { exact: true }).selectOption('')
      page.once('dialog', (asked) => void asked.accept())
      await page.getByRole('button', { name: 'Erase do@example.com' }).click()
      await page.getByText('2 leads, 1 of whom may be mailed.').waitFor()
      expect((await app.get('/api/privacy/person?email=do@example.com', { as: 'admin' })).body).toMatchObject({ leads: [] })
      await page.close()
    })

    test('write a mailing, say how many get it, send it once, and count what its readers do', { timeout: 60_000 }, async () => {
      const page = await visit(admin, '/email')
      await page.getByRole('button', { name: 'New campaign' }).click()
      await page.getByLabel('Name').fill('Autumn')
      await page.getByLabel('Subject').fill('Hello {{first_name}}')
      await page.getByLabel('HTML').fill('<p>Hello <a href="https://example.com/offer">you</a></p>')
      await page.getByRole('button', { name: 'Make the campaign' }).click()
      await page.waitForURL('**/email/campaigns/1')
      await page.getByRole('button', { name: 'Send a mailing' }).click()
      await page.getByRole('button', { name: 'Go on' }).click()
      await page.getByText('1 lead gets').waitFor()
      await page.getByText('1 more match, and are left out').waitFor()
      await page.getByRole('button', { name: 'Send to 1' }).click()
      await page.getByRole('button', { name: 'Done' }).click()
      await page.getByRole('cell', { name: 'done', exact: true }).waitFor({ timeout: 20_000 })
      await figure(page, 'Sent', 1).waitFor({ timeout: 20_000 })
      const { leads } = (await app.get('/api/v1/leads?q=bob')).body as { leads: { id: number }[] }
      const bob = leads[0]?.id as number
      await app.click(`/api/v1/tracking/open/${tokenOf(app, bob)}`)
      await figure(page, 'Opened', 1).waitFor({ timeout: 20_000 })
      expect(await leadNow(app, bob)).toMatchObject({ email_opened: true })
      const { body } = await app.get('/api/v1/campaigns/analytics?campaign_id=1')
      expect(body).toMatchObject({ sent: 1, opens: { unique: 1, machine: 0 }, clicks: { unique: 0 } })
      await page.goto('/email')
      await page.getByRole('row', { name: /^Autumn 1 100% 0% 0 0 0 22 Nov 2026/ }).waitFor()
      await page.close()
    })

    test('make a webhook whose secret signs, test it, send a message again, and switch it off', async () => {
      const receiver = await openReceiver()
      const page = await visit(admin, '/settings/webhooks')
      await page.getByRole('heading', { name: 'No webhooks yet' }).waitFor()
      await page.getByRole('button', { name: 'New webhook' }).click()
      await page.getByLabel('Address').fill(receiver.url)
      await page.getByLabel('A link is made').check()
      await page.getByRole('button', { name: 'Make the webhook' }).click()
      const secret = await page.getByLabel('the secret', { exact: true }).innerText()
      await page.getByRole('button', { name: 'Close' }).click()
      await page.getByRole('button', { name: `Test ${receiver.url}` }).click()
      await page.getByText('The test was taken with 204.').waitFor()
      expect(receiver.messages.map((message) => isSigned(message, secret))).toEqual([true])
      await page.getByRole('cell', { name: 'delivered' }).waitFor()
      await page.getByRole('button', { name: /^Send again: msg_/ }).click()
      await until('the message has come again', () => receiver.messages.length === 2, 20_000)
      expect(receiver.messages[1]?.id).toBe(receiver.messages[0]?.id)
      await page.getByRole('button', { name: `Switch off ${receiver.url}` }).click()
      await page.getByRole('button', { name: `Switch on ${receiver.url}` }).waitFor()
      page.once('dialog', (asked) => void asked.accept())
      await page.getByRole('button', { name: `New secret for ${receiver.url}` }).click()
      expect(await page.getByLabel('the secret', { exact: true }).innerText()).not.toBe(secret)
      await page.getByRole('button', { name: 'Close' }).click()
      page.once('dialog', (asked) => void asked.accept())
      await page.getByRole('button', { name: `Remove ${receiver.url}` }).click()
      await page.getByRole('heading', { name: 'No webhooks yet' }).waitFor()
      await page.close()
      await receiver.close()
    })

    test('stop a mailing, and mail nobody who still waits', async () => {
      const { id } = (await app.post('/api/v1/campaigns', { name: 'Too soon', subject: 'Oh', html: 'x' })).body as { id: number }
      for (const name of ['eva', 'finn', 'gus', 'ida']) await givenLead(app, { email: `${name}@example.com` })
      const { mailing_id: mailing } = (await app.post('/api/v1/campaigns/send', { campaign_id: id, all: true })).body as { mailing_id: string }
      const page = await visit(admin, `/email/campaigns/${id}`)
      page.on('dialog', (asked) => void asked.accept())
      await page.getByRole('button', { name: 'Stop' }).click()
      await page.getByRole('cell', { name: 'done', exact: true }).waitFor({ timeout: 20_000 })
      const { sent, skipped, total, queued } = (await app.get(`/api/v1/campaigns/mailings/${mailing}`)).body as Record<string, number>
      expect({ queued, all: (sent as number) + (skipped as number) }).toEqual({ queued: 0, all: total })
      expect(skipped).toBeGreaterThan(0)
      await page.close()
    })

    test('let viewers look, and change nothing', async () => {
      await app.as('viewer')
      const viewer = await profile(browser, app, { signedIn: false })
      await viewer.request.post('/api/auth/login', { data: VIEWER })
      for (const path of ['/email', '/email/campaigns/1', '/email/leads', '/settings/webhooks']) {
        const page = await visit(viewer, path)
        expect([path, await page.getByRole('button', { name: /^(New|Send|Import|Change|Erase|Test)/ }).count(), await page.getByRole('alert').count()]).toEqual([path, 0, 0])
        await page.close()
      }
      await viewer.close()
    })

    test('keep a row’s buttons in sight on a phone', async () => {
      const phone = await profile(browser, app, { width: 390 })
      const page = await visit(phone, '/email/leads')
      const box = await page.getByRole('button', { name: 'Erase bob@example.com' }).boundingBox()
      expect(box && box.x >= 0 && box.x + box.width <= 390).toBe(true)
      await phone.close()
    })

    test('have scripts that complain of nothing', () => {
      expect(complaints).toEqual([])
    })
  })
})
