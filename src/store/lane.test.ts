import { expect, test } from 'vitest'
import { createLane, createPool } from './lane.ts'

/** Work that ends when it is told to. */
function held() {
  let end: (value?: unknown) => void = () => undefined
  let fail: (error: Error) => void = () => undefined
  const done = new Promise((resolve, reject) => {
    end = resolve
    fail = reject
  })
  return { done, end, fail }
}

test('a lane runs its work one after another, in the order in which it came; a failure is its caller’s alone', async () => {
  const lane = createLane()
  const order: string[] = []
  const first = held()
  const [one, two, three] = [
    lane(async () => {
      order.push('one begins')
      await first.done
      order.push('one ends')
    }),
    lane(async () => {
      order.push('two')
      throw new Error('two')
    }),
    lane(async () => {
      order.push('three')
      return 3
    }),
  ]
  await new Promise(setImmediate)
  expect(order).toEqual(['one begins'])
  first.end()
  await one
  await expect(two).rejects.toThrow('two')
  expect([await three, order]).toEqual([3, ['one begins', 'one ends', 'two', 'three']])
})

test('a pool lends each thing to one at a time, the longest waiting first, and gets it back from whoever fails', async () => {
  const pool = createPool(['a', 'b'])
  const lent: string[] = []
  const work = Array.from({ length: 5 }, () => held())
  const borrowed = work.map(({ done }, at) =>
    pool(async (thing) => {
      lent.push(`${at} has ${thing}`)
      return done
    }).catch((error: Error) => error.message),
  )
  await new Promise(setImmediate)
  expect(lent).toHaveLength(2)
  work[1]?.fail(new Error('failed'))
  expect(await borrowed[1]).toBe('failed')
  await new Promise(setImmediate)
  expect(lent).toHaveLength(3)
  expect(lent[2]).toBe(`2 has ${lent[1]?.at(-1)}`)
  for (const one of work) one.end('done')
  expect(await Promise.all(borrowed)).toEqual(['done', 'failed', 'done', 'done', 'done'])
  expect(lent.map((line) => Number(line[0]))).toEqual([0, 1, 2, 3, 4])
})
