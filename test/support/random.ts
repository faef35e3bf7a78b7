export { randomFrom } from '../../src/cli/crowd.ts'

/** A whole number from `least` to `most`, both possible. */
export function between(random: () => number, least: number, most: number): number {
  return least + Math.floor(random() * (most - least + 1))
}

/** The seed of this run: the named variable's number, else a new one. It is printed at once, so that also a run that never ends can be had again. */
export function seedOf(variable: string): number {
  const given = process.env[variable]
  const seed = given === undefined ? Math.floor(Math.random() * 0x7fffffff) : Number(given)
  console.log(`${variable}=${seed}`)
  return seed
}
