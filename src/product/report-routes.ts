import type { FastifyInstance } from 'fastify'
import { Type } from '@sinclair/typebox'
import type { Interval } from '../core/zones.ts'
import { type Who, route } from '../http/route.ts'
import { fields } from '../http/validate.ts'
import { type Reporter, reportQuery } from '../reports/index.ts'
import { type Question, conversion, funnel, overview, paths, retention, timeSeries, topEvents } from './answers.ts'
import type { ProjectDirectory } from './directory.ts'
import { type Asked, earlier, filtersIn, namedEvent, scopeOf } from './question.ts'
import { Conversion, Failure, FunnelAnswer, Overview, PathsAnswer, RetentionAnswer, Series, TopEvents, scope } from './report-schemas.ts'
import { explainable, respond } from './respond.ts'

const EVENT_NAME = Type.String({ minLength: 1, maxLength: 255 })
const CSV = 'By `Accept: text/csv` as CSV. Further parameters `filter[property]=value` narrow it to events with that property.'
const filterBody = { filter: Type.Optional(Type.Object({}, { additionalProperties: true, description: 'Properties and the values they must have' })) }
const compare = Type.Optional(Type.Boolean({ description: 'With the period before beside it; `from` and `to` are needed then' }))
/** Filters have names of their own making, so what a query string says beside the known is kept. */
const query = <P extends Parameters<typeof Type.Object>[0]>(properties: P) => Type.Object({ ...properties, ...reportQuery }, { additionalProperties: true })

/** What reports on projects stand on. */
export interface ReportWorld {
  directory: ProjectDirectory
  reporter: Reporter
  who: Who
  now: () => number
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
    schema: {
      querystring: query({ ...scope, compare, top: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: 'With so many of the most frequent events beside it' })) }),
      response: { 200: explainable(Overview), 400: Failure, 403: Failure },
    },
    handler: async (request, reply) => {
      const question = await asked(request.query)
      const compared = request.query.compare ? earlier(question, world.now()) : null
      return respond(request, reply, reporter, async (reports) => {
        const { top } = request.query
        const [answer, before, most] = await Promise.all([overview(reports, question), compared && overview(reports, compared), top && topEvents(reports, question, top)])
        return { answer: { ...answer, ...(before ? { before } : {}), ...(most ? { top: most.events } : {}) }, columns: ['totalEvents', 'uniqueUsers', 'uniqueEventNames'], rows: [answer] }
      })
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
      response: { 200: explainable(TopEvents), 400: Failure, 403: Failure },
    },
    handler: async (request, reply) => {
      const question = await asked(request.query)
      return respond(request, reply, reporter, async (reports) => {
        const answer = await topEvents(reports, question, request.query.limit ?? 10)
        return { answer, columns: ['eventName', 'count', 'uniqueUsers'], rows: answer.events }
      })
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
        compare,
      }),
      response: { 200: explainable(Series), 400: Failure, 403: Failure },
    },
    handler: async (request, reply) => {
      const { interval = 'day', eventName } = request.query
      const name = eventName === undefined ? null : namedEvent('eventName', eventName)
      const question = await asked(request.query)
      const compared = request.query.compare ? earlier(question, null) : null
      return respond(request, reply, reporter, async (reports) => {
        const ask = (about: Question) => timeSeries(reports, about, interval as Interval, name)
        const [answer, before] = await Promise.all([ask(question), compared && ask(compared)])
        return { answer: before ? { ...answer, before: before.series } : answer, columns: ['timestamp', 'count', 'uniqueUsers'], rows: answer.series }
      })
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
      querystring: fields(reportQuery),
      body: fields({
        ...scope,
        ...filterBody,
        steps: Type.Array(EVENT_NAME, { minItems: 2, maxItems: 20, examples: [['app_open', 'screen_view', 'login_success', 'purchase_success']] }),
        windowSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 31_622_400, description: "How long after a user's first step the others count" })),
      }),
      response: { 200: explainable(FunnelAnswer), 400: Failure, 403: Failure },
    },
    handler: async (request, reply) => {
      const { steps, windowSeconds, filter = {} } = request.body
      const names = steps.map((name) => namedEvent('steps', name))
      const question = await asked(request.body, filter)
      return respond(request, reply, reporter, async (reports) => {
        const answer = await funnel(reports, question, names, windowSeconds === undefined ? null : windowSeconds * 1000)
        return { answer, columns: ['step', 'eventName', 'users', 'conversionRate', 'stepConversionRate', 'dropOff', 'medianSeconds'], rows: answer.steps }
      })
    },
  })

  route(app, {
    method: 'GET',
    url: '/v1/reports/conversion',
    family: 'product',
    who,
    summary: 'Of all users, those that have an event',
    description: CSV,
    schema: { querystring: query({ ...scope, eventName: EVENT_NAME }), response: { 200: explainable(Conversion), 400: Failure, 403: Failure } },
    handler: async (request, reply) => {
      const question = await asked(request.query)
      return respond(request, reply, reporter, async (reports) => {
        const answer = await conversion(reports, question, namedEvent('eventName', request.query.eventName))
        return { answer, columns: ['eventName', 'totalUsers', 'convertedUsers', 'conversionRate'], rows: [answer] }
      })
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
      response: { 200: explainable(RetentionAnswer), 400: Failure, 403: Failure },
    },
    handler: async (request, reply) => {
      const { interval = 'week', periods = 8 } = request.query
      const question = await asked(request.query)
      return respond(request, reply, reporter, async (reports) => {
        const answer = await retention(reports, question, interval as 'day' | 'week', periods)
        return { answer, columns: ['cohort', 'period', 'users', 'rate'], rows: answer.cohorts.flatMap(({ cohort, periods: row }) => row.map((period) => ({ cohort, ...period }))) }
      })
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
      querystring: fields(reportQuery),
      body: fields({
        ...scope,
        ...filterBody,
        eventName: EVENT_NAME,
        direction: Type.Optional(Type.String({ enum: ['after', 'before'], default: 'after' })),
        steps: Type.Optional(Type.Integer({ minimum: 1, maximum: 5, default: 3 })),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 10, description: 'Events a step' })),
      }),
      response: { 200: explainable(PathsAnswer), 400: Failure, 403: Failure },
    },
    handler: async (request, reply) => {
      const { direction = 'after', steps = 3, limit = 10, filter = {} } = request.body
      const eventName = namedEvent('eventName', request.body.eventName)
      const question = await asked(request.body, filter)
      return respond(request, reply, reporter, async (reports) => {
        const answer = await paths(reports, question, { eventName, direction: direction as 'after' | 'before', steps, limit })
        return { answer, columns: ['step', 'eventName', 'count'], rows: answer.steps.flatMap(({ step, events }) => events.map((event) => ({ step, ...event }))) }
      })
    },
  })
}
