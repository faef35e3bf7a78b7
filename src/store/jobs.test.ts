import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../../test/support/ask.ts'
import { onEveryEngine } from '../../test/support/engines.ts'
import { type TestStore, openStore } from '../../test/support/store.ts'
import { type Job, type Lease, createLease, startJobs } from './jobs.ts'

onEveryEngine('a lease', (engine) => {
  let store: TestStore
  beforeAll(async () => {
    store = await openStore(engine)
  })
  afterAll(() => store.close())

  test('is one node’s, until it dies or gives it back', async () => {
    const clock = { at: 1_000_000 }
    const [one, other] = ['one', 'other'].map((node) => createLease(store.sql, 'work', node, () => clock.at)) as [Lease, Lease]
    const renew = async () => {
      await one.renew()
      await other.renew()
      return [one.held(), other.held()]
    }
    expect([one.held(), other.held()]).toEqual([false, false])
    expect(await renew()).toEqual([true, false])
    clock.at += 19_999
    // The first goes on living: its renewal keeps the other out for another 20 s.
    expect(await renew()).toEqual([true, false])
    clock.at += 19_999
    await other.renew()
    expect([one.held(), other.held()]).toEqual([true, false])
    // From here on the first is dead.
    clock.at += 1
    await other.renew()
    expect(other.held()).toBe(true)
    await one.renew()
    expect(one.held()).toBe(false)
    await other.release()
    expect(other.held()).toBe(false)
    await one.renew()
    expect(one.held()).toBe(true)
    // To give back what another has does nothing.
    await other.release()
    await other.renew()
    expect(other.held()).toBe(false)
    // A node that was killed and started again is the same node.
    const again = createLease(store.sql, 'work', 'one', () => clock.at)
    await again.renew()
    expect(again.held()).toBe(true)
  })
})

onEveryEngine('jobs', (engine) => {
  let store: TestStore
  beforeAll(async () => {
    store = await openStore(engine)
  })
  afterAll(() => store.close())

  // Side by side, since all they do is wait for timers: each has jobs, a clock and lines of its own, and one alone takes leases.
  const HOUR = 3_600_000
  const start = (jobs: Job[], clock: { at: number }, { lines = [], shared = false, node = 'one' }: { lines?: object[]; shared?: boolean; node?: string } = {}) =>
    startJobs(jobs, { sql: store.sql, shared, node, now: () => clock.at, log: { warn: (fields, message) => void lines.push({ ...fields, message }) } })

  test.concurrent('run on one node only, on another within moments of an orderly end, and everywhere where that is asked', async () => {
    const clock = { at: 1_000_000 }
    const runs: string[] = []
    const jobsOf = (node: string): Job[] => [
      { name: 'own', everyMs: HOUR, everywhere: true, work: async () => void runs.push(`own ${node}`) },
      { name: 'shared', everyMs: HOUR, work: async () => void runs.push(`shared ${node}`) },
    ]
    const one = start(jobsOf('one'), clock, { shared: true })
    await until('one has done both', () => runs.length === 2)
    const other = start(jobsOf('other'), clock, { shared: true, node: 'other' })
    await until('the other has done its own', () => runs.includes('own other'))
    clock.at += HOUR
    await until('the hour’s work is done', () => runs.length === 6)
    expect(runs.filter((run) => run.startsWith('shared'))).toEqual(['shared one', 'shared one'])
    await one.stop()
    await until('the other does the shared work too', () => runs.includes('shared other'))
    await other.stop()
    expect(await store.sql.rows('select * from leases')).toEqual([])
  })

  test.concurrent('run one at a time, and end between two steps when they are stopped', async () => {
    const clock = { at: 1_000_000 }
    const seen: string[] = []
    let steps = 0
    const long = async (goOn: () => boolean): Promise<void> => {
      seen.push('begin')
      while (goOn()) {
        steps++
        await new Promise((resolve) => setImmediate(resolve))
      }
      seen.push('end')
    }
    const running = start([{ name: 'long', everyMs: HOUR, work: long }, { name: 'next', everyMs: HOUR, work: async () => void seen.push('next') }], clock)
    await until('it is at work', () => steps > 10)
    await running.stop()
    expect(seen).toEqual(['begin', 'end'])
  })

  test.concurrent('that fail are told once, and tried again', async () => {
    const clock = { at: 1_000_000 }
    const lines: object[] = []
    let tries = 0
    const running = start([{ name: 'failing', everyMs: HOUR, work: () => Promise.reject(new Error(`no ${++tries}`)) }], clock, { lines })
    await until('it was tried twice', () => tries === 2, 15_000)
    await running.stop()
    expect(lines).toEqual([{ job: 'failing', reason: 'no 1', message: 'a job is put off' }])
  })

  test.concurrent('are done at once when the clock was set back', async () => {
    const clock = { at: 10 * HOUR }
    let runs = 0
    const running = start([{ name: 'hourly', everyMs: HOUR, work: async () => void runs++ }], clock)
    await until('it ran', () => runs === 1)
    clock.at = HOUR
    await until('it ran again', () => runs === 2)
    await running.stop()
  })
})
