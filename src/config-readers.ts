import { accessSync, constants } from 'node:fs'
import { databaseUrls, parseHttpUrl } from './core/urls.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from './core/time.ts'

/** How the texts of settings are read. Each throws Error with what the text must be. */

export function text(value: string): string {
  return value
}

export function readable(value: string): string {
  try {
    accessSync(value, constants.R_OK)
    return value
  } catch {
    throw new Error('must be a file that can be read')
  }
}

export function list(value: string): string[] {
  return value.split(',').map((item) => item.trim()).filter(Boolean)
}

export function whole(least: number, most: number): (value: string) => number {
  return (value) => {
    const number = Number(value)
    if (!/^\d+$/.test(value) || number < least || number > most) throw new Error(`must be a whole number from ${least} to ${most}`)
    return number
  }
}

/** A time in ms, written with its unit. */
export function duration(value: string): number {
  const [, count, unit = ''] = /^(\d{1,8})([smhd])$/.exec(value) ?? []
  const ms = Number(count) * ({ s: 1000, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS }[unit] ?? Number.NaN)
  if (!(ms >= 1000 && ms <= 365 * DAY_MS)) throw new Error('must be a time from 1s to 365d, such as 30m, 24h or 7d')
  return ms
}

export function oneOf<const T extends string>(...values: T[]): (value: string) => T {
  return (value) => {
    if (!values.includes(value as T)) throw new Error(`must be one of ${values.join(', ')}`)
    return value as T
  }
}

export function flag(value: string): boolean {
  if (value !== 'true' && value !== 'false') throw new Error('must be true or false')
  return value === 'true'
}

/** An http or https URL as the WHATWG rules write it, fit for a header. */
export function httpUrl(value: string): string {
  const url = parseHttpUrl(value)
  if (!url) throw new Error('must be an http or https URL')
  return url.href
}

/** An http or https URL to which paths are added: without a slash at its end, and with nothing behind its path. */
export function baseUrl(value: string): string {
  const url = parseHttpUrl(value)
  if (!url || url.search !== '' || url.hash !== '') throw new Error('must be an http or https URL without a query')
  return url.href.replace(/\/+$/, '')
}

export function smtpUrl(value: string): string {
  if (value === 'log:' || (/^smtps?:\/\/./.test(value) && URL.canParse(value) && new URL(value).hostname !== '')) return value
  throw new Error('must be a URL such as smtp://user:password@host:587 or smtps://user:password@host, or log:')
}

/** One address for the From header (RFC 5322), with a name before it if wanted. */
export function mailbox(value: string): string {
  const address = '[^\\s<>@,;:"\\\\]+@[^\\s<>@,;:"\\\\]+'
  if (!new RegExp(`^(${address}|[^<>@,;:"\\\\\\p{Cc}]+ <${address}>)$`, 'u').test(value)) throw new Error('must be an e-mail address, or Name <address>')
  return value
}

export function postgresUrl(value: string): string {
  if (!/^postgres(ql)?:\/\//.test(value) || !databaseUrls(value).every((url) => URL.canParse(url))) throw new Error('must be a URL that begins with postgres://, with several hosts by comma if wanted')
  return value
}

export function replicaUrls(value: string): string[] {
  const urls = list(value)
  if (!urls.every((url) => /^postgres(ql)?:\/\//.test(url) && URL.canParse(url))) throw new Error('must be URLs that begin with postgres://, by comma, each with one host')
  return urls
}

export function redisUrl(value: string): string {
  if (!/^rediss?:\/\//.test(value) || !URL.canParse(value)) throw new Error('must be a URL that begins with redis:// or rediss://')
  return value
}
