import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { type Figure, below } from './figure.ts'
import { median } from './histogram.ts'
import { type Bench, type Row, pause } from './row.ts'
import { startWaymark } from './server.ts'
import { bytesOf, freshStore } from './stores.ts'


/** What it takes to have it: start, memory at rest, the installation. */
export const footprint: Row = {
  name: 'footprint',
  steps: () => 3,
  run: measure,
}

async function measure(bench: Bench): Promise<Figure[]> {
  const starts: number[] = []
  const again: number[] = []
  bench.step('footprint: starts')
  let idle = { now: Number.NaN, files: Number.NaN }
  const idleMs = bench.pick(45_000, 10_000)
  const rounds = bench.pick(5, 2)
  for (let round = 1; round <= rounds; round++) {
    const store = await freshStore(bench.engine)
    const first = await startWaymark(store)
    starts.push(first.startMs)
    await first.stop()
    const second = await startWaymark(store)
    again.push(second.startMs)
    if (round === rounds) {
      bench.step('footprint: at rest')
      await pause(idleMs)
      idle = second.memory()
    }
    await second.stop()
    await store.drop()
  }
  bench.step('footprint: the installation')
  return [
    { what: 'start to the first answer, on an empty folder', value: median(starts) / 1000, unit: 's', target: below(1.5), note: 'median; its files are in the memory of the system' },
    { what: 'start to the first answer, from then on', value: median(again) / 1000, unit: 's', target: below(1.5) },
    { what: `memory, idle for ${idleMs / 1000} s`, value: idle.now, unit: 'MB', target: below(150), note: `${idle.files.toFixed(0)} MB of it are program files; the engine gives back what the start took after some 30 s` },
    { what: 'installed: dist and what it depends on', value: (await installedBytes()) / 1e6, unit: 'MB', target: below(300) },
  ]
}

/** The size of the compiled server and of every package it needs; packages within others count once. NaN when npm does not tell. */
async function installedBytes(): Promise<number> {
  try {
    // npm ends with an error where it finds something odd, and lists the packages all the same.
    const { stdout } = await promisify(execFile)('npm', ['ls', '--omit=dev', '--all', '--parseable'], { maxBuffer: 16e6 }).catch((error: { stdout: string }) => error)
    const [, ...packages] = stdout.trim().split('\n')
    const outermost = packages.filter((path) => !packages.some((other) => path !== other && path.startsWith(`${other}/`)))
    const sizes = await Promise.all([...outermost, 'dist'].map(bytesOf))
    return packages.length === 0 ? Number.NaN : sizes.reduce((sum, size) => sum + size, 0)
  } catch {
    return Number.NaN
  }
}
