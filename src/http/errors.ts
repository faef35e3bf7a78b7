import { Fault, type FaultCode, type FieldError } from '../core/errors.ts'
import { clip } from '../core/text.ts'

/** The families of the API; each has its own shape of error. */
export type ApiFamily = 'links' | 'tracking' | 'email' | 'product' | 'operations'

const STATUS: Record<FaultCode, number> = {
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  not_allowed: 405,
  conflict: 409,
  gone: 410,
  too_large: 413,
  unsupported: 415,
  limited: 429,
  unavailable: 503,
}

/** An answer to a failed request. */
export interface ErrorAnswer {
  status: number
  headers: Record<string, string>
  body: object
}

/** The answer to a fault, in the family's shape. A 503 says when to come again. */
export function errorAnswer(fault: Fault, family: ApiFamily): ErrorAnswer {
  // RFC 9110, 15.5.2: a 401 says how to come in.
  const headers: Record<string, string> = { ...(fault.code === 'unauthorized' ? { 'www-authenticate': 'Bearer' } : {}), ...fault.more.headers }
  const retryAfter = fault.more.retryAfterSeconds ?? (fault.code === 'unavailable' ? 5 : undefined)
  if (retryAfter !== undefined) headers['retry-after'] = String(Math.max(1, Math.ceil(retryAfter)))
  // What the store says of itself is for the log.
  const errors = fault.code === 'unavailable' ? undefined : fault.more.errors
  return { status: STATUS[fault.code], headers, body: errorBody(family, sentence(fault.message, errors), errors) }
}

/** The answer to a fault of our own: a constant sentence and the request's id. */
export function internalAnswer(requestId: string, family: ApiFamily): ErrorAnswer {
  return { status: 500, headers: {}, body: errorBody(family, `Something went wrong on the server. Request id: ${requestId}`) }
}

/** A family's error body. */
export function errorBody(family: ApiFamily, error: string, errors?: FieldError[]): object {
  switch (family) {
    case 'links':
      return errors ? { success: false, error, errors } : { success: false, error }
    case 'tracking':
      return errors ? { success: false, error, details: errors.map(({ field, error: text }) => ({ field, error: text })) } : { success: false, error }
    case 'email':
      return { detail: error }
    default:
      return { error }
  }
}

/** The family whose words fit a path that no route has. */
export function familyOf(path: string): ApiFamily {
  if (path.startsWith('/api/link-tracking') || path.startsWith('/api/tracking-ingest') || path.startsWith('/api/dead-letters')) return 'links'
  if (path.startsWith('/api/v1/')) return 'email'
  if (path.startsWith('/api/')) return 'tracking'
  return 'product'
}

/** Turns what Fastify throws into a fault; anything else unknown is null, and internal. */
export function faultOf(error: unknown): Fault | null {
  if (error instanceof Fault) return error
  const { code, statusCode, validation, validationContext, message } = error as Partial<FastifyFailure>
  if (validation) return new Fault('invalid', 'The request is not as expected.', { errors: validation.map((issue) => fieldError(issue, validationContext)) })
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new Fault('too_large', 'The body is too large.')
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new Fault('unsupported', 'The content type is not supported. Send application/json.')
  if (code === 'FST_ERR_CTP_EMPTY_JSON_BODY') return new Fault('invalid', 'The body is empty. Send a JSON object.')
  if (code === 'FST_ERR_CTP_INVALID_CONTENT_LENGTH') return new Fault('invalid', 'The body is not as long as Content-Length says.')
  if (code === 'FST_ERR_BAD_URL' || code === 'FST_ERR_MAX_PARAM_LENGTH') return new Fault('invalid', 'The URL is malformed.')
  // What serves files says so of a path that leads out of their folder.
  if (statusCode === 403) return new Fault('not_found', 'There is nothing here.')
  if (statusCode === 400) return new Fault('invalid', message ?? 'The request is malformed.')
  return null
}

/** The field's name in front, so that the sentence alone says what to mend. */
function sentence(message: string, errors: readonly FieldError[] | undefined): string {
  const [first] = errors ?? []
  return first && !message.includes(first.field) ? `${first.field}: ${first.error}` : message
}

interface FastifyFailure {
  code: string
  statusCode: number
  message: string
  validation: Issue[]
  validationContext: string
}

/** What a JSON Schema validator says of one fault. */
export interface Issue {
  instancePath: string
  keyword: string
  params: Record<string, unknown>
  message?: string
  /** The name of a field that is none of those there can be. */
  propertyName?: string
}

/** A validator's issue as a field and what was expected there. */
export function fieldError(issue: Issue, context = 'body'): FieldError {
  const path = issue.instancePath.split('/').slice(1)
  const missing = issue.keyword === 'required' ? issue.params.missingProperty ?? (issue.params.requiredProperties as string[] | undefined)?.[0] : undefined
  if (typeof missing === 'string') path.push(missing)
  if (issue.propertyName !== undefined) path.push(clip(issue.propertyName, NAME_SHOWN))
  return { field: path.join('.') || context, error: expectation(issue) }
}

function expectation({ keyword, params, message, propertyName }: Issue): string {
  if (propertyName !== undefined) return `is not known here; there are ${(params.allowedValues as string[]).join(', ')}`
  switch (keyword) {
    case 'required':
      return 'is required'
    case 'type':
      return `must be ${article(String([params.type].flat()[0]))}`
    case 'maxLength':
      return `must be at most ${params.limit} characters`
    case 'minLength':
      return params.limit === 1 ? 'must not be empty' : `must be at least ${params.limit} characters`
    case 'enum':
      return `must be one of ${(params.allowedValues as (string | null)[]).filter((value) => value !== null).join(', ')}`
    case 'pattern':
      return `must match ${params.pattern}`
    case 'minimum':
      return `must be at least ${params.limit}`
    case 'maximum':
      return `must be at most ${params.limit}`
    case 'maxItems':
      return `must have at most ${params.limit} items`
    case 'minItems':
      return `must have at least ${params.limit} items`
    default:
      return message ?? 'is not as expected'
  }
}

/** As much of an unknown field's name is said again. */
const NAME_SHOWN = 100

function article(type: string): string {
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`
}
