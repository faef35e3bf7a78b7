/** What a PromQL expression asks for: each selector's metric and the labels it matches, and the labels of its groupings. */
export interface Asked {
  selectors: { metric: string; labels: string[] }[]
  grouped: string[]
}

type Token = { kind: 'name' | 'number' | 'duration' | 'text' | 'sign'; text: string }

const TOKENS: [Token['kind'] | null, RegExp][] = [
  [null, /\s+/y],
  ['text', /"(?:[^"\\]|\\.)*"/y],
  ['duration', /(?:\d+(?:ms|[smhdwy]))+/y],
  ['number', /\d+(?:\.\d+)?/y],
  ['name', /[a-zA-Z_:][a-zA-Z0-9_:]*/y],
  ['sign', /=~|!~|!=|==|<=|>=|[-+*/%^<>=(){}[\],]/y],
]
/** Each is followed by a list of labels. */
const GROUPINGS = ['by', 'without', 'on', 'ignoring', 'group_left', 'group_right']
const WORDS = ['and', 'or', 'unless', 'bool', 'offset']

/** Reads an expression by PromQL's grammar, as far as dashboards and rules use it. Throws at what it does not know. */
export function readPromql(text: string): Asked {
  const tokens = tokensOf(text)
  const asked: Asked = { selectors: [], grouped: [] }
  const open: string[] = []
  let at = 0
  const next = (): Token | undefined => tokens[at]
  const take = (expected?: string): Token => {
    const token = tokens[at++]
    if (!token || (expected !== undefined && token.text !== expected)) throw new Error(`${text}: expected ${expected ?? 'more'}, found ${token?.text ?? 'the end'}`)
    return token
  }

  const labelNames = (): string[] => {
    const names: string[] = []
    take('(')
    while (next()?.text !== ')') {
      names.push(take().text)
      if (next()?.text === ',') take()
    }
    take(')')
    return names
  }
  const selector = (metric: string): void => {
    const labels: string[] = []
    if (next()?.text === '{') {
      take('{')
      while (next()?.text !== '}') {
        labels.push(take().text)
        if (!['=', '!=', '=~', '!~'].includes(take().text) || take().kind !== 'text') throw new Error(`${text}: a matcher is a label, = or ~, and a text`)
        if (next()?.text === ',') take()
      }
      take('}')
    }
    if (next()?.text === '[') {
      take('[')
      if (take().kind !== 'duration') throw new Error(`${text}: a range is a duration`)
      take(']')
    }
    asked.selectors.push({ metric, labels })
  }

  while (at < tokens.length) {
    const token = take()
    if (token.kind === 'name' && GROUPINGS.includes(token.text)) asked.grouped.push(...labelNames())
    else if (token.kind === 'name' && !WORDS.includes(token.text)) {
      const following = next()?.text
      // A function or an aggregation, whose grouping may come before its brackets.
      if (following !== '(' && !GROUPINGS.includes(following ?? '')) selector(token.text)
    } else if (token.text === '(') open.push(')')
    else if (token.text === ')' && open.pop() === undefined) throw new Error(`${text}: ) without (`)
    else if (['{', '}', '[', ']'].includes(token.text)) throw new Error(`${text}: ${token.text} stands alone`)
  }
  if (open.length > 0) throw new Error(`${text}: ( is not closed`)
  return asked
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  for (let at = 0; at < text.length; ) {
    const start = at
    for (const [kind, pattern] of TOKENS) {
      pattern.lastIndex = at
      const [found] = pattern.exec(text) ?? []
      if (found === undefined) continue
      if (kind !== null) tokens.push({ kind, text: found })
      at += found.length
      break
    }
    if (at === start) throw new Error(`${text}: what is ${text.slice(at, at + 10)}?`)
  }
  return tokens
}

/** What a server exposes: the labels of each metric that can be asked for, by name; null where it has no sample yet. */
export function readExposition(text: string): Map<string, Set<string> | null> {
  const found = new Map<string, Set<string> | null>()
  for (const line of text.split('\n')) {
    const type = /^# TYPE (\S+) (\S+)$/.exec(line)
    if (type) {
      const [, name = '', kind] = type
      for (const each of kind === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]) found.set(each, null)
    }
    const sample = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$/.exec(line)
    if (!sample) continue
    const [, name = '', labels = ''] = sample
    if (!found.has(name)) throw new Error(`${name} has no TYPE`)
    const known = found.get(name) ?? new Set<string>()
    for (const [, label = ''] of labels.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) known.add(label)
    found.set(name, known)
  }
  return found
}
