import type { FastifyInstance } from 'fastify'
import { Type } from '@sinclair/typebox'
import type { Interval } from '../core/zones.ts'
import { sendReport } from '../http/csv.ts'
import { type Who, route } from '../http/route.ts'
import { fields } from '../http/validate.ts'
import type { Reporter } from '../reports/index.ts'
import { type Question, conversion, funnel, overview, paths, retention, timeSeries, topEvents } from './answers.ts'
import type { ProjectDirectory } from './directory.ts'
import { type Asked, filtersIn, namedEvent, scopeOf } from './question.ts'
import { Conversion, Failure, FunnelAnswer, Overview, PathsAnswer, RetentionAnswer, Series, TopEvents, scope } from './report-schemas.ts'

const EVENT_NAME = Type.String({ minLength: 1, maxLength: 255 })
const CSV = 'By `Accept: text/csv` as CSV. Further parameters `filter[property]=value` narrow it to events with that property.'
const filterBody = { filter: Type.Optional(Type.Object({}, { additionalProperties: true, description: 'Properties and the values they must have' })) }
/** Filters have names of their own making, so what a query string says beside the known is kept. */
const query = <P extends Parameters<typeof Type.Object>[0]>(properties: P) => Type.Object(properties, { additionalProperties: true })

/** What reports on projects stand on. */
export interface ReportWorld {
  directory: ProjectDirectory
  reporter: Reporter
  who: Who
}

/** Registers the named reports of a project. */
export function reportRoutes(app: FastifyInstance, world: ReportWorld): void {
  const { directory, reporter, who } = world
  const asked = async (given: object, filter?: unknown): Promise<Question> => {
    const { project_key } = await directory.active((given as Asked).projectKey)
    return scopeOf(project_key, { ...given, filter: filter ?? filtersIn(given as Record<string, unknown>) })
  }

  route(app, {
    method: 'GET',
    url: '/v1/reports/overview',
    family: 'product',
    who,
    summary: 'Events, users and event names in all',
    description: CSV,
    schema: { querystring: query(scope), response: { 200: Overview, 400: Failure, 403: Failure } },
    handler: async (request, reply) => {
      const answer = await overview(reporter, await asked(request.query))
      return sendReport(request, reply, answer, ['totalEvents', 'uniqueUsers', 'uniqueEventNames'], [answer])
    },
  })

  route(app, {
    method: 'GET',
    url: '/v1/reports/top-events',
    family: 'product',
    who,
    summary: 'The most frequent events',
    description: CSV,
    schema: {
      querystring: query({ ...scope, limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 10 })) }),
      response: { 200: TopEvents, 400: Failure, 403: Failure },
    },
    handler: async (request, reply) => {
      const answer = await topEvents(reporter, await asked(request.query), request.query.limit ?? 10)
      return sendReport(request, reply, answer, ['eventName', 'count', 'uniqueUsers'], answer.events)
    },
  })

  route(app, {
    method: 'GET',
    url: '/v1/reports/events-timeseries',
    family: 'product',
    who,
    summary: 'Events by hour, day, week or month',
    description: `Buckets follow the clocks of \`timezone\`; each is named by the moment at which it begins. ${CSV}`,
    schema: {
      querystring: query({
        ...scope,
        interval: Type.Optional(Type.String({ enum: ['hour', 'day', 'week', 'month'], default: 'day' })),
        eventName: Type.Optional(EVENT_NAME),
      }),
      response: { 200: Series, 400: Failure, 403: Failure },
    },
    handler: async (request, reply) => {
      const { interval = 'day', eventName } = request.query
      const name = eventName === undefined ? null : namedEvent('eventName', eventName)
      const answer = await timeSeries(reporter, await asked(request.query), interval as Interval, name)
      return sendReport(request, reply, answer, ['timestamp', 'count', 'uniqueUsers'], answer.series)
    },
  })

  route(app, {
    method: 'POST',
    url: '/v1/reports/funnel',
    family: 'product',
    who,
    summary: 'How many users come how far on a way of events',
    description: 'A user passes a step by an event later than, or at the same moment as and after, the one that passed the step before.',
    schema: {
      body: fields({
        ...scope,
        ...filterBody,
        steps: Type.Array(EVENT_NAME, { minItems: 2, maxItems: 20, examples: [['app_open', 'screen_view', 'login_success', 'purchase_success']] }),
        windowSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 31_622_400, description: "How long after a user's first step the others count" })),
      }),
      response: { 200: FunnelAnswer, 400: Failure, 403: Failure },
    },
    handler: async (request, reply) => {
      const { steps, windowSeconds, filter = {} } = request.body
      const names = steps.map((name) => namedEvent('steps', name))
      const answer = await funnel(reporter, await asked(request.body, filter), names, windowSeconds === undefined ? null : windowSeconds * 1000)
      return sendReport(request, reply, answer, ['step', 'eventName', 'users', 'conversionRate', 'stepConversionRate', 'dropOff', 'medianSeconds'], answer.steps)
    },
  })

  route(app, {
    method: 'GET',
    url: '/v1/reports/conversion',
    family: 'product',
    who,
    summary: 'Of all users, those that have an event',
    description: CSV,
    schema: { querystring: query({ ...scope, eventName: EVENT_NAME }), response: { 200: Conversion, 400: Failure, 403: Failure } },
    handler: async (request, reply) => {
      const answer = await conversion(reporter, await asked(request.query), namedEvent('eventName', request.query.eventName))
      return sendReport(request, reply, answer, ['eventName', 'totalUsers', 'convertedUsers', 'conversionRate'], [answer])
    },
  })

  route(app, {
    method: 'GET',
    url: '/v1/reports/retention',
    family: 'product',
    who,
    summary: 'Of those that first came in a period, how many came again',
    description: `A cohort is the users whose first event of the range lies in its period. ${CSV}`,
    schema: {
      querystring: query({
        ...scope,
        interval: Type.Optional(Type.String({ enum: ['day', 'week'], default: 'week' })),
        periods: Type.Optional(Type.Integer({ minimum: 1, maximum: 90, default: 8, description: 'Periods after the first' })),
      }),
      response: { 200: RetentionAnswer, 400: Failure, 403: Failure },
    },
    handler: async (request, reply) => {
      const { interval = 'week', periods = 8 } = request.query
      const answer = await retention(reporter, await asked(request.query), interval as 'day' | 'week', periods)
      const rows = answer.cohorts.flatMap(({ cohort, periods: row }) => row.map((period) => ({ cohort, ...period })))
      return sendReport(request, reply, answer, ['cohort', 'period', 'users', 'rate'], rows)
    },
  })

  route(app, {
    method: 'POST',
    url: '/v1/reports/paths',
    family: 'product',
    who,
    summary: 'What people do right after an event, or did right before it',
    description: 'A null event is where the way of a user ended, or began.',
    schema: {
      body: fields({
        ...scope,
        ...filterBody,
        eventName: EVENT_NAME,
        direction: Type.Optional(Type.String({ enum: ['after', 'before'], default: 'after' })),
        steps: Type.Optional(Type.Integer({ minimum: 1, maximum: 5, default: 3 })),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 10, description: 'Events a step' })),
      }),
      response: { 200: PathsAnswer, 400: Failure, 403: Failure },
    },
    handler: async (request, reply) => {
      const { direction = 'after', steps = 3, limit = 10, filter = {} } = request.body
      const eventName = namedEvent('eventName', request.body.eventName)
      const answer = await paths(reporter, await asked(request.body, filter), { eventName, direction: direction as 'after' | 'before', steps, limit })
      const rows = answer.steps.flatMap(({ step, events }) => events.map((event) => ({ step, ...event })))
      return sendReport(request, reply, answer, ['step', 'eventName', 'count'], rows)
    },
  })
}
