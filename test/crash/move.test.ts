import { expect, test } from 'vitest'
import { duckdb, onEngine } from '../support/engines.ts'
import { moveWithKills } from '../support/move-kills.ts'
import { seed } from '../support/seed.ts'

onEngine('postgres', 'a move that is killed', (postgres) => {
  test.each([
    { from: duckdb, to: postgres },
    { from: postgres, to: duckdb },
  ])('goes on from $from.name to $to.name, and doubles nothing', { timeout: 300_000 }, async ({ from, to }) => {
    const run = await moveWithKills(from, to, { events: 25_000, kills: 2, seed })
    expect(run, `seed ${seed}`).toEqual({ within: 2, through: expect.any(Number), refused: expect.stringContaining('This store is a copy that was cut short'), different: [] })
  })
})
