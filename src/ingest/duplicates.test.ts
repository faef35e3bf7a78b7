import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { newId } from '../core/ids.ts'
import { IdFilter, fingerprint } from './duplicates.ts'

const WEEK = 7 * 86_400_000
const START = Date.UTC(2026, 10, 22)

describe('the filter of event ids', () => {
  test('never misses an id that was added, whatever it is', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ unit: 'binary', maxLength: 20 }), fc.string({ unit: 'binary', maxLength: 130 })), { maxLength: 300 }), (ids) => {
        const filter = new IdFilter(WEEK, START)
        for (const [project, id] of ids) filter.suspectOrAdd(project, id, START)
        for (const [project, id] of ids) expect(filter.suspectOrAdd(project, id, START)).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  test('suspects wrongly about one in a million, also when it has grown', () => {
    const filter = new IdFilter(WEEK, START)
    let wrong = 0
    // Four segments' worth of ids of each kind that clients make.
    for (let at = 0; at < 400_000; at++) if (filter.suspectOrAdd('links', at % 2 ? newId() : `event-${at}`, START)) wrong++
    for (let at = 0; at < 400_000; at++) if (filter.suspectOrAdd('links', `other-${at}`, START)) wrong++
    // At this rate some one is likely, ten are not: 800,000 at 1e-6, once for each segment.
    expect(wrong).toBeLessThan(10)
    for (let at = 0; at < 1_000; at++) expect(filter.suspectOrAdd('links', `event-${at * 2}`, START)).toBe(true)
    // Four bytes an id, up to twice that where a segment has just been begun.
    expect(filter.bytes / 800_000).toBeLessThan(8)
  })

  test('tells projects and ids apart wherever the one ends and the other begins', () => {
    const filter = new IdFilter(WEEK, START)
    filter.suspectOrAdd('ab', 'c', START)
    for (const [project, id] of [['a', 'bc'], ['abc', ''], ['', 'abc'], ['ab', 'C'], ['ab', 'c '], ['c', 'ab']] as const) expect([project, id, filter.suspectOrAdd(project, id, START)]).toEqual([project, id, false])
  })

  test('knows an id at least for the window and at most for two, however the adding goes on', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 * WEEK }), fc.array(fc.integer({ min: 1, max: WEEK / 3 }), { maxLength: 20 }), (before, steps) => {
        const filter = new IdFilter(WEEK, START)
        let now = START + before
        filter.suspectOrAdd('p', 'the one', now)
        const added = now
        let other = 0
        for (const step of steps) {
          now += step
          if (now - added > WEEK) break
          filter.suspectOrAdd('p', `other ${other++}`, now)
        }
        now = Math.min(now, added + WEEK)
        expect(filter.suspectOrAdd('p', 'the one', now)).toBe(true)
        filter.suspectOrAdd('p', 'a late one', now + WEEK)
        filter.suspectOrAdd('p', 'a later one', now + 2 * WEEK)
        filter.suspectOrAdd('p', 'the last one', now + 3 * WEEK)
        expect(filter.suspectOrAdd('p', 'the one', now + 3 * WEEK)).toBe(false)
      }),
    )
  })

  test('takes ids by their fingerprints, as the store’s thread tells them', () => {
    const filter = new IdFilter(WEEK, START)
    const ids = Array.from({ length: 5_000 }, (_, at) => `id ${at}`)
    filter.addAll(new Uint32Array(ids.flatMap((id) => [...fingerprint('links', id)])), START)
    expect(ids.every((id) => filter.suspectOrAdd('links', id, START))).toBe(true)
    expect(filter.suspectOrAdd('links', 'another', START)).toBe(false)
  })

  test('a fingerprint is two whole numbers of 32 bits, the second odd, the same every time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (project, id) => {
        const [low, high] = fingerprint(project, id)
        expect([low, high]).toEqual([low >>> 0, high >>> 0])
        expect(high % 2).toBe(1)
        expect(fingerprint(project, id)).toEqual([low, high])
      }),
    )
  })
})
