import { type FieldError, invalidField } from '../core/errors.ts'
import type { FedEvent, Source } from '../ingest/index.ts'

/** What an endpoint can be told of. */
export const EVENT_TYPES = [
  'email_opened', 'email_clicked', 'email_unsubscribed', 'link.created', 'link.updated', 'link.clicked', 'capture.recorded', 'goal.converted',
] as const
export type EventType = (typeof EVENT_TYPES)[number]

/** The type of the message that tries an endpoint. */
export const TEST_TYPE = 'webhook.test'

/** Where messages are sent to. Times are UTC ms. */
export interface Endpoint {
  id: string
  url: string
  description: string | null
  events: readonly EventType[]
  /** Names of product events that count as goals. */
  goals: readonly string[]
  /** Whether it is told of what machines did, too. */
  includeMachines: boolean
  /** As it was sealed. */
  secret: string
  /** The one before it, which signs as well until `oldSecretUntil`. */
  oldSecret: string | null
  oldSecretUntil: number | null
  isActive: boolean
  /** Why the server switched it off, for people to read; null unless it did. */
  disabledReason: string | null
  /** Since when nothing could be delivered; null where the last attempt went well. */
  failingSince: number | null
  createdAt: number
  updatedAt: number
}

/** How many endpoints there can be: each has a connection of its own. */
export const MOST_ENDPOINTS = 50

/** What fits together: goals are named where, and only where, they are asked for. Throws Fault 'invalid' naming the field. */
export function checkWanted({ events, goals }: Pick<Endpoint, 'events' | 'goals'>): void {
  const error = errorOf(events, goals)
  if (error) throw invalidField(error.field, error.error)
}

function errorOf(events: readonly EventType[], goals: readonly string[]): FieldError | null {
  const asked = events.includes('goal.converted')
  if (asked && goals.length === 0) return { field: 'goals', error: 'must name at least one product event when events has goal.converted' }
  if (!asked && goals.length > 0) return { field: 'goals', error: 'can be given only when events has goal.converted' }
  return null
}

const SOURCES: Partial<Record<EventType, Source>> = {
  email_opened: 'email', email_clicked: 'email', email_unsubscribed: 'email', 'link.clicked': 'link', 'capture.recorded': 'web', 'goal.converted': 'product',
}

/** The sources of the events that some endpoints are told of. */
export function sourcesOf(endpoints: readonly Endpoint[]): Source[] {
  return [...new Set(endpoints.flatMap(({ events }) => events.flatMap((type) => SOURCES[type] ?? [])))]
}

/** What an event is told as to an endpoint; null where it does not want it. Machines' deeds are told where wanted; an unsubscription always counts. */
export function typeFor(endpoint: Endpoint, event: Pick<FedEvent, 'source' | 'name' | 'machine'>): EventType | null {
  const type = typeOf(event, endpoint.goals)
  if (type === null || !endpoint.events.includes(type)) return null
  return event.machine && !endpoint.includeMachines && type !== 'email_unsubscribed' ? null : type
}

function typeOf({ source, name }: Pick<FedEvent, 'source' | 'name'>, goals: readonly string[]): EventType | null {
  switch (source) {
    case 'link':
      return 'link.clicked'
    case 'web':
      return 'capture.recorded'
    case 'product':
      return goals.includes(name) ? 'goal.converted' : null
    case 'email':
      return name === 'email_opened' || name === 'email_clicked' || name === 'email_unsubscribed' ? name : null
  }
}
