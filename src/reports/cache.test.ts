import { expect, test } from 'vitest'
import type { Row } from '../store/sql.ts'
import { cached } from './cache.ts'

/** A store that counts how often it is asked, and answers when told to. */
function store() {
  const asked: string[] = []
  const answers: { give: (rows: Row[]) => void; fail: (error: Error) => void }[] = []
  return {
    asked,
    answers,
    ask: ({ text }: { text: string }) => {
      asked.push(text)
      return new Promise<Row[]>((give, fail) => answers.push({ give, fail }))
    },
  }
}

test('an answer is given again until its question is as old as allowed', async () => {
  const { asked, answers, ask } = store()
  let now = 0
  const cachedAsk = cached(ask, { ms: 1_000, now: () => now })
  const first = cachedAsk({ text: 'a', values: [1] })
  // The answer takes its time, which counts.
  now = 900
  answers[0]?.give([{ n: 1 }])
  expect(await first).toEqual([{ n: 1 }])
  now = 1_000
  expect(await cachedAsk({ text: 'a', values: [1] })).toEqual([{ n: 1 }])
  expect(asked).toEqual(['a'])
  now = 1_001
  const again = cachedAsk({ text: 'a', values: [1] })
  answers[1]?.give([{ n: 2 }])
  expect(await again).toEqual([{ n: 2 }])
})

test('another value is another question', async () => {
  const { asked, answers, ask } = store()
  const cachedAsk = cached(ask, { ms: 1_000, now: () => 0 })
  const both = [cachedAsk({ text: 'a', values: [1] }), cachedAsk({ text: 'a', values: [2] })]
  answers.forEach(({ give }, at) => give([{ at }]))
  expect(await Promise.all(both)).toEqual([[{ at: 0 }], [{ at: 1 }]])
  expect(asked).toEqual(['a', 'a'])
})

test('those who ask the same at once share one answer, and none sees what another does to its rows', async () => {
  const { asked, answers, ask } = store()
  const cachedAsk = cached(ask, { ms: 1_000, now: () => 0 })
  const both = [cachedAsk({ text: 'a' }), cachedAsk({ text: 'a' })]
  answers[0]?.give([{ time: 1 }])
  const [one, other] = await Promise.all(both)
  for (const row of one ?? []) row.time = 'changed'
  expect(other).toEqual([{ time: 1 }])
  expect(await cachedAsk({ text: 'a' })).toEqual([{ time: 1 }])
  expect(asked).toEqual(['a'])
})

test('a failure is not kept', async () => {
  const { asked, answers, ask } = store()
  const cachedAsk = cached(ask, { ms: 1_000, now: () => 0 })
  const failed = cachedAsk({ text: 'a' })
  answers[0]?.fail(new Error('away'))
  await expect(failed).rejects.toThrow('away')
  const again = cachedAsk({ text: 'a' })
  answers[1]?.give([])
  expect(await again).toEqual([])
  expect(asked).toEqual(['a', 'a'])
})

test('a large answer is not kept', async () => {
  const { asked, answers, ask } = store()
  const cachedAsk = cached(ask, { ms: 1_000, now: () => 0 })
  const large = cachedAsk({ text: 'a' })
  answers[0]?.give(Array.from({ length: 10_001 }, (_, at) => ({ at })))
  expect(await large).toHaveLength(10_001)
  void cachedAsk({ text: 'a' })
  expect(asked).toEqual(['a', 'a'])
})

test('with 0 every question is asked', () => {
  const { ask } = store()
  expect(cached(ask, { ms: 0, now: () => 0 })).toBe(ask)
})
