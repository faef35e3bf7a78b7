import type { Click, ClickResults, Link, LinkChange, LinkPage, LinkQuery, LinkStats, MadeLinks, NewLink, ProductEvent, ProductResults, StatsQuery } from './api.ts'
import { type Server, insist } from './ask.ts'
import { clickAt, eventAt } from './event.ts'

/** What `connect` takes: the server, and how often it is asked before a call gives up; 5 unless told. */
export interface Connection extends Server {
  tries?: number | undefined
}

/**
 * A Waymark server. Every call asks again, with growing pauses, while the server is away or busy, and throws WaymarkError when that
 * has not helped or cannot help.
 */
export interface Waymark {
  links: {
    make(link: NewLink): Promise<Link>
    /** Makes up to 1,000; the answer says for each, by its index, the link or what is wrong with it. */
    makeAll(links: readonly NewLink[]): Promise<MadeLinks>
    change(trackingId: string, change: LinkChange): Promise<Link>
    /** A page of links, newest first; `cursor` of one page asks for the next. */
    list(query?: LinkQuery): Promise<LinkPage>
    stats(trackingId: string, query?: StatsQuery): Promise<LinkStats>
  }
  /** Reports up to 1,000 clicks, and says what became of each. Those without an id and a time get them here. */
  sendClicks(clicks: readonly Click[]): Promise<ClickResults>
  /** Reports up to 1,000 events of a project. Those without an id and a time get them here. */
  sendEvents(projectKey: string, events: readonly ProductEvent[]): Promise<ProductResults>
}

const TRIES = 5
const LINKS = '/api/link-tracking/links'

/** Speaks to a server. Nothing is sent yet, and nothing must be closed. */
export function connect(server: Connection): Waymark {
  const call = <T>(method: string, path: string, body?: object): Promise<T> => insist<T>(server, server.tries ?? TRIES, method, path, body)
  return {
    links: {
      make: (link) => call('POST', LINKS, link),
      makeAll: (links) => call('POST', `${LINKS}/bulk`, { links }),
      change: (trackingId, change) => call('PATCH', `${LINKS}/${encodeURIComponent(trackingId)}`, change),
      list: (query = {}) => call('GET', `${LINKS}${queryOf(query)}`),
      stats: (trackingId, query = {}) => call('GET', `${LINKS}/${encodeURIComponent(trackingId)}/stats${queryOf(query)}`),
    },
    async sendClicks(clicks) {
      const { results } = await call<{ results: ClickResults }>('POST', '/api/tracking-ingest/batch', { events: clicks.map(clickAt) })
      return results
    },
    sendEvents: (projectKey, events) => call('POST', '/v1/events/batch', { projectKey, events: events.map(eventAt) }),
  }
}

function queryOf(query: object): string {
  const given = Object.entries(query).flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, String(value)]]))
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`
}
