import type { ChildProcess } from 'node:child_process'
import { watch } from 'node:fs'
import { join } from 'node:path'
import type { FreshStore } from './engines.ts'
import type { Verdict } from './oracle.ts'
import type { ServerProcess } from './process.ts'
import { between, randomFrom } from './random.ts'
import type { Sender } from './sender.ts'
import { type Stage, judgeStage, openStage, sendOn, startOn, tail } from './stage.ts'

/** Where a kill finds the server. */
export type Moment = 'starting' | 'recovering' | 'busy' | 'quiet checkpoint' | 'busy checkpoint' | 'closing'

/** How often to kill at each kind of moment, and how many events to send at least. */
export interface CrashPlan {
  seed: number
  events: number
  kills: Partial<Record<Moment, number>>
}

/** Kills a server again and again while a client sends, and judges what is stored in the end. */
export async function crash(store: FreshStore, plan: CrashPlan): Promise<{ verdict: Verdict; kills: number; failures: Record<string, number> }> {
  const random = randomFrom(plan.seed)
  const moments = shuffled(random, Object.entries(plan.kills).flatMap(([moment, times]) => Array.from({ length: times }, () => moment as Moment)))
  const { stage, server: first } = await openStage(store, plan.seed)
  let server = first
  // It never ends by itself: a moment that takes many events, such as a checkpoint, would wait for them in vain.
  const sender = sendOn(stage)
  try {
    for (const [at, moment] of moments.entries()) {
      sender.change(someLoad(random, moment))
      // The kills are spread over the run: each waits for its share of the events.
      const share = Math.floor((plan.events * (at + random())) / moments.length)
      await sender.until(({ acknowledged }) => acknowledged >= share)
      await killAt(moment, stage, server, sender, random)
      server = await startOn(stage)
    }
    sender.change({ least: 1, most: 1_000, pad: 0 })
    await sender.until(({ acknowledged }) => acknowledged >= plan.events)
    const { failures } = await sender.stop()
    return { verdict: await judgeStage(stage, server), kills: moments.length, failures }
  } finally {
    sender.abandon()
    server.child.kill('SIGKILL')
  }
}

/** Brings the server to the moment, and kills it there. */
async function killAt(moment: Moment, stage: Stage, server: ServerProcess, sender: Sender, random: () => number): Promise<void> {
  if (moment === 'busy') {
    await anyTime(random, 40)
    return kill(server)
  }
  if (moment === 'closing') {
    server.child.kill('SIGTERM')
    await anyTime(random, 300)
    server.child.kill('SIGKILL')
    const { code, signal } = await server.end('SIGKILL')
    if (code !== 0 && signal !== 'SIGKILL') throw new Error(`The server ended with ${code ?? signal} while closing:\n${tail(server)}`)
    return
  }
  if (moment === 'quiet checkpoint' || moment === 'busy checkpoint') {
    const begun = changed(join(stage.store.dataDir, 'waymark.duckdb'))
    // The embedded store checkpoints when nothing comes for a while, or when its log has reached its bound.
    if (moment === 'quiet checkpoint') sender.pause()
    else sender.change({ least: 300, most: 300, pad: 6_000 })
    await begun
    await anyTime(random, 30)
    await kill(server)
    return sender.resume()
  }
  await kill(server)
  let child: ChildProcess | undefined
  const starting = startOn(stage, (spawned) => (child = spawned))
  if (moment === 'starting') {
    const ended = starting.then(
      () => undefined,
      () => undefined,
    )
    await anyTime(random, 900)
    child?.kill('SIGKILL')
    await ended
    if (child?.signalCode === null && child.exitCode === null) await new Promise((resolve) => child?.once('exit', resolve))
    if (child?.exitCode !== null && child?.exitCode !== undefined) throw new Error(`The server ended by itself (${child.exitCode}) while starting`)
    return
  }
  const started = await starting
  await anyTime(random, 150)
  await kill(started)
}

async function kill(server: ServerProcess): Promise<void> {
  const { signal, code } = await server.end('SIGKILL')
  if (signal !== 'SIGKILL') throw new Error(`The server had ended by itself (${code ?? signal}):\n${tail(server)}`)
}

/** A way of sending, of the run's own choice. */
function someLoad(random: () => number, moment: Moment) {
  const loads = [
    { least: 1, most: 5, pad: 0 },
    { least: 1, most: 300, pad: 0 },
    { least: 600, most: 1_000, pad: 0 },
    { least: 1, most: 200, pad: 2_000 },
  ] as const
  return loads[moment === 'quiet checkpoint' ? 1 : between(random, 0, loads.length - 1)] as (typeof loads)[number]
}

/** The random moment itself: nothing is waited for here. */
function anyTime(random: () => number, mostMs: number): Promise<void> {
  const ms = random() * mostMs
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Ends when a file is next written to. */
function changed(file: string): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(file, () => {
      watcher.close()
      resolve()
    })
  })
}

function shuffled<T>(random: () => number, items: T[]): T[] {
  for (let at = items.length - 1; at > 0; at--) {
    const other = between(random, 0, at)
    ;[items[at], items[other]] = [items[other] as T, items[at] as T]
  }
  return items
}
