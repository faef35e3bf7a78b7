import { Fault } from '../../core/errors.ts'
import type { Draft, Ingest } from '../../ingest/index.ts'
import type { Job } from '../../store/jobs.ts'
import type { Sql } from '../../store/sql.ts'
import { type Letter, CONNECTIONS } from '../mailer.ts'
import { makeToken } from '../token.ts'
import { type Ledger, openLedger } from './ledger.ts'
import { type Delivery, type Message, type Settlement, settled } from './message.ts'
import { pacer } from './pace.ts'
import { type DueMessage, dueMessages, endMailings, interrupt, openMailings, setRecorded, sourceOf, unrecorded } from './store.ts'
import { type MailWorld, type Template, readTemplate } from './template.ts'

/** What the worker stands on. */
export interface WorkerWorld {
  sql: Sql
  ingest: Ingest
  deliver: (letter: Letter) => Promise<Delivery>
  /** How many messages may go out in a minute. */
  rate: number
  mail: () => MailWorld
  now: () => number
}

/** How long one mailing has its turn when another waits. */
const TURN_S = 2
const MOST_A_TURN = 500
const RECORDED_AT_ONCE = 500
/** How long nothing is sent after a mail server was away: first, and at most. */
const AWAY_MS = [5_000, 300_000] as const
const STORE_PAUSE_MS = 500

/** A message that is to be sent, with what it is written in. */
interface Task {
  message: DueMessage
  campaignId: number
  template: Template
}

/** The work that sends what is due: as many messages at once as there are connections, each noted in the ledger before and after. */
export function mailingJob(world: WorkerWorld): Job {
  const { sql, now } = world
  const ledger = openLedger(sql, now)
  const pace = pacer(world.rate)
  let fresh = true
  let away = { pauseMs: 0, until: 0 }

  const noteAway = (): void => {
    // Those that were under way together tell of one absence.
    if (isAway()) return
    const pauseMs = Math.min(AWAY_MS[1], Math.max(AWAY_MS[0], away.pauseMs * 2))
    away = { pauseMs, until: performance.now() + pauseMs }
  }
  const isAway = (): boolean => performance.now() < away.until

  return {
    name: 'mailing',
    everyMs: 0,
    async work(goOn) {
      const open = await openMailings(sql)
      if (open.length === 0 && !fresh) return
      // Nothing of ours is under way here: what the ledger calls so was another's, who is no more.
      await interrupt(sql, now())
      await record(world)
      const may = (): boolean => goOn() && !isAway()
      const tasks = due(world, may)
      const lane = async (): Promise<void> => {
        for (;;) {
          const { value: task } = may() ? await tasks.next() : { value: undefined }
          if (!task || !(await pace(may))) return
          const delivery = await send(world, ledger, task, goOn)
          if (delivery?.state === 'away') noteAway()
          else if (delivery) away = { pauseMs: 0, until: 0 }
        }
      }
      // All lanes end before the work does, so that nothing is under way when it begins again.
      const ends = await Promise.allSettled(Array.from({ length: CONNECTIONS }, lane))
      await record(world)
      await endMailings(sql, now())
      fresh = false
      for (const end of ends) if (end.status === 'rejected') throw end.reason
    },
  }
}

/** What is due, mailing by mailing in turns, until none is left. */
async function* due(world: WorkerWorld, may: () => boolean): AsyncGenerator<Task, undefined> {
  const { sql, rate, mail, now } = world
  const turn = Math.min(MOST_A_TURN, Math.max(CONNECTIONS, Math.ceil((rate / 60) * TURN_S)))
  for (let found = true; found; ) {
    found = false
    for (const { id, campaign_id: campaignId } of await openMailings(sql)) {
      const messages = may() ? await dueMessages(sql, id, now(), turn) : []
      if (messages.length === 0) continue
      const template = await readTemplate(await sourceOf(sql, id), mail())
      found = true
      // What was sent in the turns before is told now, and not only when all is done.
      await record(world)
      for (const message of messages) yield { message, campaignId, template }
    }
  }
  return undefined
}

/** Sends one message and says what it came to; null where it was not to be sent. */
async function send(world: WorkerWorld, ledger: Ledger, { message, campaignId, template }: Task, goOn: () => boolean): Promise<Delivery | null> {
  const settle = (settlement: Settlement): Promise<void> => insist(() => ledger.settle(settlement), goOn)
  const claimed = await ledger.claim(message.id).catch(async (error: unknown) => {
    // Whether it was taken is unknown, but surely it was not sent.
    await settle(settled(message, { state: 'away', reason: 'store' }, world.now()))
    throw error
  })
  if (!claimed) return null
  const { mail, now } = world
  const token = makeToken({ campaignId, leadId: message.lead_id, at: Math.floor(message.created_at / 1000) }, mail().secret)
  const { unsubscribeUrl, ...written } = template.write(token, fieldsOf(message))
  const delivery = await world.deliver({ id: message.id, to: message.email as string, ...written, unsubscribeUrl })
  await settle(settled(message, delivery, now()))
  return delivery
}

/** Does what must be done, again while the store is away, unless the server is about to end. */
async function insist(work: () => Promise<void>, goOn: () => boolean): Promise<void> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof Fault) || !goOn()) throw error
      await new Promise((resolve) => setTimeout(resolve, STORE_PAUSE_MS))
    }
  }
}

/** What a lead's fields are by name; its own columns come first. */
function fieldsOf({ lead_id: leadId, email, first_name: firstName, last_name: lastName, fields }: DueMessage): Record<string, string> {
  const given = Object.entries(fields === null ? {} : (JSON.parse(fields) as Record<string, unknown>)).flatMap(([name, value]) =>
    ['string', 'number', 'boolean'].includes(typeof value) ? [[name, String(value)]] : [],
  )
  return { ...Object.fromEntries(given), lead_id: String(leadId), email: email ?? '', first_name: firstName ?? '', last_name: lastName ?? '' }
}

/** Makes events of what the ledger says. A message's id is its event's, so that one told twice is stored once. */
async function record({ sql, ingest, now }: WorkerWorld): Promise<void> {
  for (;;) {
    const messages = await unrecorded(sql, RECORDED_AT_ONCE)
    if (messages.length === 0) return
    await ingest.record(messages.map(draftOf))
    await setRecorded(sql, messages.map(({ id }) => id), now())
  }
}

function draftOf({ id, mailing_id: mailingId, campaign_id: campaignId, lead_id: leadId, state, reason, sent_at: sentAt, updated_at: updatedAt }: Message): Draft {
  return {
    family: 'email',
    project: 'email',
    source: 'email',
    name: state === 'sent' ? 'email_sent' : 'email_bounced',
    ts: sentAt ?? updatedAt,
    eventId: id,
    campaignId,
    leadId,
    address: null,
    userAgent: null,
    agentSeen: false,
    properties: JSON.stringify({ message_id: id, mailing_id: mailingId, ...(reason === null ? {} : { reason }) }),
  }
}
