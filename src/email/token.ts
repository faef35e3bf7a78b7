import { createHmac, timingSafeEqual } from 'node:crypto'

/** Whom a mail's token is for, and when it was made (unix seconds). */
export interface Token {
  campaignId: number
  leadId: number
  at: number
}

const SIGNATURE_BYTES = 32
/** Three of the largest numbers, two colons and the signature, in base64url. */
const LONGEST = 104

/** A token as the email family's requirement makes it: base64url, without padding, of `campaign:lead:seconds` and the 32 raw bytes of its HMAC-SHA256. */
export function makeToken({ campaignId, leadId, at }: Token, secret: string): string {
  const data = `${campaignId}:${leadId}:${at}`
  return Buffer.concat([Buffer.from(data), signatureOf(data, secret)]).toString('base64url')
}

/**
 * What a token says, or null when it is none that was made with this secret: its signature is wrong, it is written in another
 * way than the one in which tokens are made, or a number in it is no id.
 */
export function readToken(text: string, secret: string): Token | null {
  if (text.length > LONGEST) return null
  const bytes = Buffer.from(text, 'base64url')
  // Node reads over padding, foreign letters and spare bits; a token has one spelling.
  if (bytes.toString('base64url') !== text) return null
  const data = bytes.subarray(0, -SIGNATURE_BYTES).toString('latin1')
  const [, ...parts] = /^([1-9]\d{0,15}):([1-9]\d{0,15}):(0|[1-9]\d{0,11})$/.exec(data) ?? []
  const [campaignId = Number.NaN, leadId = Number.NaN, at = Number.NaN] = parts.map(Number)
  if (!Number.isSafeInteger(campaignId) || !Number.isSafeInteger(leadId)) return null
  return timingSafeEqual(bytes.subarray(-SIGNATURE_BYTES), signatureOf(data, secret)) ? { campaignId, leadId, at } : null
}

function signatureOf(data: string, secret: string): Buffer {
  return createHmac('sha256', secret).update(data).digest()
}
