/** Waits are cut into pieces of this length, so that who must end does. */
const PIECE_MS = 100

/** Lets at most so many pass in a minute, one after another at even distances. Says no when `may` did before its turn came. */
export function pacer(perMinute: number): (may: () => boolean) => Promise<boolean> {
  const distance = 60_000 / perMinute
  let next = 0
  return async (may) => {
    // A timer's delay is made up for.
    const turn = Math.max(next, performance.now() - PIECE_MS)
    next = turn + distance
    for (let wait = turn - performance.now(); wait > 0; wait = turn - performance.now()) {
      if (!may()) return false
      await new Promise((resolve) => setTimeout(resolve, Math.min(wait, PIECE_MS)))
    }
    return may()
  }
}
