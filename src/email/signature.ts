import { createHmac, timingSafeEqual } from 'node:crypto'

/** The signature of a link that this server wrote into a mail: of the token and the URL together. No token's own data holds a line feed, so neither stands for the other. */
export function signUrl(token: string, url: string, secret: string): string {
  return createHmac('sha256', secret).update(`${token}\n${url}`).digest('base64url')
}

/** Whether a URL was written into the mail of this token by this server. */
export function isSigned(token: string, url: string, signature: string, secret: string): boolean {
  const right = Buffer.from(signUrl(token, url, secret))
  const given = Buffer.from(signature)
  return right.length === given.length && timingSafeEqual(right, given)
}
