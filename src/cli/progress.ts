import type { Terminal } from './world.ts'

const WIDTH = 24
const CLEAR = '\r\u001b[K'
/** It is drawn anew this often. */
const DRAW_MS = 100

/** A bar that tells how far long work is; nothing where it does not go to a terminal. */
export interface Progress {
  /** So much more is done. */
  add(count: number): void
  /** Takes the bar away. */
  end(): void
}

/** Begins a bar for `total` of something; where the total is not known it only counts. */
export function startProgress(terminal: Terminal, what: string, total: number | null): Progress {
  if (!terminal.isTTY) return { add: () => undefined, end: () => undefined }
  const start = performance.now()
  let done = 0
  let drawn = 0
  return {
    add(count) {
      done += count
      const now = performance.now()
      if (now - drawn < DRAW_MS) return
      drawn = now
      const filled = total === null || total === 0 ? 0 : Math.round(Math.min(1, done / total) * WIDTH)
      const bar = total === null ? '' : `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} `
      const rate = Math.round(done / Math.max(0.001, (now - start) / 1000))
      const line = `${bar}${done}${total === null ? '' : `/${total}`} ${what}, ${rate}/s`
      terminal.write(CLEAR + line.slice(0, (terminal.columns ?? 80) - 1))
    },
    end: () => void terminal.write(CLEAR),
  }
}
