import { text } from 'node:stream/consumers'
import { VERSION } from './app.ts'
import { Refused, fillStore, runCommand } from './cli/index.ts'
import { storesForCommands } from './command.ts'
import { examine } from './examine.ts'
import { serve, serveEdge } from './serve.ts'

const stores = storesForCommands()

process.exitCode = await runCommand(process.argv.slice(2), {
  version: VERSION,
  out: process.stdout,
  err: process.stderr,
  input: () => text(process.stdin),
  ...stores,
  examine: () => examine(stores.open),
  async serve({ demo }) {
    if (demo) await tellStory()
    await serve()
  },
  edge: serveEdge,
})

/** Fills a fresh store before the server opens it. */
async function tellStory(): Promise<void> {
  const opened = await stores.open()
  try {
    await fillStore(opened, process.stderr, Date.now())
  } catch (error) {
    // The server of a store with something in it starts all the same, so that the same command does every time.
    if (!(error instanceof Refused)) throw error
    process.stderr.write(`${error.message}\n`)
  } finally {
    await opened.close()
  }
}
