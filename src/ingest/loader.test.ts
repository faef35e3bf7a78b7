import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createAliases } from './aliases.ts'
import { until } from '../../test/support/ask.ts'
import { onEveryEngine } from '../../test/support/engines.ts'
import { type TestStore, openStore } from '../../test/support/store.ts'
import { privacyFor } from '../capture/privacy.ts'
import { Fault } from '../core/errors.ts'
import { DAY_MS } from '../core/time.ts'
import type { Engine } from '../store/engine.ts'
import type { Draft } from './event.ts'
import { type Loader, startLoader } from './loader.ts'
import { encodeEvent, toEvent } from './pipeline.ts'
import { RecordWriter } from './record.ts'
import { positionOf } from './store.ts'

const START = Date.UTC(2026, 10, 22, 14, 30)
const WEEK = 7 * DAY_MS
const world = { ipStorage: 'none', privacy: () => privacyFor(Buffer.alloc(32)), country: () => null, onStep: () => undefined } as const

onEveryEngine('the loader', (engine) => {
  let store: TestStore
  let loader: Loader | null
  let journal: Map<number, Buffer>
  let told: unknown[]
  let journals = 0
  beforeAll(async () => {
    store = await openStore(engine)
  })
  afterAll(() => store.close())
  beforeEach(async () => {
    journals++
    journal = new Map()
    told = []
    await store.sql.write(['events', 'event_ids', 'dead_letters', 'answers'].map((table) => ({ text: `delete from ${table}` })))
  })
  afterEach(() => loader?.stop())

  const name = () => `journal-${journals}`
  /** Puts a record into the journal: each event by its session, with an id of the client's where given. */
  const put = (seq: number, events: [session: string, eventId?: string, suspect?: boolean][], more: Partial<{ at: number; letters: object[]; answers: object[]; over: Partial<Draft> }> = {}) => {
    const { at = START, letters = [], answers = [], over = {} } = more
    const texts = events.map(([sessionId, eventId, suspect = false]) =>
      encodeEvent(toEvent({ family: 'links', project: 'links', source: 'link', name: 'link_clicked', ts: at, sessionId, eventId, address: null, userAgent: null, agentSeen: false, ...over }, at, world), suspect),
    )
    const parts = answers.map((answer) => ({ events: [], deadLetters: [], answer: JSON.stringify(answer), bytes: 0 }))
    journal.set(seq, new RecordWriter().write([{ events: texts, deadLetters: letters.map((letter) => JSON.stringify(letter)), bytes: 0 }, ...parts], name(), seq))
  }
  const start = async (on: Engine = store.engine): Promise<Loader> => {
    const position = await positionOf(store.engine, name(), START)
    loader = startLoader({
      engine: on,
      records: {
        *read(from) {
          for (const [seq, record] of [...journal].sort(([a], [b]) => a - b)) if (seq >= from) yield { seq, record }
        },
      },
      journalId: name(),
      position,
      windowMs: WEEK,
      aliases: createAliases(),
      now: () => START,
      tell: {
        loaded: (seq, events, duplicates) => told.push({ loaded: seq, events, duplicates }),
        away: (reason) => told.push({ away: reason }),
        poisoned: (events, reason) => told.push({ poisoned: events, reason }),
      },
    })
    return loader
  }
  const load = async (seq: number, on?: Engine) => {
    const started = await start(on)
    started.wake(seq, 1)
    started.hurry()
    await until(`record ${seq} is loaded`, () => started.position >= seq)
    return started
  }
  const sessions = async () => (await store.engine.rows<{ session_id: string }>('select session_id from events order by session_id')).map(({ session_id }) => session_id)

  test('loads records in order and notes how far it is, in one transaction', async () => {
    put(1, [['a'], ['b']])
    put(2, [['c']])
    put(4, [['d']])
    await load(4)
    expect(await sessions()).toEqual(['a', 'b', 'c', 'd'])
    expect(told).toEqual([{ loaded: 4, events: 4, duplicates: 0 }])
    expect(await positionOf(store.engine, name(), START)).toBe(4)
  })

  test('goes on behind its position: what is stored is never loaded again', async () => {
    put(1, [['a']])
    await (await load(1)).stop()
    put(2, [['b']])
    await (await load(2)).stop()
    expect(await sessions()).toEqual(['a', 'b'])
  })

  test('lets the store rest when nothing comes, and asks again until it could', async () => {
    let asked = 0
    put(1, [['a']])
    await load(1, { ...store.engine, idle: async () => ++asked === 3 })
    await until('it has rested', () => asked === 3)
    expect(await sessions()).toEqual(['a'])
  })

  test('of two processes that die between the commit and the answer, the second finds what the first did', async () => {
    put(1, [['a', 'id']], { letters: [{ id: 'letter', received_at: START, family: 'links', project: 'links', reason: 'invalid', field: null, error: 'x', original: 'y' }], answers: [{ scope: 's', key: 'k', bodyHash: 'h', status: 200, answer: '{}', createdAt: START }] })
    const failing: Engine = {
      ...store.engine,
      async transaction(lane, work) {
        await store.engine.transaction(lane, work)
        throw new Error('the answer was lost')
      },
    }
    const first = await start(failing)
    first.wake(1, 1)
    first.hurry()
    await until('it has failed', () => told.length > 0)
    await first.stop()
    const second = await start()
    expect(second.position).toBe(1)
    expect(await sessions()).toEqual(['a'])
    expect(await store.engine.rows('select id from dead_letters')).toEqual([{ id: 'letter' }])
    expect(await store.engine.rows('select scope, key, body_hash, status, answer from answers')).toEqual([{ scope: 's', key: 'k', body_hash: 'h', status: 200, answer: '{}' }])
  })

  test('rolls everything back when one part of it fails, and tries again until it succeeds', async () => {
    put(1, [['a'], ['b']])
    let failures = 2
    const flaky: Engine = {
      ...store.engine,
      transaction: (lane, work) =>
        store.engine.transaction(lane, async (tx) => {
          const result = await work(tx)
          if (failures-- > 0) throw Object.assign(new Error('connection lost'), { code: 'x' })
          return result
        }),
    }
    await load(1, flaky)
    expect(told).toEqual([{ away: 'connection lost' }, { away: null }, { loaded: 1, events: 2, duplicates: 0 }])
    expect(await sessions()).toEqual(['a', 'b'])
  })

  test('finds out that a commit went through although its answer was lost, and stores nothing twice', async () => {
    put(1, [['a'], ['b']])
    let lost = 0
    const mute: Engine = {
      ...store.engine,
      async transaction(lane, work) {
        const result = await store.engine.transaction(lane, work)
        if (lost++ === 0) throw new Fault('unavailable', 'The database does not answer.')
        return result
      },
    }
    const started = await load(1, mute)
    put(2, [['c']])
    started.wake(2, 1)
    await until('the next one is loaded', () => started.position === 2)
    expect(await sessions()).toEqual(['a', 'b', 'c'])
    expect(told).toEqual([{ away: expect.any(String) }, { away: null }, { loaded: 1, events: 0, duplicates: 0 }, { loaded: 2, events: 1, duplicates: 0 }])
  })

  test('loads again what a database that took over lacks, as far as the journal still has it', async () => {
    put(1, [['a']])
    put(2, [['b']])
    const started = await load(2)
    await store.sql.write([{ text: "delete from events where session_id = 'b'" }, { text: 'update journal_positions set position = 1 where journal = $1', values: [name()] }])
    put(3, [['c']])
    started.wake(3, 1)
    await until('all of them are loaded', () => started.position === 3)
    expect(await sessions()).toEqual(['a', 'b', 'c'])
  })

  describe('an id of the client’s', () => {
    test('is stored once: in a record, across records, across loaders', async () => {
      put(1, [['a', 'one'], ['b', 'one', true], ['c', 'two']])
      await (await load(1)).stop()
      put(2, [['d', 'one', true], ['e', 'three']])
      put(3, [['f', 'three', true], ['g']])
      await load(3)
      expect(await sessions()).toEqual(['a', 'c', 'e', 'g'])
      expect(told).toEqual([{ loaded: 1, events: 2, duplicates: 1 }, { loaded: 3, events: 2, duplicates: 2 }])
    })

    test('counts from when its event came, however long that lay in the journal', async () => {
      for (const [at, [session, daysAgo]] of ([['first', 30], ['within', 24], ['after', 22]] as const).entries()) {
        put(at + 1, [[session, 'id', true]], { at: START - daysAgo * DAY_MS })
        await (await load(at + 1)).stop()
      }
      expect(await sessions()).toEqual(['after', 'first'])
    })
  })

  test('makes a dead letter of an event that the store refuses; its neighbours go in', async () => {
    put(1, [['a'], ['b']])
    put(2, [['bad']], { over: { name: null as never } })
    put(3, [['c']])
    await load(3)
    expect(await sessions()).toEqual(['a', 'b', 'c'])
    const [letter, ...more] = await store.engine.rows<{ original: string }>('select family, project, reason, field, error, original, replayed_at from dead_letters')
    expect(more).toEqual([])
    expect(letter).toEqual({ family: 'store', project: 'links', reason: 'store_refused', field: null, error: expect.stringMatching(/null/i), original: expect.any(String), replayed_at: null })
    expect(JSON.parse(letter?.original ?? '')).toMatchObject({ session_id: 'bad', name: null })
    expect(told).toEqual([{ poisoned: 1, reason: expect.stringMatching(/null/i) }, expect.objectContaining({ loaded: 3, events: 3 })])
  })

  test('waits a moment for more when little has come, and not when somebody waits', async () => {
    const started = await start()
    put(1, [['a']])
    started.wake(1, 1)
    put(2, [['b']])
    started.wake(2, 1)
    await until('both are loaded', () => started.position === 2)
    expect(told).toEqual([{ loaded: 2, events: 2, duplicates: 0 }])
  })

  test('ends after the transaction under way, and takes nothing more', async () => {
    put(1, [['a']])
    const started = await load(1)
    await started.stop()
    put(2, [['b']])
    started.wake(2, 1)
    started.hurry()
    await new Promise(setImmediate)
    expect([started.position, await sessions()]).toEqual([1, ['a']])
  })
})
