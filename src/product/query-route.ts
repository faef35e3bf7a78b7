import type { FastifyInstance } from 'fastify'
import { Type } from '@sinclair/typebox'
import { iso } from '../core/time.ts'
import type { Interval } from '../core/zones.ts'
import { type Who, route } from '../http/route.ts'
import { fields } from '../http/validate.ts'
import { type By, DIMENSION_NAMES, FILTERS, METRIC_NAMES, type Reporter, type Where, reportQuery } from '../reports/index.ts'
import type { ProjectDirectory } from './directory.ts'
import { scopeOf, wrong } from './question.ts'
import { Failure, QueryAnswer, scope } from './report-schemas.ts'
import { explainable, respond } from './respond.ts'

/** What a caller may narrow by: the project is named by its key. */
const COLUMNS = FILTERS.filter((name) => name !== 'project')
const ROWS = 10_000

/** Registers the open question: a report as a value, for what no other endpoint foresaw. */
export function queryRoute(app: FastifyInstance, { directory, reporter, who }: { directory: ProjectDirectory; reporter: Reporter; who: Who }): void {
  route(app, {
    method: 'POST',
    url: '/v1/reports/query',
    family: 'product',
    who,
    summary: 'Any report: metrics, broken down and narrowed',
    description: `Metrics: ${METRIC_NAMES.join(', ')}. Dimensions: ${DIMENSION_NAMES.join(', ')}, or \`property:<key>\`. Filters: ${COLUMNS.join(', ')}.`,
    schema: {
      querystring: fields(reportQuery),
      body: fields({
        ...scope,
        metrics: Type.Array(Type.String({ enum: METRIC_NAMES }), { minItems: 1, maxItems: 10, examples: [['events', 'users']] }),
        by: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 300 }), { maxItems: 4, examples: [['time', 'property:plan']] })),
        where: Type.Optional(Type.Object({}, { additionalProperties: true })),
        filter: Type.Optional(Type.Object({}, { additionalProperties: true, description: 'Properties and the values they must have' })),
        interval: Type.Optional(Type.String({ enum: ['hour', 'day', 'week', 'month'], default: 'day' })),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: ROWS, default: 1_000 })),
      }),
      response: { 200: explainable(QueryAnswer), 400: Failure, 403: Failure },
    },
    handler: async (request, reply) => {
      const { metrics, by = [], where = {}, interval = 'day', limit = 1_000 } = request.body
      const { project_key } = await directory.active(request.body.projectKey)
      const question = scopeOf(project_key, request.body)
      const groups = by.map(groupOf)
      const report = {
        ...question,
        where: { ...whereOf(where), ...question.where },
        metrics: [...new Set(metrics)] as (typeof METRIC_NAMES)[number][],
        by: groups,
        interval: interval as Interval,
        limit,
      }
      return respond(request, reply, reporter, async (reports) => {
        const rows = (await reports.run(report)).map(({ time, ...row }) => (time === undefined ? row : { time: iso(time as number), ...row }))
        const columns = [...groups.map((one) => (typeof one === 'string' ? one : 'property')), ...report.metrics]
        return { answer: { projectKey: project_key, rows }, columns, rows }
      })
    },
  })
}

function groupOf(name: string, at: number, all: readonly string[]): By {
  if (all.indexOf(name) !== at) throw wrong('by', 'must not name a dimension twice')
  if (name.startsWith('property:')) {
    if (all.some((other, place) => place < at && other.startsWith('property:'))) throw wrong('by', 'must name at most one property')
    const property = name.slice('property:'.length)
    if (property === '' || property.length > 255 || property.includes('\0')) throw wrong('by', 'must name a property of 1 to 255 characters')
    return { property }
  }
  const dimension = DIMENSION_NAMES.find((known) => known === name)
  if (!dimension) throw wrong('by', `must name dimensions: ${DIMENSION_NAMES.join(', ')} or property:<key>`)
  return dimension
}

function whereOf(given: object): Where {
  const where: Record<string, string | boolean | string[]> = {}
  for (const [name, value] of Object.entries(given)) {
    if (!COLUMNS.some((column) => column === name)) throw wrong(`where.${name.slice(0, 100)}`, `is none of ${COLUMNS.join(', ')}`)
    if (name === 'machine') {
      if (typeof value !== 'boolean') throw wrong('where.machine', 'must be true or false')
      where.machine = value
      continue
    }
    const texts = Array.isArray(value) ? (value as unknown[]) : [value]
    if (texts.length === 0 || texts.length > 100 || !texts.every((text) => typeof text === 'string' && text.length <= 1_000 && !text.includes('\0'))) {
      throw wrong(`where.${name}`, 'must be a text of at most 1,000 characters, or up to 100 of them')
    }
    where[name] = Array.isArray(value) ? (texts as string[]) : (value as string)
  }
  return where as Where
}
