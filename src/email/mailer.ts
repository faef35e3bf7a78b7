import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../core/errors.ts'
import { newId } from '../core/ids.ts'

/** A mail to one reader. */
export interface Mail {
  /** An e-mail address and nothing else, checked before. */
  to: string
  subject: string
  text: string
}

/** The way out for mails. */
export interface Mailer {
  /** Ends when the mail server has taken the mail (its 250). Throws Fault 'unavailable' when it does not. */
  send(mail: Mail): Promise<void>
  /** Ends the connections. */
  close(): void
}

/** What became of a mail. `why` is the mail server's code or the connection's, never its words: they may name the reader. */
export type MailReport = (outcome: 'sent' | 'failed', why: string | null) => void

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
const CONNECTIONS = 5

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
    : createTransport({ url, pool: true, maxConnections: CONNECTIONS })
  // A pooled connection that ends while nobody uses it is nobody's failure: the next mail opens another.
  transport.on('error', () => undefined)

  async function deliver({ to, subject, text }: Mail): Promise<void> {
    const sent = await transport.sendMail({
      from,
      // As parts: a text would be taken apart at its commas.
      to: { name: '', address: to.replace(BREAKS, '') },
      subject: subject.replace(BREAKS, ' '),
      text,
      disableFileAccess: true,
      disableUrlAccess: true,
      signal: AbortSignal.timeout(WAIT_MS),
    })
    if (!toFolder) return
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await writeFile(join(folder, `${newId()}.eml`), sent.message as Buffer, { mode: 0o600 })
  }

  return {
    async send(mail) {
      try {
        await deliver(mail)
      } catch (error) {
        const { responseCode, code } = error as { responseCode?: number; code?: string }
        report('failed', String(responseCode ?? code ?? 'unknown'))
        throw new Fault('unavailable', 'The mail server has not taken the mail.')
      }
      report('sent', null)
    },
    close: () => transport.close(),
  }
}
