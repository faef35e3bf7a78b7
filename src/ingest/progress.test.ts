import { describe, expect, test } from 'vitest'
import { createProgress } from './progress.ts'

function progressFrom(position: number) {
  const hurried = { times: 0 }
  return { hurried, progress: createProgress(position, () => hurried.times++) }
}
/** Whether a promise has ended, and with what; null while it has not. */
async function now<T>(promise: Promise<T>): Promise<T | null> {
  return Promise.race([promise, new Promise<null>((resolve) => setImmediate(() => resolve(null)))])
}

describe('whoever waits for the store', () => {
  test('does not wait for what it holds', async () => {
    const { progress, hurried } = progressFrom(7)
    expect(await now(progress.passed(7))).toBe(true)
    expect(await now(progress.passed(0))).toBe(true)
    expect(hurried.times).toBe(0)
  })

  test('waits for its own place, hurries the loader, and is let go with all others who have passed', async () => {
    const { progress, hurried } = progressFrom(7)
    const waiting = [8, 9, 10].map((seq) => progress.passed(seq))
    expect(await Promise.all(waiting.map(now))).toEqual([null, null, null])
    expect(hurried.times).toBe(3)
    progress.loaded(9)
    expect(await Promise.all(waiting.map(now))).toEqual([true, true, null])
    expect(progress.position).toBe(9)
    progress.loaded(12)
    expect(await now(waiting[2] as Promise<boolean>)).toBe(true)
  })

  test('gives up when the store goes away, or is away already, unless told not to', async () => {
    const { progress } = progressFrom(7)
    const [impatient, patient] = [progress.passed(8), progress.passed(8, undefined, false)]
    progress.setAway(true)
    expect(await Promise.all([impatient, patient, progress.passed(9)].map(now))).toEqual([false, null, false])
    expect(progress.away).toBe(true)
    progress.loaded(8)
    expect([await now(patient), progress.away]).toEqual([true, false])
  })

  test('gives up when its time is over', async () => {
    const { progress } = progressFrom(7)
    expect(await progress.passed(8, 5)).toBe(false)
    expect(await progress.passed(8, 5, false)).toBe(false)
    progress.loaded(8)
    expect(await now(progress.passed(8, 5))).toBe(true)
  })
})
