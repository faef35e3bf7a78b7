import { spawn, spawnSync } from 'node:child_process'
import { createReadStream, readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { createInterface } from 'node:readline'

/** One system call: `start` and `end` are moments in the order of all calls of the process. */
export interface SystemCall {
  name: string
  fd: number
  /** What the descriptor is: a path, or `socket:[number]`. */
  what: string
  text: string
  start: number
  end: number
  /** What it gave, -1 when it failed. */
  result: number
}

const CALLS = ['read', 'readv', 'recvfrom', 'recvmsg', 'write', 'writev', 'sendto', 'sendmsg', 'pwrite64', 'pwritev', 'pwritev2', 'fsync', 'fdatasync', 'msync']
/** O_DSYNC: a write returns when it is on the disk (`fcntl.h` of Linux on x86 and ARM; `/proc` shows flags in octal). */
const O_DSYNC = 0o10000

/** Why system calls cannot be watched here, or null when they can. */
export function whyNoTracing(): string | null {
  const { error, status, stderr } = spawnSync('strace', ['-f', '-o', '/dev/null', 'true'], { encoding: 'utf8' })
  if (error) return 'there is no strace'
  return status === 0 ? null : `strace may not be used: ${stderr.trim()}`
}

/** Watches a running process, with its threads, until the watching ends. `options` are further ones for strace. */
export async function watchCalls(pid: number, file: string, options: readonly string[] = []): Promise<{ end(): Promise<void> }> {
  const tracer = spawn('strace', ['-f', '-y', '-s', '16384', '-e', `trace=${CALLS.join(',')}`, ...options, '-o', file, '-p', String(pid)], { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = new Promise<void>((resolve) => tracer.once('exit', () => resolve()))
  let said = ''
  await new Promise<void>((resolve, reject) => {
    tracer.stderr.on('data', (chunk: Buffer) => (said += chunk) && said.includes('attached') && resolve())
    tracer.once('exit', () => reject(new Error(`strace ended: ${said}`)))
  })
  return {
    end() {
      tracer.kill('SIGTERM')
      return ended
    },
  }
}

/** Reads what `watchCalls` wrote, in the order in which the calls ended. */
export async function* readCalls(file: string): AsyncIterable<SystemCall> {
  const open = new Map<string, { text: string; start: number }>()
  let moment = 0
  for await (const line of createInterface({ input: createReadStream(file) })) {
    moment++
    const [, thread = '', rest = ''] = /^(\d+)\s+(.*)$/.exec(line) ?? []
    const begun = /^(.*)<unfinished \.\.\.>$/.exec(rest)
    if (begun) {
      open.set(thread, { text: begun[1] as string, start: moment })
      continue
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)
    const before = resumed ? open.get(thread) : undefined
    open.delete(thread)
    const call = callOf((before?.text ?? '') + (resumed ? resumed[1] : rest))
    if (call) yield { ...call, start: before?.start ?? moment, end: moment }
  }
}

/** The descriptors on which a process writes a file past the page cache. */
export function synchronousDescriptors(pid: number, file: string): number[] {
  return readdirSync(`/proc/${pid}/fd`).map(Number).filter((fd) => {
    if (readlinkSync(`/proc/${pid}/fd/${fd}`) !== file) return false
    const flags = /^flags:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'))?.[1] ?? '0'
    return (Number.parseInt(flags, 8) & O_DSYNC) !== 0
  })
}

function callOf(line: string): Omit<SystemCall, 'start' | 'end'> | null {
  const match = /^(\w+)\((\d+)<([^>]*)>(.*)\)\s+= (-?\d+)/.exec(line)
  if (!match) return null
  const [, name = '', fd, what = '', text = '', result] = match
  return { name, fd: Number(fd), what, text, result: Number(result) }
}
