// The server for development: compiles when a source changes, and starts again when that worked. Ctrl-C ends it.
import { spawn } from 'node:child_process'
import { watch } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'

let changed = true
const sources = ['src', 'web', 'clients/browser/src'].map((folder) => watch(folder, { recursive: true }, () => (changed = true)))

/** @type {import('node:child_process').ChildProcess | null} */
let server = null
let ending = false
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
  process.on(signal, () => {
    ending = true
    server?.kill(signal)
  })
}

// The compiler takes a few seconds for everything, so it is simply run again: watching by itself, TypeScript 7.0 misses changes.
while (!ending) {
  if (changed) {
    changed = false
    const compiled = await ended(spawn('npm', ['run', '--silent', 'build'], { stdio: 'inherit' }))
    if (compiled === 0 && !changed && !ending) {
      server?.kill('SIGTERM')
      if (server !== null) await ended(server)
      server = spawn(process.execPath, ['--enable-source-maps', 'dist/waymark.cjs'], { stdio: 'inherit' })
    }
  }
  await wait(100)
}
for (const source of sources) source.close()
if (server !== null) await ended(server)

/**
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<number | null>} its exit code, null when a signal ended it
 */
function ended(child) {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode)
  return new Promise((resolve) => child.once('exit', resolve))
}
