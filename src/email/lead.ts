import { parseEmail } from '../accounts/index.ts'
import { invalidField } from '../core/errors.ts'
import { deeperThan, isPrintable } from '../core/text.ts'

/** Somebody who gets mails. Times are UTC ms; `fields` is a JSON object as text. */
export interface Lead {
  id: number
  /** Lower case, as `parseEmail` gives it: one person is there once, however the address is spelled. */
  email: string
  first_name: string | null
  last_name: string | null
  fields: string | null
  status: 'active' | 'opted_out' | 'bounced'
  email_opened: boolean
  email_opened_at: number | null
  email_clicked: boolean
  email_clicked_at: number | null
  email_unsubscribed: boolean
  email_unsubscribed_at: number | null
  bounced_at: number | null
  bounce_reason: string | null
  created_at: number
  updated_at: number
}

/** What of a lead is for people to say. */
export type LeadData = Pick<Lead, 'email' | 'first_name' | 'last_name' | 'fields'>

export const NAME_MAX = 255
const FIELDS_BYTES = 32 * 1024
const FIELDS_DEPTH = 32

/** What is given of a lead, as the request says it. */
export interface GivenLead {
  email?: string
  first_name?: string | null
  last_name?: string | null
  fields?: Record<string, unknown> | null
}

/** Checks what is given and gives it as it is kept; what is left out is left out. Throws Fault 'invalid' that names the field. */
export function leadData(given: GivenLead): Partial<LeadData> {
  const data: Partial<LeadData> = {}
  if (given.email !== undefined) data.email = emailOf(given.email)
  if (given.first_name !== undefined) data.first_name = nameOf('first_name', given.first_name)
  if (given.last_name !== undefined) data.last_name = nameOf('last_name', given.last_name)
  if (given.fields !== undefined) data.fields = fieldsOf(given.fields)
  return data
}

function emailOf(given: string): string {
  const email = parseEmail(given)
  if (email === null) throw invalidField('email', 'must be an e-mail address')
  return email
}

function nameOf(field: string, given: string | null): string | null {
  const name = given?.trim() || null
  if (name === null || isPrintable(name, 1, NAME_MAX)) return name
  throw invalidField(field, `must be 1 to ${NAME_MAX} printable characters`)
}

function fieldsOf(given: Record<string, unknown> | null): string | null {
  if (given === null) return null
  if (deeperThan(given, FIELDS_DEPTH)) throw invalidField('fields', `must not be nested deeper than ${FIELDS_DEPTH}`)
  const text = JSON.stringify(given)
  if (Buffer.byteLength(text) > FIELDS_BYTES) throw invalidField('fields', 'must be at most 32 KiB')
  if (/\\u0000|\\ud[89a-f]/i.test(text)) throw invalidField('fields', 'must have no NUL and no half of a surrogate pair')
  return text === '{}' ? null : text
}
