/** People who use a product, as their events lie in the store: a few come often, most seldom, and half of them make themselves known. */
import { newId } from '../src/core/ids.ts'
import { DAY_MS } from '../src/core/time.ts'
import type { Cell } from '../src/store/engine.ts'
import { COUNTRIES, HOURS, createSkew, createSkewOf, randomFrom } from '../src/cli/crowd.ts'
import { type Seeded, cellsOf } from './world.ts'

const EVENTS_A_PERSON = 40
const EVENTS_A_VISIT = 8
const PLANS = ['free', 'free', 'free', 'pro', 'pro', 'team']
const SCREENS = ['home', 'search', 'results', 'item', 'cart', 'profile', 'settings', 'help']
/** What a visit begins with, each with how likely it comes after the one before. */
const WAY: readonly (readonly [string, number])[] = [['app_open', 1], ['screen_view', 0.95], ['login_success', 0.5], ['search', 0.6], ['item_viewed', 0.7], ['cart_added', 0.35], ['checkout_started', 0.5], ['purchase_success', 0.6]]
/** What else they do, the first most often. */
const ELSE = ['screen_view', 'button_tapped', 'filter_changed', 'image_zoomed', 'review_read', 'item_shared', 'list_saved', 'video_played', ...Array.from({ length: 52 }, (_, at) => `feature_${at + 1}_used`)]

/** The names that come most, the most frequent first. */
export const FREQUENT = [...WAY.map(([name]) => name), ...ELSE.slice(1)]

/** So many events of a project over so many days up to now. */
export function visits(project: string, events: number, days: number): Seeded {
  const random = randomFrom(5)
  const people = Math.max(10, Math.floor(events / EVENTS_A_PERSON))
  const person = createSkew(people, 0.5, random)
  const other = createSkew(ELSE.length, 1.1, random)
  const hour = createSkewOf(HOURS, random)
  const first = Math.floor((Date.now() - days * DAY_MS) / DAY_MS) * DAY_MS
  let waiting: Cell[][] = []
  let made = 0

  const visit = (): Cell[][] => {
    const who = person()
    const known = who % 2 === 0
    const session = newId()
    const day = Math.floor((made / events) * days)
    let ts = first + day * DAY_MS + hour() * 3_600_000 + Math.floor(random() * 3_600_000)
    // Whoever is remembered need not log in.
    let loggedIn = known && random() < 0.4
    const rows: Cell[][] = []
    const add = (name: string): void => {
      const logsIn = name === 'login_success' && known
      const user = known && (loggedIn || logsIn) ? `user-${who}` : null
      rows.push(
        cellsOf({
          id: newId(),
          project,
          source: 'product',
          name,
          ts,
          received_at: ts + 1_000,
          event_id: newId(),
          user_id: user,
          anonymous_id: user === null || logsIn ? `device-${who}` : null,
          session_id: session,
          person: user === null ? `a:device-${who}` : `u:${user}`,
          machine: false,
          country: COUNTRIES[who % COUNTRIES.length] as string,
          properties: `{"plan":"${PLANS[who % PLANS.length]}","screen":"${SCREENS[rows.length % SCREENS.length]}","version":"4.${day % 9}","amount":${(who % 90) + 10}}`,
        }),
      )
      loggedIn ||= logsIn
      ts += 1_000 + Math.floor(random() * 60_000)
    }
    for (const [name, likely] of WAY) {
      if (random() >= likely) break
      if (name !== 'login_success' || (known && !loggedIn)) add(name)
    }
    while (random() < 1 - 1 / (EVENTS_A_VISIT - 4)) add(ELSE[other()] as string)
    made += rows.length
    return rows
  }

  return {
    aliases: Array.from({ length: Math.ceil(people / 2) }, (_, at) => ({ project, alias: `a:device-${2 * at}`, person: `u:user-${2 * at}` })),
    next(count) {
      while (waiting.length < count) waiting.push(...visit())
      const rows = waiting.slice(0, count)
      waiting = waiting.slice(count)
      return rows
    },
  }
}
