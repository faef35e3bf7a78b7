import { Type } from '@sinclair/typebox'

const Time = Type.String({ format: 'date-time' })
const counts = { events: Type.Integer(), humanEvents: Type.Integer(), machineEvents: Type.Integer() }
const Total = Type.Object({ ...counts, visitors: Type.Integer() })
const Series = Type.Array(Type.Object({ timestamp: Time, ...counts }))

/** Numbers of a period beside the one before, by source. */
export const ComparisonAnswer = Type.Object({
  from: Time,
  to: Time,
  timezone: Type.String(),
  interval: Type.Unsafe<'hour' | 'day' | 'week' | 'month'>({ type: 'string', enum: ['hour', 'day', 'week', 'month'] }),
  sources: Type.Array(
    Type.Object({
      source: Type.Unsafe<'link' | 'web' | 'product' | 'email'>({ type: 'string', enum: ['link', 'web', 'product', 'email'] }),
      total: Total,
      series: Series,
      before: Type.Object({ from: Time, to: Time, total: Total, series: Series }),
      top: Type.Array(Type.Object({ name: Type.String(), ...counts }), { description: 'The 10 largest: links by tracking id, captures by campaign, events of products and mails by name' }),
    }),
  ),
})

export const Failure = Type.Object({
  success: Type.Literal(false),
  error: Type.String(),
  details: Type.Optional(Type.Array(Type.Object({ field: Type.String(), error: Type.String() }))),
})
