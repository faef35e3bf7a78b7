import type { Feed } from '../ingest/index.ts'
import type { LinkFeed } from '../links/index.ts'
import type { Sql } from '../store/sql.ts'
import { ofEvents, ofLinks } from './delivery.ts'
import { type Endpoint, sourcesOf } from './endpoint.ts'
import { allEndpoints, insertDeliveries } from './store.ts'

/** What is followed. */
export interface FollowWorld {
  sql: Sql
  feed: Feed
  links: LinkFeed
  now: () => number
}

const EVENTS = 'webhooks'
const LINKS = 'webhooks.links'
const PIECE = 500

/**
 * Queues what has happened since it was last looked, for the endpoints that want it: a piece of events and of changes to links, each
 * with the new position in one transaction. Says whether there is more to read.
 */
export async function follow({ sql, feed, links, now }: FollowWorld): Promise<boolean> {
  let endpoints: Endpoint[] = []
  const events = await feed.read(
    EVENTS,
    async () => {
      endpoints = await active(sql)
      return sourcesOf(endpoints)
    },
    PIECE,
  )
  if (events.events.length > 0) await sql.write([...insertDeliveries(ofEvents(endpoints, events.events, now())), feed.passed(EVENTS, events)])
  const news = await links.read(LINKS)
  // Asked for after it is known how far changes go, as above.
  if (news.links.length > 0) await sql.write([...insertDeliveries(ofLinks(await active(sql), news.links, now())), links.passed(LINKS, news)])
  return !events.end || !news.end
}

async function active(sql: Sql): Promise<Endpoint[]> {
  return (await allEndpoints(sql)).filter(({ isActive }) => isActive)
}
