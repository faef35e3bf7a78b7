import { Ajv } from 'ajv'
import { type Static, type TObject, type TProperties, type TSchema, Type } from '@sinclair/typebox'
import type { FieldError } from '../core/errors.ts'
import { type Issue, fieldError } from './errors.ts'

const options = { strict: false, removeAdditional: true, useDefaults: true, allErrors: false } as const
/** Bodies say what they mean; only what comes in a URL is text that stands for a number or a boolean. */
const bodies = new Ajv(options)
const thorough = new Ajv({ ...options, allErrors: true })
const texts = new Ajv({ ...options, coerceTypes: 'array' })

/** The validator of one part of a request, for Fastify. */
export function validatorFor({ schema, httpPart }: { schema: unknown; httpPart?: string }) {
  return (httpPart === 'body' ? bodies : texts).compile(schema as object)
}

/** A check of a value that is not a whole body: null when it fits, else the first field that does not. Unknown fields are taken out. */
export function checkOf<S extends TSchema>(schema: S): (value: unknown) => FieldError | null {
  const validate = bodies.compile(schema)
  return (value) => (validate(value) ? null : fieldError(validate.errors?.[0] as Issue, 'event'))
}

/** A check of a value that finds all that is wrong with it: for each field what was expected first. Unknown fields are taken out. */
export function errorsOf<S extends TSchema>(schema: S, context: string): (value: unknown) => FieldError[] {
  const validate = thorough.compile(schema)
  return (value) => {
    if (validate(value)) return []
    const errors = (validate.errors as Issue[]).map((issue) => fieldError(issue, context))
    return errors.filter(({ field }, at) => errors.findIndex((other) => other.field === field) === at)
  }
}

/** An object of these fields; others are kept out, never an error. */
export function fields<P extends TProperties>(properties: P): TObject<P> {
  return Type.Object(properties, { additionalProperties: false })
}

/** A field that may be missing or null, which mean the same. Two types rather than two schemas: one error says what is wrong. */
export function maybe<S extends TSchema>(schema: S) {
  return Type.Optional(Type.Unsafe<Static<S> | null>({ ...schema, type: [schema.type, 'null'] }))
}

export type { Static }
