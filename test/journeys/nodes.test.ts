import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { ask, until } from '../support/ask.ts'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { onCluster } from '../support/engines.ts'
import { metric } from '../support/metrics.ts'
import { type ServerProcess, TEST_KEY, startServer } from '../support/process.ts'
import { type TestRedis, onRedis, startRedis } from '../support/redis.ts'

const KEY = { 'x-api-key': TEST_KEY }
const LOOKUPS = 20
const MAX_LAG_MS = 1_500

// Two servers, three databases' processes and a Redis share the machine with whatever else it does.
vi.setConfig({ testTimeout: 120_000 })

onRedis('two servers with one Redis', () => {
  onCluster('on one PostgreSQL', () => {
    let cluster: Cluster
    let redis: TestRedis
    const folders: string[] = []
    let one: ServerProcess
    let other: ServerProcess
    let startNode: (replicas?: string) => Promise<ServerProcess>

    beforeAll(async () => {
      cluster = await startCluster()
      redis = await startRedis()
      startNode = async (replicas = cluster.replica.url) => {
        const dataDir = await mkdtemp(join(tmpdir(), 'waymark-test-'))
        folders.push(dataDir)
        const env = {
          DATABASE_REPLICA_URLS: replicas,
          REPLICA_MAX_LAG_MS: String(MAX_LAG_MS),
          REDIS_URL: redis.url,
          REDIS_WAIT_MS: '5000',
          RATE_LIMIT_LOOKUP: String(LOOKUPS),
          JWT_SECRET: 'a secret of at least thirty-two bytes',
        }
        return startServer({ dataDir, databaseUrl: cluster.primary.url, env })
      }
      // Together, on an empty database.
      ;[one, other] = await Promise.all([startNode(), startNode()])
    }, 120_000)
    afterAll(async () => {
      await Promise.all([one?.end('SIGTERM'), other?.end('SIGTERM')])
      await redis?.kill()
      await cluster?.drop()
      for (const folder of folders) await rm(folder, { recursive: true, force: true })
    }, 60_000)

    const make = async (node: ServerProcess, id: string): Promise<void> => {
      const { status } = await ask(node.url, 'POST', '/api/link-tracking/links', { headers: KEY, body: { tracking_id: id, original_url: 'https://example.com/first' } })
      expect(status).toBe(201)
    }
    const target = async (node: ServerProcess, id: string): Promise<unknown> => {
      const { status, headers } = await ask(node.url, 'GET', `/website?uuid=${id}`)
      return status === 302 ? headers.location : status
    }
    const send = async (node: ServerProcess, events: object[]) => {
      const { status, body } = await ask(node.url, 'POST', '/api/tracking-ingest/batch', { headers: KEY, body: { events } })
      expect(status).toBe(200)
      return (body as { results: { successful: number; duplicates: number } }).results
    }
    const clicks = async (node: ServerProcess, id: string): Promise<unknown> => {
      const { status, body } = await ask(node.url, 'GET', `/api/link-tracking/links/${id}/stats`, { headers: KEY })
      return status === 200 ? (body as { clicks: number }).clicks : status
    }
    const answersOf = (node: ServerProcess) => metric(node.url, 'waymark_replica_answers')
    const replicaOf = async (node: ServerProcess): Promise<{ state: string; lagMs: number | null }> => {
      const { body } = await ask(node.url, 'GET', '/db/health')
      return ((body as { replicas?: { state: string; lagMs: number | null }[] }).replicas ?? [])[0] ?? { state: 'unknown', lagMs: null }
    }
    const isReplica = (state: string) => until(`the replica is ${state}`, async () => (await replicaOf(one)).state === state && (await replicaOf(other)).state === state, 60_000)

    test('a link made on one leads from the other, and a change of it does within a second', async () => {
      await make(one, 'shared')
      expect(await target(other, 'shared')).toBe('https://example.com/first')
      const took: number[] = []
      for (let change = 0; change < 9; change++) {
        const original_url = `https://example.com/${change}`
        await ask(one.url, 'PATCH', '/api/link-tracking/links/shared', { headers: KEY, body: { original_url } })
        const start = performance.now()
        await until('the other knows it', async () => (await target(other, 'shared')) === original_url, 10_000)
        took.push(performance.now() - start)
      }
      const inOrder = took.map(Math.round).sort((a, b) => a - b)
      console.log(`a change on one node was right on the other after ${inOrder.join(', ')} ms`)
      // A machine that does much else may delay one of them.
      expect(inOrder[4]).toBeLessThan(1_000)
      await ask(other.url, 'PATCH', '/api/link-tracking/links/shared', { headers: KEY, body: { is_active: false } })
      await until('it is off on the first', async () => (await target(one, 'shared')) === 410, 10_000)
    })

    test('an id that was asked for in vain is known as soon as it is made elsewhere', async () => {
      expect(await target(one, 'late')).toBe(404)
      await make(other, 'late')
      await until('it is known', async () => (await target(one, 'late')) === 'https://example.com/first', 10_000)
    })

    test('the same events at both in the same moment are stored once, and later ones told as repeats by either', async () => {
      await make(one, 'twice')
      const events = Array.from({ length: 300 }, (_, at) => ({ tracking_id: 'twice', event_id: `twice-${at}` }))
      const answers = await Promise.all([send(one, events), send(other, events), send(one, events), send(other, [...events].reverse())])
      expect(answers.map(({ successful }) => successful)).toEqual([300, 300, 300, 300])
      expect(await Promise.all([clicks(one, 'twice'), clicks(other, 'twice')])).toEqual([300, 300])
      const fresh = Array.from({ length: 50 }, (_, at) => ({ tracking_id: 'twice', event_id: `fresh-${at}` }))
      expect(await send(one, fresh)).toMatchObject({ successful: 50, duplicates: 0 })
      await until('the other has heard of them', async () => (await send(other, fresh)).duplicates === 50)
      expect(await clicks(other, 'twice')).toBe(350)
    })

    test('a limit is one over both', async () => {
      const statuses: number[] = []
      for (let at = 0; at < LOOKUPS + 2; at++) statuses.push((await ask((at % 2 ? one : other).url, 'GET', '/api/link-tracking/lookup/nobody')).status)
      expect(statuses).toEqual([...Array.from({ length: LOOKUPS }, () => 404), 429, 429])
    })

    describe('reports', () => {
      let sent = 0
      beforeAll(() => make(one, 'reported'))
      /** Right after each write at one node the other's report must hold it. */
      const stayRight = async (rounds = 10): Promise<void> => {
        for (let round = 0; round < rounds; round++) {
          const [to, from] = round % 2 ? [one, other] : [other, one]
          await send(to, [{ tracking_id: 'reported' }, { tracking_id: 'reported' }])
          sent += 2
          expect(await clicks(from, 'reported')).toBe(sent)
        }
      }

      test('come from the replica, and hold what was acknowledged before, by either', async () => {
        await isReplica('used')
        const before = [await answersOf(one), await answersOf(other)] as const
        await stayRight(20)
        // A busy machine's replica may be too far behind for a moment; it is asked again once it is not.
        await until('both nodes asked the replica', async () => {
          await stayRight(2)
          return (await answersOf(one)) > before[0] && (await answersOf(other)) > before[1]
        })
        await until('its lag is told', async () => ((await replicaOf(one)).lagMs ?? Infinity) <= MAX_LAG_MS)
      })

      test('come from the primary while the replica is behind, which is seen', async () => {
        await cluster.replica.ask('select pg_wal_replay_pause()')
        await stayRight()
        await isReplica('behind')
        expect(await metric(one.url, 'waymark_replica_used')).toBe(0)
        expect(await metric(one.url, 'waymark_replica_lag_seconds')).toBeGreaterThan(MAX_LAG_MS / 1_000)
        const before = await answersOf(one)
        await stayRight()
        expect(await answersOf(one)).toBe(before)
        await cluster.replica.ask('select pg_wal_replay_resume()')
        await isReplica('used')
        await stayRight()
      })

      test.each([
        ['says nothing', async () => cluster.replica.halt(), async () => cluster.replica.goOn()],
        ['is away', () => cluster.replica.end('SIGKILL'), () => cluster.replica.start()],
      ])('come from the primary while the replica %s', async (_, leave, comeBack) => {
        await isReplica('used')
        await leave()
        await stayRight()
        await isReplica('away')
        await stayRight()
        await comeBack()
        await isReplica('used')
        const before = await answersOf(one)
        await until('it answers again', async () => {
          await stayRight()
          return (await answersOf(one)) > before
        })
      })
    })

    test('reports come from two replicas in turn, and from one when the other is gone', async () => {
      const second = await cluster.addReplica()
      const third = await startNode(`${cluster.replica.url},${second.url}`)
      const answers = () => Promise.all([1, 2].map((number) => metric(third.url, 'waymark_replica_answers', `replica="${number}"`)))
      const askAnew = async (times: number): Promise<void> => {
        for (let time = 0; time < times; time++) {
          await send(one, [{ tracking_id: 'shared' }])
          expect(typeof (await clicks(third, 'shared'))).toBe('number')
        }
      }
      await until('both are used', async () => (await metric(third.url, 'waymark_replica_used')) === 2, 60_000)
      await until('both have answered', async () => {
        await askAnew(2)
        return (await answers()).every((count) => count > 0)
      })
      await second.end('SIGKILL')
      await askAnew(4)
      await until('one is left out', async () => (await metric(third.url, 'waymark_replica_used')) === 1, 60_000)
      const [first = 0, gone] = await answers()
      await until('the other answers', async () => {
        await askAnew(2)
        return ((await answers())[0] ?? 0) >= first + 4
      })
      expect((await answers())[1]).toBe(gone)
      expect((await third.end('SIGTERM')).code).toBe(0)
    })

    test('nothing fails while Redis is gone, and both go on sharing when it is back', async () => {
      await redis.kill()
      const statuses = new Set<number>()
      for (let at = 0; at < 20; at++) statuses.add((await ask((at % 2 ? one : other).url, 'GET', '/website?uuid=late')).status)
      expect([...statuses]).toEqual([302])
      await until('both say so', async () => (await metric(one.url, 'waymark_redis_up')) + (await metric(other.url, 'waymark_redis_up')) === 0, 20_000)
      await redis.start()
      await until('both are back', async () => (await metric(one.url, 'waymark_redis_up')) + (await metric(other.url, 'waymark_redis_up')) === 2, 20_000)
    })
  })
})
