/** What may have become of a message. `doubtful`: it was under way when nobody learned its end; it is not sent again by itself. */
export const STATES = ['queued', 'sending', 'sent', 'bounced', 'failed', 'doubtful', 'skipped'] as const
export type State = (typeof STATES)[number]

/** A mail to one reader, in the ledger. Times are UTC ms. */
export interface Message {
  id: string
  mailing_id: string
  campaign_id: number
  lead_id: number
  state: State
  /** Why it is where it is: the mail server's code, or a word of ours. */
  reason: string | null
  /** How often a mail server has put it off. */
  attempts: number
  due_at: number
  created_at: number
  updated_at: number
  sent_at: number | null
}

/** What a delivery came to. */
export type Delivery =
  | { state: 'sent' }
  /** The reader's address takes no mail. */
  | { state: 'bounced'; reason: string }
  /** This mail is not taken. */
  | { state: 'failed'; reason: string }
  /** Not now: the mail server put it off. */
  | { state: 'put off'; reason: string }
  /** The mail server takes no mail at all at the moment; the message was surely not taken. */
  | { state: 'away'; reason: string }
  /** All of it was handed over, and no answer came. */
  | { state: 'doubtful'; reason: string }

/** What the ledger is to say of a message that was under way. */
export interface Settlement {
  id: string
  leadId: number
  state: Exclude<State, 'sending' | 'skipped'>
  reason: string | null
  attempts: number
  dueAt: number
}

const PAUSES_MIN = [1, 5, 15, 60, 240, 720]

/** Where a message goes after a delivery. One that is put off waits longer each time, and has failed after the last. */
export function settled({ id, lead_id: leadId, attempts, due_at: dueAt }: Pick<Message, 'id' | 'lead_id' | 'attempts' | 'due_at'>, delivery: Delivery, now: number): Settlement {
  const base = { id, leadId, attempts, dueAt, reason: 'reason' in delivery ? delivery.reason : null }
  if (delivery.state === 'away') return { ...base, state: 'queued' }
  if (delivery.state !== 'put off') return { ...base, state: delivery.state, attempts: attempts + 1 }
  const pause = PAUSES_MIN[attempts]
  return pause === undefined ? { ...base, state: 'failed', attempts: attempts + 1 } : { ...base, state: 'queued', attempts: attempts + 1, dueAt: now + pause * 60_000 }
}
