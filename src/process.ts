import { type Logger, pino } from 'pino'
import { ConfigError } from './config.ts'
import type { WaitsFor } from './core/closing.ts'
import { Fault } from './core/errors.ts'

/** How long an orderly end may take before the process ends all the same. */
const CLOSE_MS = 9_500
const LAST_WORDS_MS = 250

/** Standard output, which the log is written to. */
const output = pino.destination(1)

/**
 * Opens something and keeps the process up with it until a signal, or until it dies unasked; either ends the process.
 * Nothing is thrown: a start that fails says why, and ends the process too.
 */
export async function keepUp<T extends { close(waitsFor: WaitsFor): Promise<void> }>(what: {
  open: (log: (level: string) => Logger) => Promise<T>
  died: (opened: T) => Promise<Error>
  /** What the log says then. */
  lastWords: string
  greet?: (opened: T) => void
}): Promise<void> {
  try {
    let log = logTo('info')
    const opening = what.open((level) => (log = logTo(level)))

    let closing = false
    // In good order, whatever the reason: an end under the embedded store's work would be an abort.
    const end = (code: number): void => {
      if (closing) return
      closing = true
      let waitedFor = 'the start'
      setTimeout(() => {
        log.error({ waitedFor, ms: CLOSE_MS }, 'closing took too long; what was acknowledged is in the journal, and the next start goes on')
        // An exit would wait for what is under way, such as a flush that the disk does not answer; this waits for the words alone.
        const die = (): unknown => process.kill(process.pid, 'SIGKILL')
        output.once('drain', die)
        setTimeout(die, LAST_WORDS_MS)
      }, CLOSE_MS).unref()
      const waitsFor: WaitsFor = (next) => {
        waitedFor = next
        log.debug({ waitsFor: next }, 'closing')
      }
      opening
        .then((opened) => opened.close(waitsFor))
        .then(
          () => process.exit(code),
          (error: unknown) => {
            log.error({ err: error }, 'closing failed')
            process.exit(1)
          },
        )
    }
    // Before it listens: whoever reads that it does may send a signal in the same moment.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (closing) return
        log.info({ signal }, 'closing')
        end(0)
      })
    }

    const opened = await opening
    void what.died(opened).then((error) => {
      log.fatal({ err: error }, what.lastWords)
      return end(1)
    })
    if (!closing) what.greet?.(opened)
  } catch (error) {
    refuse(error)
  }
}

function logTo(level: string): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (name) => ({ level: name }) } }, output)
}

/** A start that fails says why in a sentence; only what nobody foresaw shows a stack. */
function refuse(error: unknown): never {
  const sentence = error instanceof ConfigError || error instanceof Fault || isInUse(error) ? (error as Error).message : null
  const detail = error instanceof Fault ? (error.more.errors ?? []).map(({ field, error: text }) => ` ${field}: ${text}`).join('') : ''
  process.stderr.write(sentence === null ? `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n` : `Waymark cannot start.\n${sentence}${detail}\n`)
  process.exit(1)
}

function isInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL', 'ENOENT', 'ENOTDIR', 'EROFS', 'EPERM', 'ENOSPC'].includes(String(error.code))
}
