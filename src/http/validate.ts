import { Ajv, type ValidateFunction } from 'ajv'
import { type Static, type TObject, type TProperties, type TSchema, Type } from '@sinclair/typebox'
import type { FastifySchemaValidationError } from 'fastify'
import type { FieldError } from '../core/errors.ts'
import { type Issue, fieldError } from './errors.ts'

const options = { strict: false, removeAdditional: true, useDefaults: true, allErrors: false } as const
/** Bodies say what they mean; only what comes in a URL is text that stands for a number or a boolean. */
const bodies = new Ajv(options)
const thorough = new Ajv({ ...options, allErrors: true })
const texts = new Ajv({ ...options, coerceTypes: 'array' })

/** The validator of one part of a request, for Fastify; made at its first request, for all of them together are a fifth of the start. */
export function validatorFor({ schema, httpPart }: { schema: unknown; httpPart?: string }) {
  let validate: ValidateFunction | undefined
  const fits: { (value: unknown): boolean; errors?: FastifySchemaValidationError[] | null } = (value) => {
    validate ??= (httpPart === 'body' ? bodies : texts).compile(schema as object)
    const does = validate(value)
    fits.errors = (validate.errors ?? null) as FastifySchemaValidationError[] | null
    return does
  }
  return fits
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

/** An object of these fields and no other: for what a name that is misspelt, and so left out, would do too much. */
export function theseFields<P extends TProperties>(properties: P): TObject<P> {
  return Type.Object(properties, { additionalProperties: false, propertyNames: { enum: Object.keys(properties) } })
}

/** A field that may be missing or null, which mean the same. Two types rather than two schemas: one error says what is wrong. */
export function maybe<S extends TSchema>(schema: S) {
  return Type.Optional(Type.Unsafe<Static<S> | null>({ ...schema, type: [schema.type, 'null'] }))
}

export type { Static }
