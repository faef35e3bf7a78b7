import { Type } from '@sinclair/typebox'

const Things = Type.Array(Type.Unsafe<Record<string, unknown>>(Type.Object({}, { additionalProperties: true })))

/** Everything held of a person, as the reference describes it. */
export const Found = Type.Object(
  {
    success: Type.Literal(true),
    identities: Type.Array(Type.Object({ project: Type.String(), user_ids: Type.Array(Type.String()), anonymous_ids: Type.Array(Type.String()), session_ids: Type.Array(Type.String()) })),
    aliases: Things,
    answers: Things,
    events: Things,
    dead_letters: Things,
    cursor: Type.Union([Type.String(), Type.Null()], { description: 'To be sent for the next page; null on the last' }),
  },
  { additionalProperties: true },
)
