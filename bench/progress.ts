const WIDTH = 24
const CLEAR = '\r\x1b[K'

/** A bar on standard error that tells how far the run is; nothing where that is no terminal. */
export interface Progress {
  /** Begins the next piece of work. */
  step(what: string): void
  /** Takes the bar away, for something to be printed in its place. */
  clear(): void
  end(): void
}

/** `total`: how many steps there will be. */
export function createProgress(total: number): Progress {
  const { stderr } = process
  if (!stderr.isTTY) return { step: () => undefined, clear: () => undefined, end: () => undefined }
  const start = performance.now()
  let done = -1
  let what = ''
  const draw = (): void => {
    const share = Math.min(1, Math.max(0, done) / total)
    const filled = Math.round(share * WIDTH)
    const seconds = Math.round((performance.now() - start) / 1000)
    const line = `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${Math.max(0, done)}/${total} ${seconds} s  ${what}`
    stderr.write(`${CLEAR}${line.slice(0, (stderr.columns ?? 80) - 1)}`)
  }
  const timer = setInterval(draw, 1_000)
  timer.unref()
  return {
    step(next) {
      done++
      what = next
      draw()
    },
    clear: () => void stderr.write(CLEAR),
    end() {
      clearInterval(timer)
      stderr.write(CLEAR)
    },
  }
}
