import { DAY_MS, HOUR_MS } from '../core/time.ts'
import type { Draft } from '../ingest/index.ts'
import { COUNTRIES, HOURS, addressOf, agentOf, createSkew, createSkewOf, randomFrom, referrerOf } from './crowd.ts'

const PEOPLE = 4_000
const CHANNELS = ['linkedin', 'newsletter', 'search', 'summit_blog', 'trail_podcast', 'friends']
const CAMPAIGNS = ['spring_launch', 'open_maps', 'autumn_hikes']
const LANDINGS = ['/', '/trails', '/pricing', '/review', '/podcast', '/about']
const FOLLOWED = ['launch-linkedin', 'summit-review', 'podcast-episode-12', 'open-maps-github', 'founder-calendly']
/** What people are called, by their number. */
export const FIRST_NAMES = ['Ada', 'Bruno', 'Carla', 'Dilan', 'Edith', 'Farid', 'Greta', 'Hana', 'Ivo', 'Jun', 'Kofi', 'Lena']
const REGIONS = ['alps', 'dolomites', 'black-forest', 'highlands', 'pyrenees', 'tatra']

/** Somebody of the story. Times are UTC ms. */
export interface Person {
  number: number
  firstAt: number
  machine: boolean
  visitor: Pick<Draft, 'address' | 'country' | 'userAgent' | 'agentSeen'>
  /** The link that brought them, null for who came by another way. */
  link: string | null
  referrerUrl: string | null
  channel: string
  campaign: string
  landing: string
  plan: 'free' | 'pro' | 'team'
  region: string
  /** How likely they come again, and buy. */
  loyalty: number
  willingness: number
  random: () => number
}

/** Everybody who comes from one moment to another: more each month, a crowd in the week of the launch, fewer on weekends and at night. */
export function createPeople(from: number, to: number): Person[] {
  const random = randomFrom(11)
  const hour = createSkewOf(HOURS, random)
  const link = createSkew(FOLLOWED.length, 0.7, random)
  const channel = createSkew(CHANNELS.length, 0.8, random)
  const days = Math.floor((to - from) / DAY_MS)
  const day = createSkewOf(Array.from({ length: days }, (_, at) => weightOf(at, days, new Date(from + at * DAY_MS).getUTCDay())), random)
  return Array.from({ length: PEOPLE }, (_, number) => {
    const at = day()
    const midnight = Math.floor((from + at * DAY_MS) / DAY_MS) * DAY_MS
    const campaign = CAMPAIGNS[Math.min(CAMPAIGNS.length - 1, Math.floor((at / days) * CAMPAIGNS.length))] as string
    return {
      number,
      firstAt: Math.max(from, midnight + hour() * HOUR_MS + Math.floor(random() * HOUR_MS)),
      machine: number % 8 === 7,
      visitor: { address: addressOf(number), country: COUNTRIES[number % COUNTRIES.length] as string, userAgent: agentOf(number), agentSeen: true },
      link: number % 8 === 7 || random() < 0.7 ? (FOLLOWED[link()] as string) : null,
      referrerUrl: referrerOf(number),
      channel: CHANNELS[channel()] as string,
      campaign,
      landing: LANDINGS[number % LANDINGS.length] as string,
      plan: number % 9 === 0 ? 'team' : number % 3 === 0 ? 'pro' : 'free',
      region: REGIONS[number % REGIONS.length] as string,
      loyalty: 0.5 + random() * 0.45,
      willingness: number % 3 === 0 ? 0.15 : 0.02,
      random: randomFrom(number + 1_000),
    }
  })
}

/** How many come on a day, as a whole number to draw by. */
function weightOf(at: number, days: number, weekday: number): number {
  const growth = 4 + (16 * at) / days
  const launch = Math.abs(at - days / 2) < 4 ? 3 : 1
  const weekend = weekday === 0 || weekday === 6 ? 0.6 : 1
  return Math.max(1, Math.round(growth * launch * weekend))
}
