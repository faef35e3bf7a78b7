import { Type } from '@sinclair/typebox'

const orNull = (schema: ReturnType<typeof Type.String>) => Type.Union([schema, Type.Null()])
const time = Type.String({ format: 'date-time' })
const cursor = orNull(Type.String({ description: 'To be sent for the next page; null on the last' }))

/** A page of refused events, as the reference describes it. */
export const LettersAnswer = Type.Object({
  dead_letters: Type.Array(
    Type.Object({
      id: Type.String(),
      received_at: time,
      family: Type.String(),
      project: Type.String(),
      reason: Type.String(),
      field: orNull(Type.String()),
      error: Type.String(),
      original: Type.String({ description: 'As it was sent' }),
      replayed_at: orNull(time),
    }),
  ),
  cursor,
})

/** What became of refused events that were taken in again, as the reference describes it. */
export const ReplayAnswer = Type.Object({
  success: Type.Literal(true),
  total: Type.Integer(),
  replayed: Type.Integer(),
  still_refused: Type.Integer(),
  cursor,
  results: Type.Array(Type.Object({ id: Type.String(), success: Type.Boolean(), field: Type.Optional(Type.String()), error: Type.Optional(Type.String()) })),
})
