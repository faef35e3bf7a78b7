import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'

/** A mail as a reader's server got it. */
export interface ReceivedMail {
  /** Of the envelope: who is told of failures, and who gets it. */
  from: string
  to: string[]
  /** By lower-case name, unfolded; a header that came twice has both values. */
  headers: Record<string, string[]>
  /** The text, decoded. */
  text: string
}

/** A real mail server on a free port that keeps what it gets. */
export interface Mailbox {
  /** For `SMTP_URL`, with a user and a password in it. */
  url: string
  mails: ReceivedMail[]
  /** While set, every mail is refused with this sentence. */
  refuse: string | null
  close(): Promise<void>
}

/** Starts a mail server that wants a login, on a free port unless told. */
export async function openMailbox(listenOn = 0): Promise<Mailbox> {
  const mailbox: Mailbox = { url: '', mails: [], refuse: null, close: () => new Promise((resolve) => server.close(() => resolve())) }
  const server = new SMTPServer({
    // Without a certificate that anybody trusts there is no TLS to begin.
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    // A mailer keeps its connections; who closes does not wait for that.
    closeTimeout: 50,
    onAuth: ({ username, password }, _session, done) => (username === 'user' && password === 'p@ss' ? done(null, { user: username }) : done(new Error('Wrong login'))),
    onData(stream, { envelope }, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        if (mailbox.refuse !== null) return done(Object.assign(new Error(mailbox.refuse), { responseCode: 550 }))
        mailbox.mails.push({ from: envelope.mailFrom ? envelope.mailFrom.address : '', to: envelope.rcptTo.map(({ address }) => address), ...readMail(Buffer.concat(chunks).toString('latin1')) })
        done()
      })
    },
  })
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => server.listen(listenOn, '127.0.0.1', resolve))
  const { port } = server.server.address() as AddressInfo
  mailbox.url = `smtp://user:p%40ss@127.0.0.1:${port}`
  return mailbox
}

/** Takes a mail of one text part to pieces. */
export function readMail(raw: string): Pick<ReceivedMail, 'headers' | 'text'> {
  const end = raw.indexOf('\r\n\r\n')
  const headers: Record<string, string[]> = {}
  for (const line of raw.slice(0, end).replace(/\r\n[ \t]+/g, ' ').split('\r\n')) {
    const colon = line.indexOf(':')
    ;(headers[line.slice(0, colon).toLowerCase()] ??= []).push(line.slice(colon + 1).trim())
  }
  return { headers, text: decoded(raw.slice(end + 4), headers['content-transfer-encoding']?.[0]).replaceAll('\r\n', '\n') }
}

function decoded(body: string, encoding = '7bit'): string {
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString()
  if (encoding !== 'quoted-printable') return body
  const bytes = body.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString()
}
