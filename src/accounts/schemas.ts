import { Type } from '@sinclair/typebox'

/** What the routes of this room have in common. */
export const Time = Type.String({ format: 'date-time' })
export const TimeOrNull = Type.Union([Time, Type.Null()])

export const Role = Type.Unsafe<'admin' | 'viewer'>({ type: 'string', enum: ['admin', 'viewer'] })

/** A person as whoever is signed in knows them. */
export const Person = Type.Object({ id: Type.String(), email: Type.String(), role: Role })

/** A person as an admin knows them. */
export const Account = Type.Composite([Person, Type.Object({ disabled: Type.Boolean(), createdAt: Time, lastLoginAt: TimeOrNull })])

/** An ingest key, without the key. */
export const ListedKey = Type.Object({
  id: Type.String(),
  name: Type.String(),
  created_at: Time,
  revoked_at: TimeOrNull,
  last_used_at: TimeOrNull,
})

/** A password as it is sent; whether a new one may be used is `passwordProblem`'s to say. */
export const Password = Type.String({ minLength: 1, maxLength: 200 })

export const Refused = Type.Object({ success: Type.Literal(false), error: Type.String() })
export const Done = Type.Object({ success: Type.Literal(true) })
