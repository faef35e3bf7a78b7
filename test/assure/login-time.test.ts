import { expect, test } from 'vitest'
import { testApp } from '../support/app.ts'
import { cpuMs } from '../support/cpu.ts'
import { onEveryEngine } from '../support/engines.ts'

const TRIES = Number(process.env.TRIES ?? 100)
/** Fewer than the failures after which an account is limited. */
const TRIES_A_NAME = 5
onEveryEngine('a login that fails', (engine) => {
  test(`costs as much time for an unknown name as for a known and a disabled one, in ${TRIES} tries of each`, async () => {
    const app = await testApp(engine, { env: { TRUST_PROXY: '127.0.0.1' } })
    const names = Array.from({ length: Math.ceil(TRIES / TRIES_A_NAME) }, (_, at) => `user-${at}`)
    for (const kind of ['known', 'disabled']) {
      for (const name of names) {
        const { body } = await app.post('/api/auth/users', { email: `${name}@${kind}.example.com`, password: 'correct horse battery' }, { as: 'admin' })
        const { id } = (body as { user: { id: string } }).user
        if (kind === 'disabled') await app.ask('PATCH', `/api/auth/users/${id}`, { headers: await app.as('admin'), body: { disabled: true } })
      }
    }

    const took: Record<string, number[]> = { known: [], unknown: [], disabled: [] }
    const answers = new Set<string>()
    for (let at = 0; at < TRIES; at++) {
      // In turns, and each kind first as often as any other, so that a busy moment meets all of them.
      const kinds = Object.keys(took)
      for (const kind of [...kinds.slice(at % 3), ...kinds.slice(0, at % 3)]) {
        const start = cpuMs()
        const answer = await app.ask('POST', '/api/auth/login', {
          headers: { 'x-forwarded-for': `198.18.${at % 250}.${1 + kinds.indexOf(kind)}` },
          body: { email: `${names[at % names.length]}@${kind}.example.com`, password: kind === 'disabled' ? 'correct horse battery' : 'guessed' },
        })
        took[kind]?.push(cpuMs() - start)
        answers.add(JSON.stringify([answer.status, answer.body, { ...answer.headers, date: null }]))
      }
    }
    expect([...answers]).toEqual([expect.stringContaining('401')])
    const means = Object.values(took).map((times) => times.reduce((sum, time) => sum + time, 0) / times.length)
    expect(Math.min(...means)).toBeGreaterThan(50)
    expect(Math.max(...means) / Math.min(...means)).toBeLessThan(1.05)
    await app.close()
  })
})
