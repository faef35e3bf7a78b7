/** How far the loader has come, and who waits for it. */
export interface Progress {
  readonly position: number
  readonly away: boolean
  loaded(seq: number): void
  setAway(away: boolean): void
  /**
   * Whether the store holds all records up to `seq`, once it does. False when it is away (unless `giveUpWhenAway` is
   * false) or after `timeoutMs`; without a timeout it waits as long as the store is there.
   */
  passed(seq: number, timeoutMs?: number, giveUpWhenAway?: boolean): Promise<boolean>
}

interface Waiter {
  seq: number
  giveUpWhenAway: boolean
  end: (passed: boolean) => void
}

/** Starts from the position the store was opened at; `hurry` tells the loader that somebody waits. */
export function createProgress(from: number, hurry: () => void): Progress {
  let position = from
  let away = false
  let waiters: Waiter[] = []

  const settle = (test: (waiter: Waiter) => boolean, passed: boolean): void => {
    const ended = waiters.filter(test)
    if (ended.length === 0) return
    waiters = waiters.filter((waiter) => !test(waiter))
    for (const waiter of ended) waiter.end(passed)
  }

  return {
    get position() {
      return position
    },
    get away() {
      return away
    },
    loaded(seq) {
      position = seq
      away = false
      settle((waiter) => waiter.seq <= seq, true)
    },
    setAway(now) {
      away = now
      if (away) settle((waiter) => waiter.giveUpWhenAway, false)
    },
    passed(seq, timeoutMs, giveUpWhenAway = true) {
      if (seq <= position) return Promise.resolve(true)
      if (away && giveUpWhenAway) return Promise.resolve(false)
      return new Promise((resolve) => {
        const waiter: Waiter = { seq, giveUpWhenAway, end: resolve }
        waiters.push(waiter)
        hurry()
        if (timeoutMs === undefined) return
        const timer = setTimeout(() => settle((other) => other === waiter, false), timeoutMs)
        waiter.end = (passed) => {
          clearTimeout(timer)
          resolve(passed)
        }
      })
    },
  }
}
