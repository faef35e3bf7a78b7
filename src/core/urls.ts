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

function parse(text: string): URL | null {
  // Asking first is cheaper than catching: a thrown error carries a stack.
  return URL.canParse(text) ? new URL(text) : null
}
