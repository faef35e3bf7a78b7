import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { MailMessage, SendMailOptions } from 'nodemailer'
import { Fault } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import { type SmtpError, verdictOf } from './refusal.ts'
import type { Delivery } from './sending/message.ts'

/** A mail to one reader. */
export interface Mail {
  /** An e-mail address and nothing else, checked before. */
  to: string
  subject: string
  text: string
}

/** A mail of a mailing. */
export interface Letter extends Mail {
  /** The message's id, which makes its Message-ID: the same whenever it is sent. */
  id: string
  html: string | null
  unsubscribeUrl: string
}

/** The way out for mails. */
export interface Mailer {
  /** Ends when the mail server has taken the mail (its 250). Throws Fault 'unavailable' when it does not. */
  send(mail: Mail): Promise<void>
  /** Ends when it is known what became of the letter, or that nobody knows; never throws. */
  deliver(letter: Letter): Promise<Delivery>
  /** Ends the connections. */
  close(): void
}

/** What became of a mail. `why` is the mail server's code or the connection's, never its words: they may name the reader. */
export type MailReport = (outcome: 'failed' | Delivery['state'], why: string | null) => void

/** Where mails go, and from whom. */
export interface MailSettings {
  /** `smtp://` or `smtps://` with user and password where needed; `log:` writes mails into `folder` and sends nothing. */
  url: string
  /** An address, or `Name <address>`. */
  from: string
  folder: string
}

/** Somebody waits for the answer. */
const WAIT_MS = 15_000
/** How many mails are under way at once. */
export const CONNECTIONS = 5
/** A letter waits longer than a person would: behind its last byte, the longer it waits the fewer are doubtful (RFC 5321, 4.5.3.2). */
const SILENCE_MS = 120_000
/** What is longer goes out in pieces. */
const PIECE = 64 * 1024

/** What would end a header's line, and the rest of the control characters. */
// oxlint-disable-next-line no-control-regex
const BREAKS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g

/** Opens the way out; connections are made when there is a mail, and kept for the next. */
export async function openMailer({ url, from, folder }: MailSettings, report: MailReport): Promise<Mailer> {
  const toFolder = url === 'log:'
  // Only servers that send mail pay for loading it.
  const { createTransport } = await import('nodemailer')
  const transport = toFolder
    ? createTransport({ streamTransport: true, buffer: true, newline: 'windows' })
    : // Nothing is sent again by itself: whether it may be is for the ledger to say.
      createTransport({ url, pool: true, maxConnections: CONNECTIONS, maxRequeues: 0, connectionTimeout: WAIT_MS, greetingTimeout: WAIT_MS, socketTimeout: SILENCE_MS })
  // A pooled connection that ends while nobody uses it is nobody's failure: the next mail opens another.
  transport.on('error', () => undefined)
  const underWay = new Map<string, Readable>()
  transport.use('stream', (mail: MailMessage, done: () => void) => {
    const { messageId } = mail.data
    if (typeof messageId === 'string') {
      mail.message.processFunc((stream) => {
        underWay.set(messageId, stream as Readable)
        return stream
      })
    }
    done()
  })
  const host = /@([^\s<>@]+)>?$/.exec(from)?.[1] ?? 'localhost'

  async function pass(mail: SendMailOptions & { to: string; subject: string }): Promise<void> {
    const sent = await transport.sendMail({
      ...mail,
      from,
      // As parts: a text would be taken apart at its commas.
      to: { name: '', address: mail.to.replace(BREAKS, '') },
      subject: mail.subject.replace(BREAKS, ' '),
      disableFileAccess: true,
      disableUrlAccess: true,
    })
    if (!toFolder) return
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await writeFile(join(folder, `${newId()}.eml`), sent.message as Buffer, { mode: 0o600 })
  }

  return {
    async send({ to, subject, text }) {
      try {
        await pass({ to, subject, text, signal: AbortSignal.timeout(WAIT_MS) })
      } catch (error) {
        const { responseCode, code } = error as SmtpError
        report('failed', String(responseCode ?? code ?? 'unknown'))
        throw new Fault('unavailable', 'The mail server has not taken the mail.')
      }
      report('sent', null)
    },
    async deliver({ id, to, subject, text, html, unsubscribeUrl }) {
      const messageId = `<${id}@${host}>`
      const headers = { 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' }
      const body = html === null ? {} : { html: piecewise(html) }
      const delivery = await pass({ to, subject, text, ...body, headers, list: { unsubscribe: unsubscribeUrl }, messageId }).then(
        (): Delivery => ({ state: 'sent' }),
        // The dot that ends a mail goes out behind the end of its stream, which is read once the server has asked for it.
        (error: SmtpError) => verdictOf(error, underWay.get(messageId)?.readableEnded === true),
      )
      underWay.delete(messageId)
      report(delivery.state, 'reason' in delivery ? delivery.reason : null)
      return delivery
    },
    close: () => transport.close(),
  }
}

/** A long text as a stream, so that it is not encoded in one go. */
function piecewise(text: string): string | Readable {
  if (text.length <= PIECE) return text
  const bytes = Buffer.from(text)
  return Readable.from(
    (function* () {
      for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE)
    })(),
  )
}
