import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Mailbox, openMailbox, readMail } from '../../test/support/mailbox.ts'
import { type Mailer, openMailer } from './mailer.ts'

const MAIL = { to: 'ada@example.com', subject: 'Hello', text: 'A line.\nAnother, of Ünï 🙂.\n' }
const HEADERS = ['content-transfer-encoding', 'content-type', 'date', 'from', 'message-id', 'mime-version', 'subject', 'to']

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waymark-test-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('a mailer with a mail server', () => {
  let mailbox: Mailbox
  let mailer: Mailer
  const told: (string | null)[][] = []
  beforeEach(async () => {
    told.length = 0
    mailbox = await openMailbox()
    mailer = await openMailer({ url: mailbox.url, from: 'Waymark <hello@example.com>', folder }, (...report) => told.push(report))
  })
  afterEach(async () => {
    mailer.close()
    await mailbox.close()
  })

  test('logs in and gives it the mail', async () => {
    await mailer.send(MAIL)
    expect(mailbox.mails).toEqual([{ from: 'hello@example.com', to: ['ada@example.com'], headers: expect.objectContaining({ from: ['Waymark <hello@example.com>'], to: ['ada@example.com'], subject: ['Hello'] }), text: MAIL.text, html: null }])
    expect(told).toEqual([['sent', null]])
  })

  test('sends many over few connections', async () => {
    await Promise.all(Array.from({ length: 40 }, (_, at) => mailer.send({ ...MAIL, to: `reader-${at}@example.com` })))
    expect(mailbox.mails.map(({ to }) => to[0]).sort()).toEqual(Array.from({ length: 40 }, (_, at) => `reader-${at}@example.com`).sort())
  })

  test('sends to one reader, with no header but its own, whatever subject and address hold', async () => {
    const breaks = fc.constantFrom('\r', '\n', '\r\n', '\0', '\u2028', '\u0085', '\r\nBcc: all@example.com', '%0d%0aBcc: x', '=?utf-8?Q?=0D=0ABcc:?=', ':', ',', 'Ünï', ' ', 'a')
    const hostile = fc.array(breaks, { maxLength: 12 }).map((pieces) => pieces.join(''))
    await fc.assert(
      fc.asyncProperty(hostile, fc.constantFrom('', '\r\nBcc: all@example.com', '\n'), async (subject, behind) => {
        mailbox.mails.length = 0
        await mailer.send({ ...MAIL, subject, to: `ada@example.com${behind}` }).catch(() => undefined)
        for (const { to, headers, text } of mailbox.mails) {
          expect([to.length, to[0]?.startsWith('ada@example.com'), text]).toEqual([1, true, MAIL.text])
          expect(Object.keys(headers).sort().filter((name) => name !== 'subject')).toEqual(HEADERS.filter((name) => name !== 'subject'))
          expect(Object.values(headers).every((values) => values.length === 1)).toBe(true)
        }
        if (behind === '') expect(mailbox.mails).toHaveLength(1)
      }),
      { numRuns: 150 },
    )
  })

  test('delivers a mailing\'s mail with what its reader\'s program needs, and with no header but its own', async () => {
    const letter = { id: '0', ...MAIL, html: '<p>Hello</p>', unsubscribeUrl: `https://mail.example.com/${'u'.repeat(150)}` }
    const breaks = fc.constantFrom('\r', '\n', '\r\n', '\0', '\u2028', '\r\nBcc: all@example.com', '%0d%0aBcc: x', '=?utf-8?Q?=0D=0ABcc:?=', ':', 'Ünï', ' ', 'a')
    await fc.assert(
      fc.asyncProperty(fc.array(breaks, { maxLength: 12 }), async (pieces) => {
        mailbox.mails.length = 0
        expect(await mailer.deliver({ ...letter, subject: pieces.join('') })).toEqual({ state: 'sent' })
        const [mail] = mailbox.mails
        const { subject: _, ...headers } = mail?.headers ?? {}
        expect(Object.values(headers).every((values) => values.length === 1)).toBe(true)
        expect([mail?.to, mail?.text, mail?.html, headers]).toEqual([
          ['ada@example.com'], MAIL.text, '<p>Hello</p>',
          {
            'content-type': expect.any(Array), date: expect.any(Array), from: ['Waymark <hello@example.com>'], 'mime-version': ['1.0'], to: ['ada@example.com'],
            'list-unsubscribe': [`<${letter.unsubscribeUrl}>`], 'list-unsubscribe-post': ['List-Unsubscribe=One-Click'], 'message-id': ['<0@example.com>'],
          },
        ])
      }),
      { numRuns: 60 },
    )
  })

  test('knows of a connection that breaks whether the mail may have been taken', async () => {
    const letter = (id: string) => ({ id, ...MAIL, html: `<p>${'x'.repeat(300_000)}</p>`, unsubscribeUrl: 'https://mail.example.com/u' })
    mailbox.refusing = () => ({ cut: 'RCPT' })
    expect(await mailer.deliver(letter('1'))).toEqual({ state: 'away', reason: 'ECONNECTION' })
    mailbox.refusing = () => ({ cut: 'DATA' })
    expect(await mailer.deliver(letter('2'))).toEqual({ state: 'doubtful', reason: 'connection lost' })
    mailbox.refusing = () => null
    expect(await mailer.deliver(letter('3'))).toEqual({ state: 'sent' })
    expect(mailbox.mails.map(({ headers }) => headers['message-id'])).toEqual([['<2@example.com>'], ['<3@example.com>']])
  })

  test('says that a mail was not taken, and why by its code alone', async () => {
    mailbox.refuse = 'no <ada@example.com> here'
    await expect(mailer.send(MAIL)).rejects.toMatchObject({ code: 'unavailable', message: 'The mail server has not taken the mail.' })
    expect(told).toEqual([['failed', '550']])
    mailbox.refuse = null
    await mailer.send(MAIL)
    expect(mailbox.mails).toHaveLength(1)
  })

  test('goes on when the mail server was away', async () => {
    await mailer.send(MAIL)
    const { port } = new URL(mailbox.url)
    await mailbox.close()
    await expect(mailer.send(MAIL)).rejects.toMatchObject({ code: 'unavailable' })
    mailbox = await openMailbox(Number(port))
    await mailer.send(MAIL)
    expect(mailbox.mails).toHaveLength(1)
  })

  test('with a wrong password is refused', async () => {
    const wrong = await openMailer({ url: mailbox.url.replace('p%40ss', 'wrong'), from: 'hello@example.com', folder }, (...report) => told.push(report))
    await expect(wrong.send(MAIL)).rejects.toMatchObject({ code: 'unavailable' })
    expect(told).toEqual([['failed', '535']])
    wrong.close()
  })
})

test('a mailer of log: writes each mail into a file that only its owner can read', async () => {
  const mailer = await openMailer({ url: 'log:', from: 'waymark@localhost', folder: join(folder, 'mail') }, () => undefined)
  await mailer.send(MAIL)
  await mailer.send({ ...MAIL, to: 'bob@example.com' })
  mailer.close()
  const files = (await readdir(join(folder, 'mail'))).sort()
  const mails = await Promise.all(files.map(async (file) => readMail(await readFile(join(folder, 'mail', file), 'latin1'))))
  expect(mails.map(({ headers, text }) => [headers.from, headers.to, headers.subject, text])).toEqual(['ada', 'bob'].map((name) => [['waymark@localhost'], [`${name}@example.com`], ['Hello'], MAIL.text]))
  for (const file of files) expect((await stat(join(folder, 'mail', file))).mode & 0o777).toBe(0o600)
})
