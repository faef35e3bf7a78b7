import { createHmac } from 'node:crypto'

/**
 * The token of a mail: base64url, without padding, of `campaign:lead:seconds` and the 32 raw bytes of its HMAC-SHA256, byte for byte
 * what `generate_tracking_token` of the email API gives. `secret` is the server's `TRACKING_TOKEN_SECRET`. Throws TypeError where an id is none.
 */
export function generateTrackingToken(campaignId: number, leadId: number, secret: string, at: Date = new Date()): string {
  for (const [name, id] of Object.entries({ campaignId, leadId })) {
    if (!Number.isSafeInteger(id) || id < 1) throw new TypeError(`${name} must be a whole number from 1 on, not ${id}`)
  }
  if (secret === '') throw new TypeError('secret must be the TRACKING_TOKEN_SECRET of the server')
  const data = `${campaignId}:${leadId}:${Math.floor(at.getTime() / 1_000)}`
  return Buffer.concat([Buffer.from(data), createHmac('sha256', secret).update(data).digest()]).toString('base64url')
}

/** The addresses that a mail with this token carries: its picture, its way out, and where a link of it leads through. */
export function mailAddresses(server: string, token: string): { openUrl: string; unsubscribeUrl: string; clickUrl: (url: string) => string } {
  const base = `${server.replace(/\/+$/, '')}/api/v1/tracking`
  return {
    openUrl: `${base}/open/${token}`,
    unsubscribeUrl: `${base}/unsubscribe/${token}`,
    clickUrl: (url) => `${base}/click/${token}?url=${encodeURIComponent(url)}`,
  }
}
