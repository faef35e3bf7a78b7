import { domainToUnicode } from 'node:url'

/** Control characters, which the parser would drop or encode in silence, and the backslash, which it would turn into a slash. */
// oxlint-disable-next-line no-control-regex
const misleading = /[\u0000-\u001f\u007f-\u009f\\]/

/** `www.` before a name that has a dot of its own. */
const leadingWww = /^www\.(?=[^.]+\.)/

/**
 * An http or https URL, parsed once by the WHATWG URL Standard; callers keep and send out its `.href`, so that what was checked is
 * what is followed. Null when it is no such URL, is longer than `maxLength` UTF-16 units, names a user or a password, or holds a
 * control character or a backslash.
 */
export function parseHttpUrl(text: string, maxLength = 1000): URL | null {
  if (text.length > maxLength || misleading.test(text)) return null
  const url = parse(text)
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) return null
  return url.hostname === '' || url.username !== '' || url.password !== '' ? null : url
}

/**
 * The site that a referrer names: the host of an http or https URL in lower case without a leading `www.`, or the package of an
 * `android-app://` one. Null when it is neither.
 */
export function hostOf(text: string): string | null {
  const url = parse(text)
  if (!url || !['https:', 'http:', 'android-app:'].includes(url.protocol)) return null
  const host = url.hostname.toLowerCase().replace(/\.$/, '')
  return host.replace(leadingWww, '') || null
}

/**
 * A site's readable name: of its host the part that somebody registered, as people write it. `kickstarter.com` is Kickstarter,
 * `shop.example.co.uk` is Example; an address stays as it is.
 */
export function siteName(host: string): string {
  if (host.startsWith('[') || /^[\d.]+$/.test(host)) return host
  const labels = host.split('.')
  const [top = '', second = '', third = ''] = labels.toReversed()
  const registered = top.length === 2 && third !== '' && secondLevel.has(second) ? third : second || top
  const name = domainToUnicode(registered) || registered
  return spelling.get(name) ?? name.replace(/^./u, (first) => first.toUpperCase())
}

/** What countries put before their own ending. */
const secondLevel = new Set(['ac', 'co', 'com', 'edu', 'go', 'gov', 'ne', 'net', 'or', 'org'])

/** Names with more than a capital at the beginning. */
const spelling = new Map(
  ['eBay', 'GitHub', 'GitLab', 'GoFundMe', 'LinkedIn', 'PayPal', 'SoundCloud', 'TikTok', 'WhatsApp', 'WordPress', 'YouTube'].map((name) => [name.toLowerCase(), name]),
)

function parse(text: string): URL | null {
  // Asking first is cheaper than catching: a thrown error carries a stack.
  return URL.canParse(text) ? new URL(text) : null
}

/** A PostgreSQL URL for each host that one names, which are several by comma: `postgres://user@one:5432,two:5433/database`. */
export function databaseUrls(url: string): string[] {
  const [, before = '', hosts = '', behind = ''] = /^([^:]+:\/\/(?:[^@/?]*@)?)([^/?]*)(.*)$/s.exec(url) ?? []
  return hosts.split(',').map((host) => `${before}${host}${behind}`)
}
