/** The loader gathers for longer than this anyway, and waking its thread for each flush costs both threads more than the flush's events. */
const TELL_MS = 10
const TELL_EVENTS = 2_000

/** Tells the loader of what is flushed. */
export interface Teller {
  add(events: number): void
  /** Tells what is untold, now. */
  tell(): void
}

/** Adds up what is flushed and tells of it once in 10 ms, or at once when it is much. */
export function createTeller(send: (events: number) => void): Teller {
  let untold = 0
  let timer: NodeJS.Timeout | null = null
  const tell = (): void => {
    if (timer === null) return
    clearTimeout(timer)
    timer = null
    send(untold)
    untold = 0
  }
  return {
    add(events) {
      untold += events
      timer ??= setTimeout(tell, TELL_MS)
      if (untold >= TELL_EVENTS) tell()
    },
    tell,
  }
}
