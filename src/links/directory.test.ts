import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { until } from '../../test/support/ask.ts'
import { onEveryEngine } from '../../test/support/engines.ts'
import { type TestStore, openStore } from '../../test/support/store.ts'
import { Fault } from '../core/errors.ts'
import type { Sql } from '../store/sql.ts'
import { LinkDirectory } from './directory.ts'
import { type LinkWorld, changeLink, createLink, createLinks } from './links.ts'

onEveryEngine('the links in memory', (engine) => {
  let store: TestStore
  let directory: LinkDirectory
  let world: LinkWorld
  let questions: number
  let away: boolean
  beforeAll(async () => {
    store = await openStore(engine)
  })
  afterAll(() => store.close())
  beforeEach(async () => {
    await store.sql.write([{ text: 'delete from link_tracking' }])
    ;[questions, away] = [0, false]
    const sql: Sql = {
      rows: (text, values) => {
        questions++
        return away ? Promise.reject(new Fault('unavailable', 'The store is away.')) : store.sql.rows(text, values)
      },
      write: (statements) => store.sql.write(statements),
    }
    directory = new LinkDirectory(sql, false)
    world = { sql: store.sql, directory, baseUrl: () => 'https://go.example.com', now: () => 0 }
  })

  const elsewhere = (): LinkWorld => ({ ...world, directory: new LinkDirectory(store.sql, false) })
  const make = (tracking_id: string, on = world) => createLink(on, { tracking_id, original_url: 'https://example.com/' })

  test('know what was made here without asking', async () => {
    await make('here')
    expect(directory.find('here')).toMatchObject({ trackingId: 'here', destination: 'https://example.com/', active: true })
    expect([await directory.look('here'), questions]).toEqual([directory.find('here'), 0])
  })

  test('ask once for what was made elsewhere, and once for what nobody made', async () => {
    await make('elsewhere', elsewhere())
    expect(directory.find('elsewhere')).toBeUndefined()
    expect(await directory.look('elsewhere')).toMatchObject({ trackingId: 'elsewhere' })
    expect(await directory.look('nobody')).toBeNull()
    expect(directory.find('nobody')).toBeNull()
    for (let i = 0; i < 5; i++) await directory.lookAll(['elsewhere', 'nobody', 'elsewhere'])
    expect(questions).toBe(2)
  })

  test('ask for many in one question', async () => {
    await createLinks(elsewhere(), Array.from({ length: 50 }, (_, at) => ({ tracking_id: `many-${at}`, original_url: 'https://example.com/' })))
    const found = await directory.lookAll(Array.from({ length: 100 }, (_, at) => `many-${at}`))
    expect([found.size, questions]).toEqual([50, 1])
  })

  test('know a link that is made after it was asked for in vain', async () => {
    expect(await directory.look('later')).toBeNull()
    await make('later')
    expect(await directory.look('later')).toMatchObject({ trackingId: 'later' })
  })

  test('never go back to an older state', async () => {
    const older = await make('changing')
    const newer = await changeLink(elsewhere(), 'changing', { original_url: 'https://example.org/' })
    directory.put(newer)
    expect(directory.put(older).destination).toBe('https://example.org/')
    expect(directory.find('changing')?.destination).toBe('https://example.org/')
  })

  test('take in all changes, of which there may be more than a page', async () => {
    await createLinks(elsewhere(), Array.from({ length: 300 }, (_, at) => ({ tracking_id: `all-${at}`, original_url: 'https://example.com/' })))
    await directory.follow()
    expect(directory.find('all-299')?.active).toBe(true)
    await changeLink(elsewhere(), 'all-0', { is_active: false })
    const before = questions
    await directory.follow()
    expect([directory.find('all-0')?.active, questions - before]).toEqual([false, 1])
  })

  test('answer from memory while the store is away, and say of the rest that they cannot', async () => {
    await make('known')
    away = true
    expect(await directory.look('known')).toMatchObject({ trackingId: 'known' })
    await expect(directory.look('unknown')).rejects.toMatchObject({ code: 'unavailable' })
    expect(directory.find('unknown')).toBeUndefined()
    away = false
    expect(await directory.look('unknown')).toBeNull()
  })

  test('follow other nodes by themselves, where there are any', async () => {
    const following = new LinkDirectory(store.sql, true)
    expect(await following.look('followed')).toBeNull()
    await make('followed', elsewhere())
    await until('it is known', () => following.find('followed')?.active, 1_000)
    await changeLink(elsewhere(), 'followed', { is_active: false })
    await until('it is known to be off', () => following.find('followed')?.active === false, 1_000)
    following.close()
  })
})
