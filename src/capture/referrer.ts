import { LRUCache } from 'lru-cache'
import { hostOf } from '../core/urls.ts'

const maxLength = 1000
const hosts = new LRUCache<string, string>({ max: 5000, memoMethod: (url) => hostOf(url) ?? '' })

/** The site a visitor came from, by its referrer URL (see `hostOf`), null when there is none. The last 5,000 URLs are remembered. */
export function referrerHost(url: string | null | undefined): string | null {
  if (!url || url.length > maxLength) return null
  return hosts.memo(url) || null
}
