import { expect, test } from 'vitest'
import { type Delivery, settled } from './message.ts'

const NOW = 1_000_000_000
const message = (attempts: number) => ({ id: 'm', lead_id: 7, attempts, due_at: 5 })
const settlement = (state: string, reason: string | null, attempts: number, dueAt = 5) => ({ id: 'm', leadId: 7, state, reason, attempts, dueAt })

test.each<[Delivery, number, object]>([
  [{ state: 'sent' }, 0, settlement('sent', null, 1)],
  [{ state: 'bounced', reason: '550' }, 2, settlement('bounced', '550', 3)],
  [{ state: 'failed', reason: '554' }, 0, settlement('failed', '554', 1)],
  [{ state: 'doubtful', reason: 'connection lost' }, 0, settlement('doubtful', 'connection lost', 1)],
  // A mail server that is away says nothing of this message.
  [{ state: 'away', reason: 'ECONNECTION' }, 3, settlement('queued', 'ECONNECTION', 3)],
  ...[1, 5, 15, 60, 240, 720].map((minutes, attempts): [Delivery, number, object] => [{ state: 'put off', reason: '450' }, attempts, settlement('queued', '450', attempts + 1, NOW + minutes * 60_000)]),
  [{ state: 'put off', reason: '450' }, 6, settlement('failed', '450', 7)],
])('%j after %i tries', (delivery, attempts, expected) => expect(settled(message(attempts), delivery, NOW)).toEqual(expected))
