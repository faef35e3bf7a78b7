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
  /** The HTML, decoded, where there is some. */
  html: string | null
}

/** How a mail is not taken: refused at a step with a code and words, or the connection is cut, before or behind the whole mail. */
export type Refusal = { at: 'RCPT' | 'DATA'; says: string } | { cut: 'RCPT' | 'DATA' }

/** A real mail server on a free port that keeps what it gets. */
export interface Mailbox {
  /** For `SMTP_URL`, with a user and a password in it. */
  url: string
  mails: ReceivedMail[]
  /** While set, every mail is refused with this sentence. */
  refuse: string | null
  /** Says of each reader's address how its mails are refused; null for those that are taken. */
  refusing: (to: string) => Refusal | null
  close(): Promise<void>
}

/** Starts a mail server that wants a login, on a free port unless told. */
export async function openMailbox(listenOn = 0): Promise<Mailbox> {
  const mailbox: Mailbox = { url: '', mails: [], refuse: null, refusing: () => null, close: () => new Promise((resolve) => server.close(() => resolve())) }
  const server = new SMTPServer({
    // Without a certificate that anybody trusts there is no TLS to begin.
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    // A mailer keeps its connections; who closes does not wait for that.
    closeTimeout: 50,
    onAuth: ({ username, password }, _session, done) => (username === 'user' && password === 'p@ss' ? done(null, { user: username }) : done(new Error('Wrong login'))),
    onRcptTo({ address }, session, done) {
      const refusal = mailbox.refusing(address)
      if (refusal && 'cut' in refusal && refusal.cut === 'RCPT') return cut(server, session)
      done(refusal && 'at' in refusal && refusal.at === 'RCPT' ? answer(refusal.says) : null)
    },
    onData(stream, session, done) {
      const { envelope } = session
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const to = envelope.rcptTo.map(({ address }) => address)
        if (mailbox.refuse !== null) return done(answer(`550 ${mailbox.refuse}`))
        const refusal = mailbox.refusing(to[0] ?? '')
        if (refusal && 'at' in refusal) return done(answer(refusal.says))
        mailbox.mails.push({ from: envelope.mailFrom ? envelope.mailFrom.address : '', to, ...readMail(Buffer.concat(chunks).toString('latin1')) })
        if (refusal) return cut(server, session)
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

function answer(says: string): Error {
  return Object.assign(new Error(says.slice(4)), { responseCode: Number(says.slice(0, 3)) })
}

/** Ends a session's connection without a word. */
function cut(server: SMTPServer, { id }: { id: string }): void {
  for (const connection of server.connections) if ((connection as unknown as { id: string }).id === id) (Reflect.get(connection, '_socket') as { destroy(): void }).destroy()
}

/** Takes a mail to pieces: one text part, or a text and an HTML part beside each other. */
export function readMail(raw: string): Pick<ReceivedMail, 'headers' | 'text' | 'html'> {
  const { headers, body } = partOf(raw)
  const [, boundary] = /boundary="([^"]+)"/.exec(headers['content-type']?.[0] ?? '') ?? []
  if (boundary === undefined) return { headers, text: body, html: null }
  const parts = raw.split(`\r\n--${boundary}`).slice(1, -1).map((part) => partOf(part.slice(2)))
  const named = (type: string) => parts.find((part) => part.headers['content-type']?.[0]?.startsWith(type))?.body ?? null
  return { headers, text: named('text/plain') ?? '', html: named('text/html') }
}

function partOf(raw: string): { headers: Record<string, string[]>; body: string } {
  const end = raw.indexOf('\r\n\r\n')
  const headers: Record<string, string[]> = {}
  for (const line of raw.slice(0, end).replace(/\r\n[ \t]+/g, ' ').split('\r\n')) {
    const colon = line.indexOf(':')
    ;(headers[line.slice(0, colon).toLowerCase()] ??= []).push(line.slice(colon + 1).trim())
  }
  return { headers, body: decoded(raw.slice(end + 4), headers['content-transfer-encoding']?.[0]).replaceAll('\r\n', '\n') }
}

function decoded(body: string, encoding = '7bit'): string {
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString()
  if (encoding !== 'quoted-printable') return body
  const bytes = body.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString()
}
