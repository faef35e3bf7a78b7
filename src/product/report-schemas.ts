import { Type } from '@sinclair/typebox'

const time = Type.String({ format: 'date-time' })
const timeOrNull = Type.Union([time, Type.Null()])
const percent = Type.Number({ description: 'In percent, two decimals' })

/** The parameters every report takes. */
export const scope = {
  projectKey: Type.String({ examples: ['a1b2c3d4e5f6'] }),
  from: Type.Optional(Type.String({ description: 'ISO 8601; belongs to the range' })),
  to: Type.Optional(Type.String({ description: 'ISO 8601; does not belong to the range, but a date alone means that whole day' })),
  timezone: Type.Optional(Type.String({ maxLength: 64, description: 'IANA name, UTC when missing', examples: ['Europe/Berlin'] })),
}

export const Failure = Type.Object({ error: Type.String() })

/** A project, as the reference describes it. */
export const ProjectAnswer = Type.Object({
  name: Type.String(),
  projectKey: Type.String({ description: '12 hex digits; events and reports name the project by it' }),
  createdAt: Type.String({ format: 'date-time' }),
  isActive: Type.Boolean(),
})

const overview = {
  projectKey: Type.String(),
  from: timeOrNull,
  to: timeOrNull,
  totalEvents: Type.Integer(),
  uniqueUsers: Type.Integer(),
  uniqueEventNames: Type.Integer(),
}
const events = Type.Array(Type.Object({ eventName: Type.String(), count: Type.Integer(), uniqueUsers: Type.Integer() }))
export const Overview = Type.Object({
  ...overview,
  before: Type.Optional(Type.Object(overview, { description: 'There with `compare`: as much of the period before as has passed of this one' })),
  top: Type.Optional(Type.Array(events.items, { description: 'There with `top`: the most frequent events' })),
})

export const TopEvents = Type.Object({ projectKey: Type.String(), events })

const buckets = Type.Array(Type.Object({ timestamp: time, count: Type.Integer(), uniqueUsers: Type.Integer() }))
export const Series = Type.Object({
  projectKey: Type.String(),
  interval: Type.String(),
  series: buckets,
  before: Type.Optional(Type.Array(buckets.items, { description: 'There with `compare`: the period before, the whole of it' })),
})

export const FunnelAnswer = Type.Object({
  projectKey: Type.String(),
  steps: Type.Array(
    Type.Object({
      step: Type.Integer(),
      eventName: Type.String(),
      users: Type.Integer(),
      conversionRate: percent,
      stepConversionRate: percent,
      dropOff: Type.Integer(),
      medianSeconds: Type.Union([Type.Number(), Type.Null()]),
    }),
  ),
})

export const Conversion = Type.Object({
  projectKey: Type.String(),
  eventName: Type.String(),
  totalUsers: Type.Integer(),
  convertedUsers: Type.Integer(),
  conversionRate: percent,
})

export const RetentionAnswer = Type.Object({
  projectKey: Type.String(),
  interval: Type.String(),
  cohorts: Type.Array(
    Type.Object({
      cohort: time,
      users: Type.Integer(),
      periods: Type.Array(Type.Object({ period: Type.Integer(), users: Type.Integer(), rate: percent })),
    }),
  ),
})

export const PathsAnswer = Type.Object({
  projectKey: Type.String(),
  eventName: Type.String(),
  direction: Type.String(),
  steps: Type.Array(
    Type.Object({
      step: Type.Integer(),
      events: Type.Array(Type.Object({ eventName: Type.Union([Type.String(), Type.Null()]), count: Type.Integer() })),
    }),
  ),
})

export const QueryAnswer = Type.Object({ projectKey: Type.String(), rows: Type.Array(Type.Object({})) })
