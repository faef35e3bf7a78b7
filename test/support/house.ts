import { parseSync } from '@swc/core'

/** A rule of the house about one file's text, beside the rules about imports in `.dependency-cruiser.cjs`. */
export interface TextRule {
  name: string
  /** Whether the rule speaks about the file at this path, written from the project's root with `/`. */
  covers(path: string): boolean
  /** What breaks the rule, a short text each; nothing when the file keeps it. */
  breaches(source: Source): string[]
}

/** A file as the rules see it: its text, and every node of its syntax tree (swc's) in no particular order. */
export interface Source {
  text: string
  nodes: Node[]
}

type Node = Record<string, unknown> & { type: string }

const mostLines = 300

/** The rules, each about what a reader may rely on without looking. */
export const textRules: TextRule[] = [
  {
    name: `no file over ${mostLines} lines`,
    covers: (path) => /^(src|web|clients|bench|test)\//.test(path),
    breaches: ({ text }) => {
      const lines = text.replace(/\n$/, '').split('\n').length
      return lines > mostLines ? [`${lines} lines`] : []
    },
  },
  {
    name: 'only src/config.ts reads process.env',
    covers: (path) => path.startsWith('src/') && path !== 'src/config.ts',
    breaches: ({ nodes }) => nodes.flatMap(environmentRead),
  },
  {
    name: 'SQL only in store.ts, src/store/ and src/reports/',
    covers: (path) => path.startsWith('src/') && !/(^src\/(store|reports)\/|\/store\.ts$|\.test\.ts$)/.test(path),
    breaches: ({ nodes }) => nodes.map(literal).filter((text) => sql.test(text)),
  },
  {
    name: 'no test left out or run alone',
    covers: ours,
    breaches: ({ nodes }) => nodes.flatMap(testLeftOut),
  },
  {
    name: 'no compiler error silenced',
    covers: ours,
    breaches: ({ text }) => text.match(/@ts-(ignore|nocheck)\b.*/g) ?? [],
  },
  {
    name: 'no any',
    covers: ours,
    breaches: ({ nodes }) => nodes.flatMap((node) => (node.type === 'TsKeywordType' && node.kind === 'any' ? ['any'] : [])),
  },
  {
    // The parser behind the import rules reads no TSX, so what they say of the pages is said here.
    name: 'the pages know the server by its API',
    covers: (path) => path.startsWith('web/'),
    breaches: ({ nodes }) => nodes.flatMap(sourceOf).filter((source) => /^(\.\.\/)+(src|test|bench)\//.test(source) && !/\/src\/core\//.test(source)),
  },
  {
    name: 'the design and the way to the API know no page',
    covers: (path) => /^web\/(api|design)\//.test(path),
    breaches: ({ nodes }) => nodes.flatMap(sourceOf).filter((source) => source.startsWith('../') && !/^\.\.\/(api|design)\/|^(\.\.\/)+src\//.test(source)),
  },
  {
    name: 'what runs in browsers of others needs nothing but itself, and React where that is',
    covers: (path) => path.startsWith('clients/browser/src/'),
    breaches: ({ nodes }) => nodes.flatMap(sourceOf).filter((source) => !/^\.\/[\w-]+\.ts$|^react$/.test(source)),
  },
  {
    name: 'what runs in servers of others needs nothing but itself and Node',
    covers: (path) => path.startsWith('clients/node/'),
    breaches: ({ nodes }) => nodes.flatMap(sourceOf).filter((source) => !/^\.\/[\w-]+\.ts$|^node:/.test(source)),
  },
  {
    // The parser behind the import rules does not see these, so they would slip past the row and the doors.
    name: 'no import written inside a type',
    covers: ours,
    breaches: ({ nodes }) => nodes.flatMap((node) => (node.type === 'TsImportType' ? [`import('${valueOf(node.argument)}')`] : [])),
  },
]

/** Reads a file's text for the rules. Throws what the parser says when it is no TypeScript. */
export function readSource(path: string, text: string): Source {
  const nodes: Node[] = []
  try {
    collect(parseSync(text, { syntax: 'typescript', tsx: path.endsWith('x'), target: 'es2022' }), nodes)
  } catch (cause) {
    throw new Error(`${path} is no TypeScript that the parser knows`, { cause })
  }
  return { text, nodes }
}

interface Locked {
  integrity?: string
  resolved?: string
  optionalDependencies?: Record<string, string>
}

/** What is wrong with a lock file: packages nobody vouches for, fetched from one host alone, or left out for another platform than ours. */
export function lockBreaches(text: string): string[] {
  const { packages } = JSON.parse(text) as { packages: Record<string, Locked> }
  const names = new Set(Object.keys(packages).map((path) => path.split('node_modules/').at(-1)))
  return Object.entries(packages).flatMap(([path, { integrity, resolved, optionalDependencies = {} }]) => [
    ...(path !== '' && integrity === undefined ? [`${path}: no integrity`] : []),
    ...(resolved === undefined ? [] : [`${path}: names a host`]),
    ...Object.keys(optionalDependencies).flatMap((name) => (names.has(name) ? [] : [`${path}: ${name} is missing`])),
  ])
}

// Each keyword with what must follow it, so that a sentence for people ("delete the link") is not taken for SQL.
const sql = new RegExp(
  '^\\s*(?:' +
    [
      'select\\s[^]*\\bfrom\\s',
      'select\\s+(?:\\$?\\d|\\*|[a-z_]+\\()',
      'insert\\s+(?:or\\s+\\w+\\s+)?into\\s',
      'update\\s+\\S+\\s+set\\s',
      'delete\\s+from\\s',
      'merge\\s+into\\s',
      '(?:create|alter|drop)\\s+(?:or\\s+replace\\s+|unique\\s+|temp(?:orary)?\\s+|materialized\\s+)*(?:table|index|view|schema|sequence|type|macro|function|database)\\s',
      'truncate\\s+(?:table\\s)?',
      'with\\s+(?:recursive\\s+)?\\w+\\s*(?:\\([^)]*\\)\\s*)?as\\s+(?:(?:not\\s+)?materialized\\s*)?\\(',
    ].join('|') +
    ')',
  'i',
)

/** What is shipped: the server, the pages, and what runs elsewhere. */
function ours(path: string): boolean {
  return /^(src|web|clients)\//.test(path)
}

function collect(value: unknown, into: Node[]): void {
  if (Array.isArray(value)) {
    for (const item of value) collect(item, into)
  } else if (typeof value === 'object' && value !== null) {
    if (isNode(value)) into.push(value)
    for (const item of Object.values(value)) collect(item, into)
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

function literal(node: Node): string {
  if (node.type === 'StringLiteral') return String(node.value)
  if (node.type !== 'TemplateLiteral' || !Array.isArray(node.quasis)) return ''
  return node.quasis.map((part: { raw: string }) => part.raw).join('$1')
}

/** Where an import, an export or a call of `import` leads. */
function sourceOf(node: Node): string[] {
  if (/^(Import|ExportAll|ExportNamed)Declaration$/.test(node.type)) return [valueOf(node.source)]
  if (node.type !== 'CallExpression' || !isNode(node.callee) || node.callee.type !== 'Import' || !Array.isArray(node.arguments)) return []
  return node.arguments.map(({ expression }: { expression: unknown }) => valueOf(expression))
}

function environmentRead(node: Node): string[] {
  if (node.type === 'MemberExpression' && valueOf(node.object) === 'process' && propertyOf(node) === 'env') return ['process.env']
  if (node.type === 'VariableDeclarator' && valueOf(node.init) === 'process' && isNode(node.id) && node.id.type === 'ObjectPattern') {
    return ['const { … } = process']
  }
  if (node.type === 'ImportDeclaration' && /^(node:)?process$/.test(valueOf(node.source))) return [`import … from '${valueOf(node.source)}'`]
  return []
}

function testLeftOut(node: Node): string[] {
  if (node.type !== 'MemberExpression') return []
  const property = propertyOf(node)
  const alone = ['only', 'skip', 'todo', 'runIf'].includes(property)
  return alone && ['test', 'it', 'describe', 'suite'].includes(rootOf(node)) ? [`${rootOf(node)}.${property}`] : []
}

/** The name at the left end of `describe.each.skip` or `test.each(…).only`. */
function rootOf(node: unknown): string {
  if (!isNode(node)) return ''
  if (node.type === 'MemberExpression') return rootOf(node.object)
  if (node.type === 'CallExpression') return rootOf(node.callee)
  return valueOf(node)
}

function propertyOf(node: Node): string {
  const property = node.property
  if (!isNode(property)) return ''
  return property.type === 'Computed' ? valueOf(property.expression) : valueOf(property)
}

function valueOf(node: unknown): string {
  return isNode(node) && typeof node.value === 'string' ? node.value : ''
}
