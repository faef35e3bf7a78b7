import { cp, mkdir, symlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { run } from './run.ts'

/** One instruction of a Dockerfile. */
export interface Instruction {
  word: string
  rest: string
}

/** One of a Dockerfile's stages: what it begins as, its name where it has one, and its instructions. */
export interface Stage {
  from: string
  name: string | null
  instructions: Instruction[]
}

/** Reads a Dockerfile. */
export function stagesIn(text: string): Stage[] {
  const lines = text.replace(/^\s*#.*\n/gm, '').replace(/\\\n/g, ' ').split('\n').filter((line) => line.trim() !== '')
  const stages: Stage[] = []
  for (const line of lines) {
    const [, word = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? []
    if (word === 'FROM') {
      const [, from = '', name = null] = /^(\S+)(?: AS (\S+))?$/.exec(rest) ?? []
      stages.push({ from, name, instructions: [] })
    } else stages.at(-1)?.instructions.push({ word, rest })
  }
  return stages
}

/** What stands behind a word in a stage, each time. */
export function saidIn(stage: Stage, word: string): string[] {
  return stage.instructions.filter((instruction) => instruction.word === word).map(({ rest }) => rest)
}

/** The variables that a stage sets. */
export function variablesIn(stage: Stage): Record<string, string> {
  return Object.fromEntries(saidIn(stage, 'ENV').map((rest) => rest.split(/=(.*)/s, 2) as [string, string]))
}

/** A COPY: from the project or another stage, what, and where to. */
export interface Copy {
  from: string | null
  sources: string[]
  to: string
}

/** The copies of a stage, in order. */
export function copiesIn(stage: Stage): Copy[] {
  return saidIn(stage, 'COPY').map(copyOf)
}

/**
 * Does by plain processes what a builder would do in a stage: `folder` is the root of its files, `others` are the roots of what it
 * copies from, by the names of stages, '' for the project. What belongs to the system (RUN in a stage without a name) is left out.
 */
export async function replay(stage: Stage, folder: string, others: Readonly<Record<string, string>>): Promise<void> {
  let at = folder
  for (const { word, rest } of stage.instructions) {
    if (word === 'WORKDIR') await mkdir((at = join(folder, rest)), { recursive: true })
    if (word === 'COPY') await copy(copyOf(rest), at, others)
    if (word === 'RUN' && stage.name !== null) {
      const { code, out, err } = await run('sh', ['-c', rest], { cwd: at, env: { HOME: process.env.HOME ?? folder, ...npmSettings() } })
      if (code !== 0) throw new Error(`RUN ${rest} ended with ${code}:\n${out}\n${err}`)
    }
  }
}

async function copy({ from, sources, to }: Copy, at: string, others: Readonly<Record<string, string>>): Promise<void> {
  const root = others[from ?? ''] as string
  for (const source of sources) {
    const path = join(root, source)
    const target = join(at, to, to.endsWith('/') ? basename(source) : '')
    // Hundreds of megabytes that nobody changes.
    if (source.endsWith('node_modules')) await symlink(path, target)
    else await cp(path, target, { recursive: true, filter: (name) => !/node_modules|\.test\.ts$/.test(name.slice(root.length)) })
  }
}

function copyOf(rest: string): Copy {
  const words = rest.split(/\s+/)
  const options = words.filter((word) => word.startsWith('--'))
  const paths = words.filter((word) => !word.startsWith('--'))
  return { from: options.find((option) => option.startsWith('--from='))?.slice('--from='.length) ?? null, sources: paths.slice(0, -1), to: paths.at(-1) as string }
}

/** Where this machine's packages come from. */
function npmSettings(): Record<string, string> {
  return Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => /^(npm_config_|https?_proxy$|no_proxy$|NODE_EXTRA_CA_CERTS$)/i.test(entry[0]) && entry[1] !== undefined))
}
