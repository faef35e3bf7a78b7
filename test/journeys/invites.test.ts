import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestApp, testApp } from '../support/app.ts'
import { onEveryEngine } from '../support/engines.ts'
import { type Mailbox, openMailbox, readMail } from '../support/mailbox.ts'

const CREATE = '/api/tracking/partner/create'
const JOHN = { trackingId: 'partner_john', partnerName: 'John Smith', email: 'john@example.com' }

interface Shown {
  accessToken: string
  dashboardUrl: string
}

onEveryEngine('invites', (engine) => {
  let app: TestApp
  let mailbox: Mailbox
  const log: string[] = []
  beforeAll(async () => {
    mailbox = await openMailbox()
    app = await testApp(engine, { log, env: { SMTP_URL: mailbox.url, EMAIL_FROM: 'hello@example.com', LOG_LEVEL: 'trace' } })
  })
  afterAll(async () => {
    await app.close()
    await mailbox.close()
  })

  const admin = (path: string, body?: object) => app.post(path, body, { as: 'admin' })
  const create = async (partner: object) => (await admin(CREATE, partner)).body as Shown
  const numbers = (id: string, query = '') => app.ask('GET', `/api/tracking/engagement/${id}${query}`)

  test('hold a name as letters, whatever it looks like', async () => {
    const partnerName = '<script>alert(1)</script> {{token}} =?utf-8?Q?=0D=0ABcc:_all@example.com?= %0d%0aBcc: Ünï 🙂'
    await create({ trackingId: 'inert', partnerName, email: 'Inert@Example.com', sendInvite: true })
    const mail = mailbox.mails.at(-1)
    expect(mail?.to).toEqual(['inert@example.com'])
    expect(Object.keys(mail?.headers ?? {}).sort()).toEqual(['content-transfer-encoding', 'content-type', 'date', 'from', 'message-id', 'mime-version', 'subject', 'to'])
    expect(mail?.text).toContain(`Hello ${partnerName},\n`)
  })

  test('that the mail server refuses cost nothing but themselves, and leave no address in the log', async () => {
    mailbox.refuse = 'no <fails@example.com> here'
    const { status, body } = await admin(CREATE, { trackingId: 'fails', email: 'fails@example.com', sendInvite: true })
    mailbox.refuse = null
    expect([status, body]).toMatchObject([
      201,
      { accessToken: expect.any(String), inviteSent: false, inviteError: 'The mail server has not taken the mail. Hand out dashboardUrl yourself, or rotate the token to send another invite.' },
    ])
    expect((await numbers('fails', `?token=${(body as Shown).accessToken}`)).status).toBe(200)
    expect(log.map((line) => JSON.parse(line) as { msg: string; why?: string }).filter(({ msg }) => msg === 'mail not sent')).toEqual([{ level: 40, time: expect.any(Number), outcome: 'failed', why: '550', msg: 'mail not sent' }])
    expect(log.join('')).not.toContain('fails@')
    expect(await app.metric('waymark_mails_total{outcome="failed"}')).toBe(1)
  })

  test('without a mail server are not sent, and the answer says what to set', async () => {
    const plain = await testApp(engine)
    const { status, body } = await plain.post(CREATE, { ...JOHN, sendInvite: true }, { as: 'admin' })
    expect([status, body]).toEqual([
      201,
      {
        success: true,
        trackingId: 'partner_john',
        accessToken: expect.any(String),
        dashboardUrl: `${plain.url}/engagement/partner_john?token=${(body as Shown).accessToken}`,
        expiresAt: '2027-11-22T14:30:00.000Z',
        inviteSent: false,
        inviteError: 'No mail server is set. Set SMTP_URL and EMAIL_FROM, or hand out dashboardUrl yourself.',
      },
    ])
    await plain.close()
  })

  test('with SMTP_URL=log: become files', async () => {
    const plain = await testApp(engine, { env: { SMTP_URL: 'log:' } })
    const { body } = await plain.post(CREATE, { ...JOHN, sendInvite: true }, { as: 'admin' })
    const folder = join(plain.store.dataDir, 'mail')
    const [file = '', ...more] = await readdir(folder)
    expect([file, more]).toEqual([expect.stringMatching(/^[0-9a-f-]{36}\.eml$/), []])
    const mail = readMail(await readFile(join(folder, file), 'latin1'))
    expect(mail.headers).toMatchObject({ from: ['waymark@localhost'], to: ['john@example.com'] })
    expect(mail.text).toContain((body as Shown).dashboardUrl)
    await plain.close()
  })
})
