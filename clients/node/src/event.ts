import { randomUUID } from 'node:crypto'
import type { Click, ProductEvent } from './api.ts'

/** A click with its time and an id of its own: however often it is sent, it is stored once. */
export function clickAt(click: Click): Click {
  return { ...click, event_id: click.event_id ?? randomUUID(), clicked_at: click.clicked_at ?? new Date().toISOString() }
}

/** The same for an event of a project. */
export function eventAt(event: ProductEvent): ProductEvent {
  return { ...event, eventId: event.eventId ?? randomUUID(), timestamp: event.timestamp ?? new Date().toISOString() }
}
