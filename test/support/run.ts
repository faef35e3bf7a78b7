import { spawn } from 'node:child_process'
import { delimiter, dirname } from 'node:path'
import type { Block } from './documents.ts'

/** How a process ended and what it wrote. */
export interface Ended {
  code: number | null
  out: string
  err: string
}

/** Runs a command to its end, with this Node first on its path. */
export function run(command: string, args: readonly string[], options: { cwd?: string; env?: Record<string, string>; input?: string } = {}): Promise<Ended> {
  const path = [dirname(process.execPath), process.env.PATH].join(delimiter)
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: options.cwd, env: { PATH: path, ...options.env }, stdio: 'pipe' })
    // A command may end without reading its input: then this pipe is broken, and the command's own code tells how it went.
    child.stdin.on('error', (error: NodeJS.ErrnoException) => error.code === 'EPIPE' || reject(error))
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk: Buffer) => (out += chunk))
    child.stderr.on('data', (chunk: Buffer) => (err += chunk))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, out, err }))
    child.stdin.end(options.input ?? '')
  })
}

/** What a reader finds on a page: commands, and what they are said to print. */
export interface Step {
  commands: string
  /** The block behind the commands, where it shows an answer. */
  shown: Block | null
}

/** The commands of a page in order, those of npm left out; each with the answer that is shown for it. */
export function stepsOf(blocks: readonly Block[]): Step[] {
  return blocks.flatMap(({ lang, text }, at) => {
    if (lang !== 'sh' || text.startsWith('npm ')) return []
    const next = blocks[at + 1]
    return [{ commands: text, shown: next !== undefined && ['json', 'text'].includes(next.lang) ? next : null }]
  })
}

/**
 * Runs steps one after another in one shell, as a reader would, and gives what each printed. `curl` fails where it gets an error.
 * Throws with all that was printed when a command fails.
 */
export async function walk(steps: readonly Step[], options: { cwd: string; replace: Record<string, string> }): Promise<string[]> {
  const mark = '======== next step'
  const script = [
    'set -euo pipefail',
    // Where the project's own command lies, in a folder that has one.
    'export PATH="$PWD/bin:$PATH"',
    'curl() { command curl -sS --fail-with-body "$@"; }',
    ...steps.map(({ commands }) => `${replaced(commands, options.replace)}\nprintf '\\n%s\\n' '${mark}'`),
  ].join('\n')
  const { code, out, err } = await run('bash', ['-s'], { cwd: options.cwd, input: script })
  if (code !== 0) throw new Error(`Ended with ${code}:\n${out}\n${err}`)
  return out.split(`\n${mark}\n`).slice(0, steps.length)
}

/** A JSON value with what differs from run to run made equal: times, days, ids, keys and the server's address. */
export function steady(value: unknown, serverUrl: string): unknown {
  const text = JSON.stringify(value)
    .replaceAll(serverUrl, 'http://127.0.0.1:8080')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, '<time>')
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<id>')
    .replace(/wm[kp]_[\w-]+/g, '<key>')
    .replace(/whsec_[\w+/]+=*/g, '<secret>')
    .replace(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, '<token>')
    .replace(/"projectKey":"[0-9a-f]{12}"/g, '"projectKey":"<project>"')
    .replace(/"\d{4}-\d\d-\d\d"/g, '"<date>"')
    .replace(/"uptimeSeconds":\d+/g, '"uptimeSeconds":0')
  return JSON.parse(text)
}

function replaced(text: string, words: Record<string, string>): string {
  return Object.entries(words).reduce((all, [word, by]) => all.replaceAll(word, by), text)
}
