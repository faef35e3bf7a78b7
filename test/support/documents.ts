import { readFile, readdir } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'

/** The project's root. */
export const root = join(import.meta.dirname, '../..')

/** A fenced block of a page: the word behind its fence and its text, with a line feed at the end. */
export interface Block {
  lang: string
  text: string
}

/** A page of the documentation, taken apart. */
export interface Page {
  /** From the project's root, with `/`. */
  path: string
  text: string
  blocks: Block[]
  /** What stands between single backticks, outside the blocks. */
  spans: string[]
  /** Where its links lead, as written. */
  links: string[]
  /** The anchors of its headings, as GitHub makes them. */
  anchors: Set<string>
}

/** Every page of the documentation: those in the root, and all under docs/. */
export async function pages(): Promise<Page[]> {
  const top = (await readdir(root)).filter((name) => name.endsWith('.md'))
  const deep = (await readdir(join(root, 'docs'), { recursive: true })).filter((name) => name.endsWith('.md')).map((name) => join('docs', name))
  return Promise.all([...top, ...deep].sort().map(page))
}

/** One page, by its path from the root. */
export async function page(path: string): Promise<Page> {
  const text = await readFile(join(root, path), 'utf8')
  const blocks: Block[] = []
  const prose: string[] = []
  let open: Block | null = null
  for (const line of text.split('\n')) {
    if (open !== null && line === '```') open = null
    else if (open !== null) open.text += `${line}\n`
    else if (line.startsWith('```')) blocks.push((open = { lang: line.slice(3), text: '' }))
    else prose.push(line)
  }
  if (open !== null) throw new Error(`${path}: a fence is not closed`)
  const words = prose.join('\n')
  return {
    path,
    text,
    blocks,
    spans: [...words.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] as string),
    links: [...words.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] as string),
    anchors: new Set(prose.filter((line) => /^#+ /.test(line)).map(anchor)),
  }
}

/** What of a page's links leads nowhere: a file that is not there, a heading that is not on it. Links into the web are not followed. */
export function brokenLinks(from: Page, all: readonly Page[], files: ReadonlySet<string>): string[] {
  return from.links.filter((link) => {
    if (/^https?:/.test(link)) return false
    const [file = '', heading] = link.split('#')
    const path = file === '' ? from.path : normalize(join(dirname(from.path), file))
    if (!files.has(path)) return true
    return heading !== undefined && !all.find((other) => other.path === path)?.anchors.has(heading)
  })
}

/** Every file and folder of the project, by path from the root, without what is installed, built or kept by git. */
export async function projectFiles(): Promise<Set<string>> {
  const found = new Set<string>()
  const walk = async (folder: string): Promise<void> => {
    for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
      if (['node_modules', 'dist', 'build', 'coverage', 'data', '.git'].includes(entry.name)) continue
      const path = join(folder, entry.name)
      found.add(path)
      if (entry.isDirectory()) await walk(path)
    }
  }
  await walk('')
  return found
}

/** The settings that `.env.example` shows: each name, the value behind it, and whether a comment stands above it. */
export async function exampleSettings(): Promise<{ name: string; value: string; explained: boolean }[]> {
  const lines = (await readFile(join(root, '.env.example'), 'utf8')).split('\n')
  return lines.flatMap((line, at) => {
    const match = /^#?([A-Z][A-Z0-9_]*)=(.*)$/.exec(line)
    return match ? [{ name: match[1] as string, value: match[2] as string, explained: /^# +\S/.test(lines[at - 1] ?? '') }] : []
  })
}

function anchor(heading: string): string {
  const text = heading.replace(/^#+ /, '').trim().toLowerCase()
  return text.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-')
}
