import { describe, expect, test } from 'vitest'
import { before, passedBefore } from './comparison.ts'

const at = (text: string) => Date.parse(text)

describe('the period before', () => {
  test.each([
    ['a day', 'UTC', '2026-11-22T00:00Z', '2026-11-23T00:00Z', '2026-11-21T00:00Z'],
    ['a week', 'UTC', '2026-11-16T00:00Z', '2026-11-23T00:00Z', '2026-11-09T00:00Z'],
    ['the day after clocks are set back begins a day of 25 hours earlier', 'Europe/Berlin', '2026-10-25T23:00Z', '2026-10-26T23:00Z', '2026-10-24T22:00Z'],
    ['the day of 25 hours itself', 'Europe/Berlin', '2026-10-24T22:00Z', '2026-10-25T23:00Z', '2026-10-23T22:00Z'],
    ['the day after clocks are set forward begins a day of 23 hours earlier', 'Europe/Berlin', '2026-03-29T22:00Z', '2026-03-30T22:00Z', '2026-03-28T23:00Z'],
  ])('%s', (_, zone, from, to, expected) => {
    expect(before({ from: at(from), to: at(to), zone })).toEqual({ from: at(expected), to: at(from), zone })
  })
})

test('of the period before, as much counts as has passed', () => {
  const day = { from: at('2026-11-22T00:00Z'), to: at('2026-11-23T00:00Z'), zone: 'UTC' }
  const until = (now: string) => new Date(passedBefore(day, at(now)).to).toISOString()
  expect([until('2026-11-22T09:30Z'), until('2026-11-25T00:00Z'), until('2026-11-20T00:00Z')]).toEqual(['2026-11-21T09:30:00.000Z', '2026-11-22T00:00:00.000Z', '2026-11-21T00:00:00.001Z'])
})
