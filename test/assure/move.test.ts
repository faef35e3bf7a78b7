import { expect, test } from 'vitest'
import { duckdb, onEngine } from '../support/engines.ts'
import { moveWithKills } from '../support/move-kills.ts'
import { seed } from '../support/seed.ts'

onEngine('postgres', 'a move that is killed', (postgres) => {
  test.each([
    { from: duckdb, to: postgres },
    { from: postgres, to: duckdb },
  ])('fifty times goes on from $from.name to $to.name, and doubles nothing', async ({ from, to }) => {
    const run = await moveWithKills(from, to, { events: 300_000, kills: 50, seed })
    console.log(`seed ${seed}, ${from.name} to ${to.name}: ${run.within} kills within the copy, ${run.through} runs through, ${run.different.length} tables differ`)
    expect(run).toEqual({ within: 50, through: expect.any(Number), refused: expect.stringContaining('This store is a copy that was cut short'), different: [] })
  })
})
