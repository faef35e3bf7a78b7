import { iso } from '../core/time.ts'
import { tokenOf } from '../email/index.ts'
import type { StoredEvent } from '../ingest/index.ts'
import type { LinkFeed } from '../links/index.ts'
import { type EventType, TEST_TYPE } from './endpoint.ts'

type LinkView = Awaited<ReturnType<LinkFeed['at']>>[number]

/** The body that tells of an event, or null where nobody is left in it to tell of. */
export function eventBody(type: EventType, event: StoredEvent, tokenSecret: string): object | null {
  const frame = { event_type: type, timestamp: iso(event.ts ?? event.received_at) }
  const visitor = { country: event.country, browser: event.browser, os: event.os, device: event.device, machine: event.machine, machine_reason: event.machine_reason }
  switch (type) {
    case 'link.clicked':
      return {
        ...frame,
        event_id: event.id,
        tracking_id: event.tracking_id,
        click_source: event.click_source,
        destination_url: event.destination_url,
        campaign: event.campaign,
        partner: event.referrer,
        referrer_url: event.referrer_url,
        session_id: event.session_id,
        ...visitor,
      }
    case 'capture.recorded':
      return {
        ...frame,
        event_id: event.id,
        capture_type: event.name,
        referrer: event.referrer,
        campaign: event.campaign,
        landing_page: event.landing_page,
        original_source: event.original_source,
        destination_url: event.destination_url,
        session_id: event.session_id,
        ...visitor,
      }
    case 'goal.converted':
      return {
        ...frame,
        event_id: event.id,
        goal: event.name,
        project_key: event.project,
        user_id: event.user_id,
        anonymous_id: event.anonymous_id,
        session_id: event.session_id,
        properties: propertiesOf(event),
        ...visitor,
      }
    default:
      // A lead that was erased is nobody any more.
      if (event.lead_id === null) return null
      return { event_type: type, lead_id: event.lead_id, campaign_id: event.campaign_id, timestamp: frame.timestamp, tracking_token: tokenOf(event, tokenSecret) }
  }
}

/** The body that tells of a new or changed link, which is told as it is now. */
export function linkBody(type: EventType, link: LinkView): object {
  return { event_type: type, timestamp: type === 'link.created' ? link.created_at : link.updated_at, ...link }
}

/** The body that tries an endpoint. `now` is UTC ms. */
export function testBody(now: number): object {
  return { event_type: TEST_TYPE, timestamp: iso(now) }
}

function propertiesOf({ properties }: StoredEvent): Record<string, unknown> | null {
  return properties === null ? null : (JSON.parse(properties) as Record<string, unknown>)
}
