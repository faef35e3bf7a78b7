import { expect, test } from 'vitest'
import { Fault } from '../core/errors.ts'
import { type Endpoint, EVENT_TYPES, type EventType, checkWanted, sourcesOf, typeFor } from './endpoint.ts'

const endpoint = (more: Partial<Endpoint> = {}): Endpoint => ({
  id: 'e', url: 'https://example.com/', description: null, events: [...EVENT_TYPES], goals: ['purchase'], includeMachines: false, secret: '', oldSecret: null, oldSecretUntil: null,
  isActive: true, disabledReason: null, failingSince: null, createdAt: 0, updatedAt: 0, ...more,
})

test.each<['link' | 'web' | 'email' | 'product', string, boolean, EventType | null]>([
  ['link', 'link_clicked', false, 'link.clicked'],
  ['link', 'link_clicked', true, null],
  ['web', 'inbound', false, 'capture.recorded'],
  ['web', 'outbound', false, 'capture.recorded'],
  ['product', 'purchase', false, 'goal.converted'],
  ['product', 'Purchase', false, null],
  ['product', 'email_opened', false, null],
  ['email', 'email_opened', false, 'email_opened'],
  ['email', 'email_opened', true, null],
  ['email', 'email_clicked', false, 'email_clicked'],
  ['email', 'email_unsubscribed', true, 'email_unsubscribed'],
  ['email', 'email_sent', false, null],
  ['email', 'purchase', false, null],
])('%s %s, by a machine %j, is told as %j', (source, name, machine, type) => {
  expect(typeFor(endpoint(), { source, name, machine })).toBe(type)
  expect(typeFor(endpoint({ events: EVENT_TYPES.filter((other) => other !== type) }), { source, name, machine })).toBeNull()
  if (machine && type === null) expect(typeFor(endpoint({ includeMachines: true }), { source, name, machine })).not.toBeNull()
})

test('only what somebody wants is read', () => {
  expect(sourcesOf([])).toEqual([])
  expect(sourcesOf([endpoint({ events: ['link.created'] })])).toEqual([])
  expect(sourcesOf([endpoint({ events: ['email_opened', 'email_clicked'] }), endpoint({ events: ['goal.converted'] })])).toEqual(['email', 'product'])
})

test.each<[EventType[], string[], string | null]>([
  [['goal.converted'], ['a'], null],
  [['link.clicked'], [], null],
  [['goal.converted'], [], 'must name at least one product event when events has goal.converted'],
  [['link.clicked'], ['a'], 'can be given only when events has goal.converted'],
])('%j with goals %j', (events, goals, error) => {
  const check = () => checkWanted({ events, goals })
  if (error === null) expect(check).not.toThrow()
  else expect(check).toThrow(new Fault('invalid', 'The request is not as expected.', { errors: [{ field: 'goals', error }] }))
})
