/** The closed list of ways a request can fail. `http/errors.ts` maps each to one status. */
export type FaultCode =
  | 'invalid'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'not_allowed'
  | 'conflict'
  | 'gone'
  | 'too_large'
  | 'unsupported'
  | 'limited'
  | 'unavailable'

/** What is wrong with one field, and of which event where a request carries many. */
export interface FieldError {
  index?: number
  field: string
  error: string
}

/** What a fault carries beside its sentence. */
export interface FaultMore {
  errors?: FieldError[]
  retryAfterSeconds?: number
  headers?: Record<string, string>
}

/**
 * A failure the caller can understand: the message is a sentence for people and is sent out as it stands.
 * Anything thrown that is no Fault is internal: a constant sentence outside, a log line inside.
 */
export class Fault extends Error {
  readonly code: FaultCode
  readonly more: FaultMore

  constructor(code: FaultCode, message: string, more: FaultMore = {}) {
    super(message)
    this.name = 'Fault'
    this.code = code
    this.more = more
  }
}

/** The fault of one field that is not as expected. */
export function invalidField(field: string, error: string): Fault {
  return new Fault('invalid', 'The request is not as expected.', { errors: [{ field, error }] })
}
