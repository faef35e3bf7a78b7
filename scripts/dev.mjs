// The server for development: compiles on every change and starts again when the output changed. Ctrl-C ends both.
import { spawn, spawnSync } from 'node:child_process'

const first = spawnSync('npm', ['run', 'build'], { stdio: 'inherit' })
if (first.status !== 0) process.exit(first.status ?? 1)

// Each in a process group of its own: the compiler is a child of its command, and would outlive it otherwise.
/** @param {string[]} args */
const start = (args) => spawn(process.execPath, args, { stdio: 'inherit', detached: true })
const children = [
  start(['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json', '--watch', '--preserveWatchOutput']),
  start(['--watch', '--enable-source-maps', 'dist/main.js']),
]

for (const child of children) child.on('exit', () => endAll('SIGTERM'))
process.on('SIGINT', () => endAll('SIGINT'))
process.on('SIGTERM', () => endAll('SIGTERM'))

/** @param {NodeJS.Signals} signal */
function endAll(signal) {
  for (const child of children) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) continue
    process.kill(-child.pid, signal)
  }
}
