/** Who clicks, from where: the same for every run, and as uneven as the real thing. The story of `seed` and the benches draw from it. */

/** Numbers from 0 up to 1 that are the same for the same seed (Mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** Where they live, the first ones as often as the others. */
export const COUNTRIES = ['US', 'DE', 'GB', 'IN', 'FR', 'CA', 'BR', 'NL', 'ES', 'PL']

/** Draws from 0 to `count - 1`, the first most often: the k-th is drawn in proportion to 1 / k^exponent (Zipf). */
export function createSkew(count: number, exponent: number, random: () => number): () => number {
  const sums = new Float64Array(count)
  let sum = 0
  for (let i = 0; i < count; i++) sums[i] = sum += 1 / (i + 1) ** exponent
  return () => {
    const wanted = random() * sum
    let low = 0
    let high = count - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sums[middle] as number) < wanted) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** A visitor's address, always the same for one number. */
export function addressOf(visitor: number): string {
  const mixed = Math.imul(visitor + 1, 2_654_435_761) >>> 0
  return `${20 + (mixed % 180)}.${(mixed >>> 8) & 255}.${(mixed >>> 16) & 255}.${1 + ((mixed >>> 24) % 254)}`
}

/** A visitor's user agent: some hundreds in all, one in eight a machine's. */
export function agentOf(visitor: number): string {
  if (visitor % 8 === 7) return MACHINES[visitor % MACHINES.length] as string
  const version = 118 + (visitor % 13)
  return (PEOPLE[visitor % PEOPLE.length] as string).replaceAll('VERSION', String(version))
}

/** What that agent is read as; the pipeline would find the same. */
export function readAs(visitor: number): { browser: string | null; os: string | null; device: string; machine: boolean; machine_reason: string | null } {
  const machine = visitor % 8 === 7
  const [browser, os, device] = machine ? [null, null, 'bot'] : (READ_AS[visitor % READ_AS.length] as (typeof READ_AS)[number])
  return { browser, os, device, machine, machine_reason: machine ? 'bot_agent' : null }
}

/** Where a visitor came from, or null for one in four. */
export function referrerOf(visitor: number): string | null {
  if (visitor % 4 === 3) return null
  return `https://${HOSTS[visitor % HOSTS.length]}/posts/${visitor % 97}`
}

/** Of the day's 24 hours how much each is used: few come at night. */
export const HOURS = [2, 1, 1, 1, 1, 2, 4, 6, 8, 10, 10, 9, 9, 10, 10, 9, 9, 8, 8, 9, 9, 8, 6, 4]

/** Draws a place of a list in proportion to its weight. */
export function createSkewOf(weights: readonly number[], random: () => number): () => number {
  const places = weights.flatMap((weight, at) => Array.from({ length: weight }, () => at))
  return () => places[Math.floor(random() * places.length)] as number
}

const PEOPLE = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/VERSION.0.0.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/VERSION.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/VERSION.0.0.0 Mobile Safari/537.36',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:VERSION.0) Gecko/20100101 Firefox/VERSION.0',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 14_4) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15',
  'Mozilla/5.0 (Linux; Android 13; SM-G991B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/VERSION.0.0.0 Mobile Safari/537.36',
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/VERSION.0.0.0 Safari/537.36 Edg/VERSION.0.0.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [LinkedInApp]/9.29.VERSION',
]

const READ_AS = [
  ['Chrome', 'Windows', 'desktop'], ['Safari', 'iOS', 'mobile'], ['Chrome', 'macOS', 'desktop'], ['Chrome', 'Android', 'mobile'],
  ['Firefox', 'Windows', 'desktop'], ['Safari', 'macOS', 'desktop'], ['Chrome', 'Android', 'mobile'], ['Microsoft Edge', 'Linux', 'desktop'], ['LinkedIn', 'iOS', 'mobile'],
] as const

const MACHINES = [
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  'LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)',
  'curl/8.5.0',
]

const HOSTS = ['www.linkedin.com', 'www.indeed.com', 'news.ycombinator.com', 'mail.google.com', 'www.google.com', 'github.com', 't.co', 'jobs.example.org', 'www.bing.com', 'blog.example.net', 'www.reddit.com']
