import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type FreshStore, onEveryEngine } from '../../test/support/engines.ts'
import { engineOn } from '../../test/support/store.ts'
import { DAY_MS } from '../core/time.ts'
import { dialectOf } from './dialect.ts'
import type { Cell, ClaimedId, Engine } from './engine.ts'
import { EVENT_COLUMN_NAMES, type EventColumn } from './events.ts'
import { migrate } from './migrations/index.ts'

const NOW = Date.UTC(2026, 10, 22, 14, 30)
const WINDOW = 7 * DAY_MS

onEveryEngine('an engine', (engine) => {
  let store: FreshStore
  let opened: Engine
  beforeAll(async () => {
    store = await engine.fresh()
    opened = await engineOn(store)
    await migrate(opened)
  })
  afterAll(async () => {
    await opened.close()
    await store.drop()
  })
  beforeEach(() => opened.transaction('rows', async (tx) => void (await Promise.all(['events', 'event_ids', 'answers'].map((table) => tx.rows(`delete from ${table}`))))))

  const row = (over: Partial<Record<EventColumn, Cell>>) => EVENT_COLUMN_NAMES.map((name): Cell => ({ id: 'e', project: 'links', source: 'link', name: 'link_clicked', received_at: NOW, machine: false, ...over })[name as string] ?? null)
  const append = (rows: Cell[][]) => opened.transaction('events', (tx) => tx.append('events', EVENT_COLUMN_NAMES, rows))

  test('says what it is', () => {
    expect([opened.name, opened.shared, opened.dialect]).toEqual([engine.name, engine.name === 'postgres', dialectOf(engine.name)])
  })

  describe('takes parameters and gives values', () => {
    test('of every kind, alike', async () => {
      const [found] = await opened.rows('select $1::text as text, $2::bigint as big, $3::boolean as yes, $4::text as nothing, count(*) as counted, sum($2::bigint) as summed', ['ü🙂\'"\\', 9_007_199_254_740_991, true, null])
      expect(found).toEqual({ text: 'ü🙂\'"\\', big: 9_007_199_254_740_991, yes: true, nothing: null, counted: 1, summed: 9_007_199_254_740_991 })
    })

    test.each([[[]], [['a']], [['a', "b'", '{c}', 'd,e', '"f"', '\\g', '']]])('the list of texts %j', async (list) => {
      const found = await opened.rows<{ text: string }>("select text from (values ('a'), ('b'''), ('{c}'), ('d,e'), ('\"f\"'), ('\\g'), ('')) as t (text) where text = any($1::text[]) order by text", [list])
      expect(found.map(({ text }) => text).sort()).toEqual([...list].sort())
    })

    test.each([[[], 0], [[1, 3], 2]])('the list of numbers %j', async (list, count) => {
      expect(await opened.rows('select count(*) as n from (values (1), (2), (3)) as t (x) where x = any($1::bigint[])', [list])).toEqual([{ n: count }])
    })
  })

  describe('appends', () => {
    test('any cell as it is', async () => {
      const hostile = ['', ' ', '\\N', '\\.', '\\', '\t', '\n', '\r\n', '\\t', '\u2028', '🙂', "'", '"', '\x01\x1f\x7f', 'NULL', '{}', ',', ';', '--', 'é'.normalize('NFD'), 'x'.repeat(100_000)]
      await append(hostile.map((text, at) => row({ id: `e${String(at).padStart(2, '0')}`, user_agent: text, session_id: text, ts: at % 2 ? -at : NOW, campaign_id: at, machine: at % 2 === 0, properties: JSON.stringify({ text }) })))
      const found = await opened.rows<Record<string, unknown>>('select user_agent, session_id, ts, campaign_id, lead_id, machine, properties from events order by id')
      expect(found.map(({ properties, ...rest }) => ({ ...rest, properties: JSON.parse(String(properties)) as unknown }))).toEqual(
        hostile.map((text, at) => ({ user_agent: text, session_id: text, ts: at % 2 ? -at : NOW, campaign_id: at, lead_id: null, machine: at % 2 === 0, properties: { text } })),
      )
    })

    test('many at once, and none', async () => {
      await append([])
      await append(Array.from({ length: 12_345 }, (_, at) => row({ id: `e${at}`, ts: at })))
      expect(await opened.rows('select count(*) as n, min(ts) as least, max(ts) as most from events')).toEqual([{ n: 12_345, least: 0, most: 12_344 }])
    })
  })

  describe('a transaction', () => {
    test('is all or nothing', async () => {
      const failed = opened.transaction('events', async (tx) => {
        await tx.append('events', EVENT_COLUMN_NAMES, [row({})])
        await tx.rows("insert into answers (scope, key, body_hash, status, answer, created_at) values ('s', 'k', '', 200, '', 0)")
        expect(await tx.rows('select count(*) as n from events')).toEqual([{ n: 1 }])
        throw new Error('enough')
      })
      await expect(failed).rejects.toThrow('enough')
      expect(await opened.rows('select (select count(*) from events) as events, (select count(*) from answers) as answers')).toEqual([{ events: 0, answers: 0 }])
    })

    test('that fails leaves its lane to the next', async () => {
      for (const lane of ['rows', 'events'] as const) {
        await expect(opened.transaction(lane, (tx) => tx.rows('select * from nothing'))).rejects.toThrow(/nothing/)
        expect(await opened.transaction(lane, (tx) => tx.rows('select 1 as one'))).toEqual([{ one: 1 }])
      }
    })

    test('tells a taken key as a conflict', async () => {
      const insert = () => opened.transaction('rows', (tx) => tx.rows("insert into answers (scope, key, body_hash, status, answer, created_at) values ('taken', 'k', '', 200, '', 0)"))
      await insert()
      await expect(insert()).rejects.toMatchObject({ code: 'conflict' })
    })

    test('that counts up loses no count, however many run at once', async () => {
      const before = await opened.rows<{ value: number }>("select value from counters where name = 'links'")
      await Promise.all(Array.from({ length: 30 }, (_, at) => opened.transaction(at % 2 ? 'rows' : 'events', (tx) => tx.rows("update counters set value = value + 1 where name = 'links'"))))
      const after = await opened.rows<{ value: number }>("select value from counters where name = 'links'")
      expect((after[0]?.value ?? 0) - (before[0]?.value ?? 0)).toBe(30)
    })
  })

  describe('an event id', () => {
    const id = (eventId: string, over: Partial<ClaimedId> = {}): ClaimedId => ({ project: 'links', eventId, receivedAt: NOW, suspect: true, ...over })
    /** Claims ids and stores the events of those that are new, as the loader does. */
    const claim = (...ids: ClaimedId[]) =>
      opened.transaction('events', async (tx) => {
        const isNew = await tx.claim(ids, WINDOW)
        await tx.append('events', EVENT_COLUMN_NAMES, ids.filter((_, at) => isNew[at]).map(({ project, eventId, receivedAt }) => row({ project, event_id: eventId, received_at: receivedAt })))
        return isNew
      })

    test('is new once: in one claim, and after', async () => {
      expect(await claim(id('a'), id('b'), id('a'), id('ü\' "\\'))).toEqual([true, true, false, true])
      expect(await claim(id('c'), id('a'), id('ü\' "\\'))).toEqual([true, false, false])
      expect(await claim()).toEqual([])
    })

    test('belongs to its project, and to its spelling', async () => {
      await claim(id('a'))
      expect(await claim(id('a', { project: 'other' }), id('A'), id('a '), id('a'))).toEqual([true, true, true, false])
    })

    test('is new again when its window has passed, counted from when each event came', async () => {
      await claim(id('a', { receivedAt: NOW }), id('b', { receivedAt: NOW }))
      expect(await claim(id('a', { receivedAt: NOW + WINDOW }), id('b', { receivedAt: NOW + WINDOW + 1 }))).toEqual([false, true])
      expect(await claim(id('b', { receivedAt: NOW + WINDOW + 2 }))).toEqual([false])
    })

    test('that was claimed by a transaction that failed is free', async () => {
      await expect(
        opened.transaction('events', async (tx) => {
          await tx.claim([id('a')], WINDOW)
          throw new Error('enough')
        }),
      ).rejects.toThrow('enough')
      expect(await claim(id('a'))).toEqual([true])
    })

    test('that is known is found, with those that are not left out', async () => {
      await claim(id('a'), id('b', { receivedAt: NOW - 1_000 }))
      expect(await opened.known([id('x'), id('a'), id('b'), id('a', { project: 'other' })], NOW - 1_000)).toEqual([1, 2])
      expect(await opened.known([id('a'), id('b')], NOW)).toEqual([0])
      expect(await opened.known([], NOW)).toEqual([])
    })
  })

  test('streams an answer in chunks, whole and in order, also when nobody reads it to its end', async () => {
    await append(Array.from({ length: 25_000 }, (_, at) => row({ id: `e${String(at).padStart(6, '0')}`, ts: at })))
    const seen: unknown[] = []
    for await (const rows of opened.stream('select ts from events where ts >= $1 order by ts', [5])) seen.push(...rows.map((one) => one.ts))
    expect(seen).toEqual(Array.from({ length: 24_995 }, (_, at) => at + 5))
    for await (const rows of opened.stream('select ts from events')) if (rows.length > 0) break
    expect(await opened.rows('select count(*) as n from events')).toEqual([{ n: 25_000 }])
  })

  test('ends a question that takes too long, and answers the next', async () => {
    const long = opened.rows('select count(*) as n from generate_series(1, 100000) a (x), generate_series(1, 100000) b (y) where x * y % 7 = 3', [], { timeoutMs: 100 })
    await expect(long).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('took too long') })
    for (let i = 0; i < 8; i++) expect(await opened.rows('select 1 as one', [], { timeoutMs: 5_000 })).toEqual([{ one: 1 }])
  })

  test('answers from one moment, whatever is committed while a question is planned', async () => {
    const reason = 'It answered 410 Gone at 2026-11-22T14:30:00.000Z.'
    const seen = new Set<string | null>()
    for (let round = 0; round < 150; round++) {
      const name = `notices_${round}`
      await opened.transaction('rows', (tx) => tx.rows(`create table ${name} (id bigint primary key, reason text, is_active boolean not null)`))
      await opened.transaction('rows', (tx) => tx.rows(`insert into ${name} values (1, null, true), (2, null, true)`))
      let over = false
      const asked = Promise.all(
        [1, 2].map(async () => {
          // Once more when it is over, so that what was written is seen in any case.
          for (let last = false; !last; ) {
            last = over
            for (const { reason: told } of await opened.rows<{ reason: string | null }>(`select id, reason, is_active from ${name} order by is_active, id`)) seen.add(told)
          }
        }),
      )
      await opened.transaction('rows', (tx) => tx.rows(`update ${name} set is_active = false, reason = $1 where id = 1`, [reason]))
      over = true
      await asked
      await opened.transaction('rows', (tx) => tx.rows(`drop table ${name}`))
    }
    expect(seen).toEqual(new Set([null, reason]))
  })

  test('may rest at any moment', async () => {
    await append([row({})])
    await Promise.all([opened.idle(), append([row({ id: 'f' })]), opened.idle(), opened.rows('select 1 as one')])
    expect(await opened.rows('select count(*) as n from events')).toEqual([{ n: 2 }])
  })

  test('says when somebody writes instead of letting it rest, and rests when asked again', async () => {
    await append([row({})])
    let say: (held: boolean) => void
    const said = new Promise<boolean>((resolve) => (say = resolve))
    await opened.transaction('rows', async (tx) => {
      await tx.rows("update counters set value = value where name = 'links'")
      say(await opened.idle())
    })
    // Only the embedded engine rests by itself.
    expect(await said).toBe(engine.name === 'postgres')
    expect(await opened.idle()).toBe(true)
  })

  test('keeps what was committed when it is closed and opened again', async () => {
    await append([row({ id: 'kept', properties: '{"a": 1}' })])
    await opened.close()
    opened = await engineOn(store)
    expect(await opened.rows("select id, project, received_at from events where id = 'kept'")).toEqual([{ id: 'kept', project: 'links', received_at: NOW }])
    expect(await migrate(opened)).toEqual([])
  })

  test('shows clicks under the names that the requirements give them', async () => {
    await append([row({ id: 'c1', tracking_id: 't', ts: NOW, user_agent: 'a', referrer_url: 'r', session_id: 's', click_source: 'linkedin', ip_hash: 'h', properties: '{"a":1}' }), row({ id: 'c2', ts: null, ip_address: '203.0.113.1', ip_hash: null }), row({ id: 'other', source: 'web' })])
    const found = await opened.rows<Record<string, unknown>>('select * from link_clicks order by click_id')
    expect(found.map(({ click_id, ip_address }) => [click_id, ip_address])).toEqual([['c1', 'h'], ['c2', '203.0.113.1']])
    expect(Object.keys(found[0] ?? {})).toEqual(['click_id', 'tracking_id', 'clicked_at', 'ip_address', 'user_agent', 'referrer_url', 'session_id', 'click_source', 'metadata'])
    expect(await opened.rows("select cast(clicked_at as text) as at from link_clicks where click_id = 'c1'")).toEqual([{ at: '2026-11-22 14:30:00' }])
  })
})

onEveryEngine('an engine that cannot be opened', (engine) => {
  test('says so in a sentence', async () => {
    if (engine.name === 'postgres') {
      const nowhere = { dataDir: '/', databaseUrl: 'postgres://nobody@127.0.0.1:1/nothing' }
      await expect(engineOn(nowhere)).rejects.toMatchObject({ code: 'unavailable', message: 'The database does not answer.', more: { errors: [{ field: 'DATABASE_URL', error: expect.any(String) }] } })
    } else {
      await expect(engineOn({ dataDir: join('/dev/null', 'data'), databaseUrl: null })).rejects.toThrow(/ENOTDIR/)
    }
  })
})
