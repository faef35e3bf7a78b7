import { expect, test } from 'vitest'
import { testApp } from '../support/app.ts'
import { onEveryEngine } from '../support/engines.ts'
import { askStore } from '../support/stored.ts'

/** Headers in which one proxy or another tells the address that it was asked from. */
const TELLING = [
  'x-forwarded-for', 'forwarded', 'x-real-ip', 'x-client-ip', 'x-cluster-client-ip', 'x-forwarded', 'forwarded-for',
  'true-client-ip', 'cf-connecting-ip', 'fastly-client-ip', 'x-original-forwarded-for', 'x-remote-addr',
]
const LIMIT = 4

onEveryEngine('whatever a client says of its address', (engine) => {
  test.each<[string, { env: Record<string, string>; seen: string | null; address: string }]>([
    ['with no proxy listed', { env: {}, seen: null, address: '127.0.0.1' }],
    ['behind a listed proxy that passes on what it saw', { env: { TRUST_PROXY: '127.0.0.1' }, seen: '203.0.113.1', address: '203.0.113.1' }],
  ])('it counts as one, and one address is kept: %s', async (_, { env, seen, address }) => {
    const app = await testApp(engine, { env: { ...env, IP_STORAGE: 'raw', RATE_LIMIT_LOOKUP: String(LIMIT) } })
    const { tracking_id: id } = await app.given.link()
    const statuses: number[] = []
    for (const [at, name] of TELLING.entries()) {
      const told = `198.51.100.${at + 1}`
      const said: Record<string, string> = { [name]: name === 'forwarded' ? `for=${told}` : told }
      // A proxy adds what it saw behind what it was told.
      if (seen !== null) said['x-forwarded-for'] = name === 'x-forwarded-for' ? `${told}, ${seen}` : seen
      statuses.push((await app.ask('GET', '/api/link-tracking/lookup/unknown', { headers: said })).status)
      await app.click(`/link?uuid=${id}`, said)
    }
    expect(statuses).toEqual(TELLING.map((_name, at) => (at < LIMIT ? 404 : 429)))
    expect(await app.stats(id)).toMatchObject({ clicks: TELLING.length, unique_visitors: 1 })
    await app.stop()
    const stored = await askStore(app.store, `select distinct ip_address from events where source = 'link'`)
    expect(stored).toEqual([{ ip_address: address }])
    await app.close()
  })
})
