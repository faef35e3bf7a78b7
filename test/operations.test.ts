import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ADMIN, type TestApp, testApp } from './support/app.ts'
import { ask } from './support/ask.ts'
import { root } from './support/documents.ts'
import { type TestEdge, testEdge } from './support/edge.ts'
import { onEngine } from './support/engines.ts'
import { readExposition, readPromql } from './support/promql.ts'

interface Panel {
  id: number
  type: string
  title: string
  targets?: { expr: string; refId: string }[]
  gridPos: { x: number; y: number; w: number; h: number }
}
interface Rule {
  alert: string
  expr: string
  for?: string
  labels: Record<string, string>
  annotations: Record<string, string>
}

const folder = join(root, 'docs/operations')
const dashboard: { panels: Panel[]; templating: { list: { name: string; type: string; query: string | { query: string } }[] } } = JSON.parse(await readFile(join(folder, 'grafana-dashboard.json'), 'utf8'))
// The parser that the reference's library brings with it.
const yaml = createRequire(createRequire(import.meta.url).resolve('@fastify/swagger'))('yaml') as { parse(text: string): { groups: { name: string; rules: Rule[] }[] } }
const rules = yaml.parse(await readFile(join(folder, 'alerts.yml'), 'utf8')).groups.flatMap((group) => group.rules)
const targets = dashboard.panels.flatMap(({ title, targets: asked = [] }) => asked.map(({ expr }) => [title, filled(expr)] as const))
const variables = dashboard.templating.list.filter(({ type }) => type === 'query').map(({ name, query }) => [name, (query as { query: string }).query] as const)

/** Labels that Prometheus adds to everything it reads. */
const added = ['instance', 'job']
/** Prometheus' own word on whether a server could be read. */
const ownMetrics = ['up']

/** As Grafana sends it, with its variables filled in. */
function filled(expr: string): string {
  const text = expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*')
  expect(text).not.toContain('$')
  return text
}

onEngine('duckdb', 'what operators are given', (engine) => {
  let exposed: Map<string, Set<string> | null>
  let app: TestApp
  let edge: TestEdge
  beforeAll(async () => {
    // No Redis answers there; its metric is shown all the same.
    app = await testApp(engine, { env: { REDIS_URL: 'redis://127.0.0.1:1' } })
    const { tracking_id: id } = await app.given.link()
    await app.given.clicks([{ tracking_id: id, event_id: 'once' }])
    await app.given.clicks([{ tracking_id: id, event_id: 'once' }])
    await app.click(`/link?uuid=${id}`)
    await app.ask('POST', '/api/auth/login', { body: ADMIN })
    await app.stats(id)
    edge = await testEdge(app.url)
    exposed = readExposition([String((await app.ask('GET', '/metrics')).body), String((await ask(edge.edge.url, 'GET', '/metrics')).body).replace(/^(?!.*waymark_edge_).*\n/gm, '')].join('\n'))
  })
  afterAll(async () => {
    await edge.close()
    await app.close()
  })

  /** What of an expression a running server does not have. */
  const missing = (expr: string): string[] => {
    const { selectors, grouped } = readPromql(expr)
    expect(selectors.length).toBeGreaterThan(0)
    const known = new Set(added)
    const gaps = selectors.flatMap(({ metric, labels }) => {
      if (ownMetrics.includes(metric)) return []
      if (!exposed.has(metric)) return [metric]
      const own = exposed.get(metric)
      for (const label of own ?? labels) known.add(label)
      return own ? labels.filter((label) => !own.has(label) && !added.includes(label)).map((label) => `${metric}{${label}}`) : []
    })
    return [...gaps, ...grouped.filter((label) => selectors.every(({ metric }) => exposed.get(metric)) && !known.has(label)).map((label) => `by (${label})`)]
  }

  test.each(targets)('the dashboard’s %s asks for what there is: %s', (_, expr) => {
    expect(missing(expr)).toEqual([])
  })

  test.each(variables)('the dashboard’s variable %s is filled from what there is: %s', (_, query) => {
    const [, metric = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(query) ?? []
    expect([exposed.has(metric), added.includes(label)]).toEqual([true, true])
  })

  test.each(rules.map(({ alert, expr }) => [alert, expr] as const))('the rule %s asks for what there is', (_, expr) => {
    expect(missing(expr)).toEqual([])
  })

  test('what is not there would be found', () => {
    expect(missing('sum by (nobody) (rate(waymark_events_total{famly="links"}[5m])) / waymark_nothing > 1')).toEqual(['waymark_events_total{famly}', 'waymark_nothing'])
    expect(missing('sum by (nobody) (waymark_events_total)')).toEqual(['by (nobody)'])
    expect(missing('waymark_journal_flush_seconds')).toEqual(['waymark_journal_flush_seconds'])
    for (const wrong of ['rate(waymark_events_total[5m]', 'waymark_events_total{family=links}', 'a{b="c"', 'sum(a))', 'a[x]', 'a ? b']) expect(() => readPromql(wrong)).toThrow(wrong)
  })

  test('the contract’s figures are all on the dashboard or in the rules', () => {
    const asked = new Set([...targets, ...rules.map(({ alert, expr }) => [alert, expr] as const)].flatMap(([, expr]) => readPromql(expr).selectors.map(({ metric }) => metric)))
    const own = [...exposed.keys()].filter((name) => name.startsWith('waymark_') && !/_(sum|count)$/.test(name))
    expect(own.filter((name) => !asked.has(name))).toEqual([])
  })
})

describe('the dashboard', () => {
  test('has each panel once, none upon another', () => {
    const ids = dashboard.panels.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) => Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`))
    expect(new Set(cells).size).toBe(cells.length)
    expect(cells.filter((cell) => Number(cell.split(',')[0]) >= 24)).toEqual([])
  })

  test('has a question in every panel', () => {
    expect(dashboard.panels.filter(({ type, targets: asked = [] }) => type !== 'row' && asked.length === 0).map(({ title }) => title)).toEqual([])
  })
})

describe('the rules', () => {
  test('each have a name of their own, a severity, and two sentences', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length)
    for (const rule of rules) {
      expect(rule).toEqual({
        alert: expect.stringMatching(/^Waymark[A-Z]\w+$/),
        expr: expect.any(String),
        ...(rule.for === undefined ? {} : { for: expect.stringMatching(/^\d+[smh]$/) }),
        labels: { severity: expect.stringMatching(/^(warning|critical)$/) },
        annotations: { summary: expect.stringMatching(/\S/), description: expect.stringMatching(/\S/) },
      })
    }
  })

  test('are each explained on the page, and no other is', async () => {
    const page = await readFile(join(folder, 'README.md'), 'utf8')
    expect([...page.matchAll(/^\| `(Waymark\w+)` \|/gm)].map(([, name]) => name)).toEqual(rules.map(({ alert }) => alert))
  })
})
