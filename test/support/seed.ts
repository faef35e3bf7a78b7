/** The seed of this run's random tests: `SEED=… npx vitest run FILE` replays another run's. Each prints it where it fails. */
export const seed = Number(process.env.SEED ?? Math.trunc(Math.random() * 0x7fffffff))
