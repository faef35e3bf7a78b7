import { hashSync } from '@node-rs/bcrypt'
import { describe, expect, test } from 'vitest'
import { cpuMs } from '../../test/support/cpu.ts'
import { costOf, createPasswords, isPasswordHash, newPassword } from './password.ts'

const passwords = createPasswords()
const quick = createPasswords({ cost: 4 })
const cheap = (password: string, version = '2b') => hashSync(password, 4).replace('$2b$', () => `$${version}$`)

describe('checking', () => {
  test('a new hash is bcrypt of cost 12, salted, and opens for its password alone', async () => {
    const [one, two] = await Promise.all([passwords.hash('correct horse'), passwords.hash('correct horse')])
    expect(costOf(one)).toBe(12)
    expect(isPasswordHash(one)).toBe(true)
    expect(one).not.toBe(two)
    expect(await passwords.check('correct horse', one)).toBe(true)
    expect(await passwords.check('correct horsf', one)).toBe(false)
  })

  test.each(['2a', '2b', '2y'])('hashes made elsewhere open, of version %s', async (version) => {
    expect(await quick.check('secret', cheap('secret', version))).toBe(true)
    expect(await quick.check('Secret', cheap('secret', version))).toBe(false)
  })

  test.each([
    ['no hash', null],
    ['no bcrypt', 'plain text'],
    ['a cut one', cheap('secret').slice(0, 59)],
    ['a cost beyond all', cheap('secret').replace('$04$', '$31$')],
    ['an empty one', ''],
  ])('%s opens for nothing', async (_, known) => {
    for (const password of ['secret', '', 'plain text']) expect(await quick.check(password, known)).toBe(false)
  })

  test('the 73rd byte counts, though bcrypt would not look at it', async () => {
    const known = cheap('x'.repeat(72))
    expect(await quick.check('x'.repeat(72), known)).toBe(true)
    expect(await quick.check('x'.repeat(73), known)).toBe(false)
    await expect(passwords.hash('x'.repeat(73))).rejects.toThrow(/72 bytes/)
  })

  test('NUL does not end a password', async () => {
    expect(await quick.check('a\0b', cheap('a\0c'))).toBe(false)
  })
})

describe('time', () => {
  test('is the same for nobody, for a hash of the full cost and for a cheaper one', async () => {
    const cases = [null, hashSync('secret', 9), hashSync('secret', 6)]
    const alike = createPasswords({ cost: 9 })
    const least = cases.map(() => Number.POSITIVE_INFINITY)
    // The least of several is what the work takes; the mean would also say what else this process does.
    for (let round = 0; round < 15; round++)
      for (const [i, known] of cases.entries()) {
        const start = cpuMs()
        await alike.check('wrong', known)
        least[i] = Math.min(least[i] as number, cpuMs() - start)
      }
    expect(Math.max(...least) / Math.min(...least)).toBeLessThan(1.25)
  })

  test('is that of the dearest hash there is, where one is dearer than new ones', async () => {
    const took = async (topCost: number) => {
      const start = cpuMs()
      await quick.check('wrong', null, topCost)
      return cpuMs() - start
    }
    expect(await took(10)).toBeGreaterThan(8 * (await took(4)))
  })

  test('hashing leaves the event loop free', async () => {
    let done = false
    const hashing = passwords.hash('correct horse').then(() => (done = true))
    let turns = 0
    while (!done) {
      await new Promise(setImmediate)
      turns++
    }
    await hashing
    expect(turns).toBeGreaterThan(100)
  })
})

test('a crowd is turned away with 503, and those inside are served', async () => {
  const one = createPasswords({ cost: 4, parallel: 1 })
  const known = cheap('secret')
  const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => one.check('secret', known)))
  const served = outcomes.filter((outcome) => outcome.status === 'fulfilled' && outcome.value)
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected' && outcome.reason.code === 'unavailable')
  expect([served.length, refused.length]).toEqual([31, 19])
  expect(await one.check('secret', known)).toBe(true)
})

test.each([
  [cheap('x'), true],
  ['$2y$10$abcdefghijklmnopqrstuuWQV6H8q.lYh9Hn3p8bMhYdRG4S2eUdO', true],
  ['$2x$10$abcdefghijklmnopqrstuuWQV6H8q.lYh9Hn3p8bMhYdRG4S2eUdO', false],
  ['$2b$16$abcdefghijklmnopqrstuuWQV6H8q.lYh9Hn3p8bMhYdRG4S2eUdO', false],
  ['$2b$03$abcdefghijklmnopqrstuuWQV6H8q.lYh9Hn3p8bMhYdRG4S2eUdO', false],
  ['$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA', false],
  ['bcrypt_hash_here', false],
  ['', false],
])('%j as a password hash: %j', (text, expected) => {
  expect(isPasswordHash(text)).toBe(expected)
})

test('a new password is 20 clear letters and digits, and never the same', () => {
  const made = Array.from({ length: 1_000 }, newPassword)
  for (const password of made) expect(password).toMatch(/^[a-km-zA-HJ-NP-Z2-9]{20}$/)
  expect(new Set(made).size).toBe(1_000)
})
