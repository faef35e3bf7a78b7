import { describe, expect, test } from 'vitest'
import type { Row, Statement } from '../store/sql.ts'
import { cached } from './cache.ts'
import type { Question } from './report.ts'

/** A store whose state the test sets, and that counts how often it is asked and answers when told to. */
function store(ms = 0) {
  const asked: string[] = []
  const answers: { give: (rows: Row[]) => void; fail: (error: Error) => void }[] = []
  const world = { state: 1, server: 'one', now: 0, holds: false }
  const ask = ({ text }: { text: string }): Promise<Row[]> => {
    asked.push(text)
    return new Promise<Row[]>((give, fail) => answers.push({ give, fail }))
  }
  const spans: [number, number][] = []
  const holds = async (_: Question, ...span: [number, number]): Promise<boolean> => {
    spans.push(span)
    return world.holds
  }
  const answer = cached(ask, { state: async () => ({ state: world.state, server: world.server }), holds, ms, now: () => world.now })
  const scope = { where: {}, range: { from: null, to: null } }
  return { world, asked, answers, spans, ask: (statement: Statement, fresh?: boolean) => answer({ ...statement, scope }, fresh) }
}
/** Lets all go on that can. */
const turn = (): Promise<void> => new Promise(setImmediate)

describe('an answer', () => {
  test('is given again until the store has changed', async () => {
    const { world, asked, answers, ask } = store()
    const first = ask({ text: 'a', values: [1] })
    await turn()
    answers[0]?.give([{ n: 1 }])
    expect(await first).toEqual([{ n: 1 }])
    expect(await ask({ text: 'a', values: [1] })).toEqual([{ n: 1 }])
    expect(asked).toEqual(['a'])
    world.state = 2
    const again = ask({ text: 'a', values: [1] })
    await turn()
    answers[1]?.give([{ n: 2 }])
    expect(await again).toEqual([{ n: 2 }])
  })

  test('is given again when nothing that came since concerns it', async () => {
    const { world, asked, answers, spans, ask } = store()
    const first = ask({ text: 'a' })
    await turn()
    answers[0]?.give([{ n: 1 }])
    await first
    world.holds = true
    world.state = 5
    expect(await ask({ text: 'a' })).toEqual([{ n: 1 }])
    world.state = 7
    expect(await ask({ text: 'a' })).toEqual([{ n: 1 }])
    expect(asked).toEqual(['a'])
    // What was looked at is not looked at again.
    expect(spans).toEqual([[1, 5], [5, 7]])
    world.holds = false
    world.state = 8
    void ask({ text: 'a' })
    await turn()
    expect(asked).toEqual(['a', 'a'])
  })

  test('is asked anew when another server answers, whatever it says of its state', async () => {
    const { world, asked, answers, spans, ask } = store()
    const first = ask({ text: 'a' })
    await turn()
    answers[0]?.give([{ n: 1 }])
    await first
    world.holds = true
    world.server = 'another'
    void ask({ text: 'a' })
    await turn()
    expect(asked).toEqual(['a', 'a'])
    expect(spans).toEqual([])
  })

  test('may be older where that is allowed, as long as its question is no older', async () => {
    const { world, asked, answers, ask } = store(1_000)
    const first = ask({ text: 'a' })
    await turn()
    // The answer takes its time, which counts.
    world.now = 900
    answers[0]?.give([{ n: 1 }])
    await first
    world.state = 2
    world.now = 1_000
    expect(await ask({ text: 'a' })).toEqual([{ n: 1 }])
    expect(asked).toEqual(['a'])
    world.now = 1_001
    void ask({ text: 'a' })
    await turn()
    expect(asked).toEqual(['a', 'a'])
  })

  test('is of one text and its values', async () => {
    const { asked, answers, ask } = store()
    const both = [ask({ text: 'a', values: [1] }), ask({ text: 'a', values: [2] })]
    await turn()
    answers.forEach(({ give }, at) => give([{ at }]))
    expect(await Promise.all(both)).toEqual([[{ at: 0 }], [{ at: 1 }]])
    expect(asked).toEqual(['a', 'a'])
  })

  test('that may be older is not given to who asks for a fresh one, who still shares what has not changed', async () => {
    const { world, asked, answers, ask } = store(1_000)
    const first = ask({ text: 'a' })
    await turn()
    answers[0]?.give([{ n: 1 }])
    await first
    expect(await ask({ text: 'a' }, true)).toEqual([{ n: 1 }])
    world.state = 2
    expect(await ask({ text: 'a' })).toEqual([{ n: 1 }])
    const fresh = ask({ text: 'a' }, true)
    await turn()
    answers[1]?.give([{ n: 2 }])
    expect(await fresh).toEqual([{ n: 2 }])
    expect(asked).toEqual(['a', 'a'])
  })

  test('that failed is not kept', async () => {
    const { asked, answers, ask } = store()
    const failed = ask({ text: 'a' })
    await turn()
    answers[0]?.fail(new Error('away'))
    await expect(failed).rejects.toThrow('away')
    const again = ask({ text: 'a' })
    await turn()
    answers[1]?.give([])
    expect(await again).toEqual([])
    expect(asked).toEqual(['a', 'a'])
  })

  test('that is large is not kept', async () => {
    const { asked, answers, ask } = store()
    const large = ask({ text: 'a' })
    await turn()
    answers[0]?.give(Array.from({ length: 10_001 }, (_, at) => ({ at })))
    expect(await large).toHaveLength(10_001)
    void ask({ text: 'a' })
    await turn()
    expect(asked).toEqual(['a', 'a'])
  })
})

describe('those who ask the same at once', () => {
  test('share one answer, and none sees what another does to its rows', async () => {
    const { asked, answers, ask } = store()
    const three = [ask({ text: 'a' }), ask({ text: 'a' }), ask({ text: 'a' })]
    await turn()
    answers[0]?.give([{ time: 1 }])
    const [one, ...others] = await Promise.all(three)
    for (const row of one ?? []) row.time = 'changed'
    expect(others).toEqual([[{ time: 1 }], [{ time: 1 }]])
    expect(await ask({ text: 'a' })).toEqual([{ time: 1 }])
    expect(asked).toEqual(['a'])
  })

  test('wait for a run that began after they asked, when the store has changed meanwhile', async () => {
    const { world, asked, answers, ask } = store()
    const early = ask({ text: 'a' })
    await turn()
    world.state = 2
    const late = [ask({ text: 'a' }), ask({ text: 'a' })]
    await turn()
    // Never two at once.
    expect(asked).toEqual(['a'])
    answers[0]?.give([{ n: 1 }])
    expect(await early).toEqual([{ n: 1 }])
    await turn()
    expect(asked).toEqual(['a', 'a'])
    answers[1]?.give([{ n: 2 }])
    expect(await Promise.all(late)).toEqual([[{ n: 2 }], [{ n: 2 }]])
  })

  test('fail with the run they asked for alone', async () => {
    const { world, answers, ask } = store()
    const early = ask({ text: 'a' })
    await turn()
    world.state = 2
    const late = ask({ text: 'a' })
    answers[0]?.fail(new Error('away'))
    await expect(early).rejects.toThrow('away')
    await turn()
    answers[1]?.give([{ n: 2 }])
    expect(await late).toEqual([{ n: 2 }])
  })
})
