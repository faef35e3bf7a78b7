import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createTally } from './tally.ts'

const lines: [level: string, fields: object, message: string][] = []
const note = (level: string) => (fields: object, message: string) => void lines.push([level, fields, message])
const tally = createTally({ debug: note('debug'), info: note('info'), warn: note('warn') })

beforeEach(() => {
  vi.useFakeTimers()
  lines.length = 0
})
afterEach(() => vi.useRealTimers())

test('each capture is a line at debug, and ten seconds of them one at info, refusals one at warn', () => {
  for (let i = 0; i < 20_000; i++) tally.captured('links', 1)
  tally.captured('product', 500)
  tally.dropped('links', 'duplicate', 2)
  tally.dropped('links', 'opted_out', 1)
  tally.dropped('links', 'invalid', 3)
  tally.dropped('links', 'invalid', 1)
  tally.dropped('links', 'journal_full', 7)
  expect(lines.length).toBe(20_001)
  expect(lines[20_000]).toEqual(['debug', { family: 'product', events: 500 }, 'captured'])
  lines.length = 0
  vi.advanceTimersByTime(9_999)
  expect(lines).toEqual([])
  vi.advanceTimersByTime(1)
  expect(lines).toEqual([
    ['info', { events: { links: { captured: 20_000, duplicate: 2, opted_out: 1 }, product: { captured: 500 } } }, 'events captured'],
    ['warn', { events: { links: { invalid: 4, journal_full: 7 } } }, 'events refused'],
  ])
})

test('where nothing came nothing is told', () => {
  vi.advanceTimersByTime(60_000)
  tally.tell()
  tally.captured('links', 0)
  vi.advanceTimersByTime(60_000)
  expect(lines).toEqual([])
})

test('what is untold is told at the end, once', () => {
  tally.captured('links', 1)
  tally.tell()
  vi.advanceTimersByTime(60_000)
  expect(lines.filter(([level]) => level === 'info')).toEqual([['info', { events: { links: { captured: 1 } } }, 'events captured']])
})
