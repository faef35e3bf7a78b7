/** Runs what it is given one after another; a failure is its caller's alone. */
export function createLane(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const turn = last.then(work)
    last = turn.catch(() => undefined)
    return turn
  }
}

/** A pool of equal things, lent one at a time; the longest waiting is served first. */
export function createPool<T>(items: readonly T[]): <R>(work: (item: T) => Promise<R>) => Promise<R> {
  const free = [...items]
  const waiting: ((item: T) => void)[] = []
  return async (work) => {
    const item = free.pop() ?? (await new Promise<T>((resolve) => waiting.push(resolve)))
    try {
      return await work(item)
    } finally {
      const next = waiting.shift()
      if (next) next(item)
      else free.push(item)
    }
  }
}
