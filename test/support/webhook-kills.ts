import { hashSync } from '@node-rs/bcrypt'
import { ADMIN } from './app.ts'
import { ask, until } from './ask.ts'
import type { FreshStore } from './engines.ts'
import { type ServerProcess, TEST_KEY, freePort, startServer } from './process.ts'
import { randomFrom } from './random.ts'
import { type Message, type Receiver, type Reply, isSigned, openReceiver } from './receiver.ts'

/** The ways in which a receiver fails: with the first of some messages, before it takes them. */
const KINDS: Record<string, Reply> = {
  ok: { status: 204 },
  redirect: { status: 307, headers: { location: 'http://127.0.0.1:1/' } },
  refusal: { status: 403 },
  limit: { status: 429, headers: { 'retry-after': '1' } },
  fault: { status: 500, body: '<script>alert(1)</script>' },
  reset: 'reset',
  silent: 'silent',
  endless: 'endless',
}

export interface KillPlan {
  seed: number
  kills: number
  /** How many events each of the receivers is told of. */
  events: number
}

/** What came of it; for each kind of receiver how many messages are missing and how many came after they were taken. */
export interface KillFigures {
  messages: number
  missing: Record<string, number>
  extras: Record<string, number>
  unsigned: number
  /** How the server judged the receiver that answered 410, and what a dead one got. */
  goneIsOff: boolean
  /** The server's own words on how it ended, where it ended by itself. */
  ended: string[]
}

const BAD_ONE_IN = 25

/** Kills a server again and again while it tells receivers of each kind of events, and counts what they got. */
export async function killWhileDelivering(store: FreshStore, { seed, kills, events }: KillPlan): Promise<KillFigures> {
  const random = randomFrom(seed)
  const bad = new Map<string, Set<string>>()
  const taken = new Map<string, Map<string, number>>()
  const receivers = new Map<string, Receiver>()
  const wait = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, random() * 12))
  for (const [kind, failing] of Object.entries(KINDS)) {
    const [failed, got] = [new Set<string>(), new Map<string, number>()]
    bad.set(kind, failed)
    taken.set(kind, got)
    const fails = (message: Message, before: number): boolean => {
      if (before > 0 || kind === 'ok' || failed.has(message.id)) return false
      // A time-out takes 15 s of its own receiver: one is enough.
      const chosen = kind === 'silent' ? failed.size === 0 && got.size >= 2 : random() * BAD_ONE_IN < 1 || failed.size === 0
      if (chosen) failed.add(message.id)
      return chosen
    }
    receivers.set(kind, await openReceiver(async (message, before) => {
      // A body without an end is a good answer: its status is there.
      const failure = fails(message, before) ? failing : null
      if (failure === null || failure === 'endless') got.set(message.id, (got.get(message.id) ?? 0) + 1)
      await wait()
      return failure ?? { status: 204 }
    }))
  }
  const gone = await openReceiver(() => ({ status: 410 }))
  const dead = await openReceiver(() => 'silent')
  const opened = [...receivers.values(), gone, dead]

  const port = await freePort()
  const env = { WEBHOOK_ALLOW_PRIVATE: 'true', ADMIN_EMAIL: ADMIN.email, ADMIN_PASSWORD_HASH: hashSync(ADMIN.password, 4), RATE_LIMIT_ADMIN: '1000000' }
  const start = (): Promise<ServerProcess> => startServer({ dataDir: store.dataDir, databaseUrl: store.databaseUrl, port, env })
  let server = await start()
  const ended: string[] = []
  try {
    const { body } = await ask(server.url, 'POST', '/api/auth/login', { body: ADMIN })
    const headers = { authorization: `Bearer ${(body as { token: string }).token}` }
    const secrets = new Map<Receiver, string>()
    for (const receiver of opened) {
      const made = await ask(server.url, 'POST', '/api/v1/webhooks', { headers, body: { url: receiver.url, events: ['link.clicked'], include_machines: true } })
      if (made.status !== 201) throw new Error(`No webhook, but ${made.status}: ${JSON.stringify(made.body)}`)
      secrets.set(receiver, (made.body as { secret: string }).secret)
    }
    const arrived = (): number => [...taken.values()].reduce((sum, got) => sum + got.size, 0)
    let sent = 0
    const send = async (upTo: number): Promise<void> => {
      for (; sent < upTo; sent += 100) {
        const clicks = Array.from({ length: Math.min(100, upTo - sent) }, (_, at) => ({ tracking_id: 'somebody', event_id: `click-${sent + at}` }))
        const answer = await ask(server.url, 'POST', '/api/tracking-ingest/batch', { headers: { 'x-api-key': TEST_KEY }, body: { events: clicks } })
        if (answer.status !== 200) throw new Error(`Clicks were answered ${answer.status}: ${JSON.stringify(answer.body)}`)
      }
      sent = upTo
    }
    for (let kill = 1; kill <= kills; kill++) {
      const before = arrived()
      await send(Math.floor((events * kill) / (kills + 1)))
      // While it is at it.
      await until('something is delivered', () => arrived() > before || arrived() === sent * receivers.size, 60_000)
      await new Promise((resolve) => setTimeout(resolve, random() * 200))
      const { signal, code } = await server.end('SIGKILL')
      if (signal !== 'SIGKILL') ended.push(`${code ?? signal}: ${server.output().err.slice(-500)}`)
      server = await start()
    }
    await send(events)
    await until('all is delivered', () => arrived() >= events * receivers.size, 120_000 + events * 100).catch((error: unknown) => ended.push((error as Error).message))
    const { body: list } = await ask(server.url, 'GET', '/api/v1/webhooks', { headers })
    const webhooks = (list as { webhooks: { url: string; is_active: boolean }[] }).webhooks
    const { code } = await server.end('SIGTERM')
    if (code !== 0) ended.push(`${code}: ${server.output().err.slice(-500)}`)
    const count = (of: (got: Map<string, number>) => number): Record<string, number> => Object.fromEntries([...taken].map(([kind, got]) => [kind, of(got)]))
    return {
      messages: events * receivers.size,
      missing: count((got) => events - got.size),
      extras: count((got) => [...got.values()].reduce((sum, times) => sum + times - 1, 0)),
      unsigned: opened.reduce((sum, receiver) => sum + receiver.messages.filter((message) => !isSigned(message, secrets.get(receiver) as string)).length, 0),
      goneIsOff: webhooks.find(({ url }) => url === gone.url)?.is_active === false,
      ended,
    }
  } finally {
    server.child.kill('SIGKILL')
    for (const receiver of opened) await receiver.close()
  }
}
