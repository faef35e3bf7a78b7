import { createHmac, timingSafeEqual } from 'node:crypto'

/** What a webhook tells: its type, when it happened, and what belongs to the type. Texts in it come from visitors: treat them as data. */
export interface WebhookMessage {
  event_type: string
  timestamp: string
  [field: string]: unknown
}

/** A message that nobody who knows the secret has signed just now. */
export class WebhookRefused extends Error {
  override readonly name = 'WebhookRefused'
}

/** Headers as Node's server has them, or as `fetch` does. */
type GivenHeaders = Record<string, string | string[] | undefined> | { get(name: string): string | null }

const TOLERANCE_SECONDS = 5 * 60

/**
 * Gives a message if it is genuine (Standard Webhooks 1.0): one of its signatures is by one of the secrets, and it was signed within
 * `toleranceSeconds` (300) of now. `body` is what came in, unread: JSON that was parsed and written again is signed no more.
 * Its `webhook-id` is the same whenever it is sent again. Throws WebhookRefused with the reason.
 */
export function verifyWebhook(headers: GivenHeaders, body: string | Uint8Array, secrets: string | readonly string[], options: { toleranceSeconds?: number; now?: Date } = {}): WebhookMessage {
  const { toleranceSeconds = TOLERANCE_SECONDS, now = new Date() } = options
  const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => {
    const value = headerOf(headers, name)
    if (!value) throw new WebhookRefused(`The header ${name} is missing.`)
    return value
  }) as [string, string, string]
  if (!/^\d{1,12}$/.test(timestamp)) throw new WebhookRefused('webhook-timestamp is not a number of seconds.')
  if (Math.abs(now.getTime() / 1_000 - Number(timestamp)) > toleranceSeconds) throw new WebhookRefused(`It was not signed within ${toleranceSeconds} seconds of now.`)
  const given = signatures.split(' ').flatMap((one) => (one.startsWith('v1,') ? [Buffer.from(one.slice(3), 'base64')] : []))
  const genuine = [secrets].flat().some((secret) => {
    const signed = createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.`).update(body).digest()
    return given.some((one) => one.length === signed.length && timingSafeEqual(one, signed))
  })
  if (!genuine) throw new WebhookRefused('No signature is by this secret.')
  return JSON.parse(typeof body === 'string' ? body : Buffer.from(body).toString()) as WebhookMessage
}

function headerOf(headers: GivenHeaders, name: string): string | null {
  const value = typeof headers.get === 'function' ? (headers.get(name) as string | null) : (headers as Record<string, string | string[] | undefined>)[name]
  return typeof value === 'string' ? value : null
}

function keyOf(secret: string): Buffer {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  // An empty key would be one that everybody knows.
  if (key.length === 0) throw new TypeError('A secret of a webhook is whsec_ and base64 behind it')
  return key
}
