import { signUrl } from './signature.ts'

/** The addresses of this server that stand in mails. `base` has no slash at its end. */
const prefixOf = (base: string): string => `${base}/api/v1/tracking/`

/** Whether a URL is one of this server's addresses for mails already. */
export function isOurs(url: string, base: string): boolean {
  return url.startsWith(prefixOf(base))
}

/** The picture that tells of an open. */
export function openUrl(base: string, token: string): string {
  return `${prefixOf(base)}open/${token}`
}

/** Where a reader unsubscribes. */
export function unsubscribeUrl(base: string, token: string): string {
  return `${prefixOf(base)}unsubscribe/${token}`
}

/** A link that is counted and then leads to `url`, which is signed together with the token. */
export function clickUrl(base: string, token: string, url: string, secret: string): string {
  return `${prefixOf(base)}click/${token}?url=${encodeURIComponent(url)}&s=${signUrl(token, url, secret)}`
}
