import { describe, expect, test } from 'vitest'
import { Fault, type FaultCode } from '../core/errors.ts'
import { type ApiFamily, errorAnswer, errorBody, familyOf, faultOf, fieldError, internalAnswer } from './errors.ts'

describe('a fault', () => {
  test.each<[FaultCode, number]>([
    ['invalid', 400],
    ['unauthorized', 401],
    ['forbidden', 403],
    ['not_found', 404],
    ['not_allowed', 405],
    ['conflict', 409],
    ['gone', 410],
    ['too_large', 413],
    ['unsupported', 415],
    ['limited', 429],
    ['unavailable', 503],
  ])('%s is %i', (code, status) => {
    expect(errorAnswer(new Fault(code, 'A sentence.'), 'links')).toMatchObject({ status, body: { success: false, error: 'A sentence.' } })
  })

  test.each<[ApiFamily, object, object]>([
    ['links', { success: false, error: 'A sentence.' }, { success: false, error: 'a: is wrong', errors: [{ field: 'a', error: 'is wrong' }, { index: 2, field: 'b', error: 'is too' }] }],
    ['tracking', { success: false, error: 'A sentence.' }, { success: false, error: 'a: is wrong', details: [{ field: 'a', error: 'is wrong' }, { field: 'b', error: 'is too' }] }],
    ['email', { detail: 'A sentence.' }, { detail: 'a: is wrong' }],
    ['product', { error: 'A sentence.' }, { error: 'a: is wrong' }],
    ['operations', { error: 'A sentence.' }, { error: 'a: is wrong' }],
  ])('has the shape of the family %s', (family, plain, withErrors) => {
    const errors = [{ field: 'a', error: 'is wrong' }, { index: 2, field: 'b', error: 'is too' }]
    expect(errorBody(family, 'A sentence.')).toEqual(plain)
    expect(errorAnswer(new Fault('invalid', 'Some sentence.', { errors: [{ ...errors[0], field: 'zzz', error: 'is wrong' }] }), family).body).toMatchObject(family === 'email' ? { detail: 'zzz: is wrong' } : { error: 'zzz: is wrong' })
    expect(errorBody(family, 'a: is wrong', errors)).toEqual(withErrors)
  })

  test('whose sentence names the field already keeps its sentence', () => {
    expect(errorAnswer(new Fault('invalid', 'original_url must be a URL.', { errors: [{ field: 'original_url', error: 'must be a URL' }] }), 'links').body).toMatchObject({ error: 'original_url must be a URL.' })
  })

  test('says when to come again, in whole seconds', () => {
    const after = (code: FaultCode, retryAfterSeconds?: number) => errorAnswer(new Fault(code, 'x', retryAfterSeconds === undefined ? {} : { retryAfterSeconds }), 'links').headers
    expect(after('unavailable')).toEqual({ 'retry-after': '5' })
    expect(after('unavailable', 0.2)).toEqual({ 'retry-after': '1' })
    expect(after('limited', 31.5)).toEqual({ 'retry-after': '32' })
    expect(after('invalid')).toEqual({})
    expect(errorAnswer(new Fault('limited', 'x', { retryAfterSeconds: 3, headers: { ratelimit: 'y' } }), 'links').headers).toEqual({ ratelimit: 'y', 'retry-after': '3' })
  })

  test('of the store does not tell outside what the store said', () => {
    const fault = new Fault('unavailable', 'The database does not answer.', { errors: [{ field: 'DATABASE_URL', error: 'password authentication failed for user "ada"' }] })
    expect(errorAnswer(fault, 'links').body).toEqual({ success: false, error: 'The database does not answer.' })
  })

  test('of our own is a constant sentence and the request’s id', () => {
    expect(internalAnswer('req-7', 'links')).toEqual({ status: 500, headers: {}, body: { success: false, error: 'Something went wrong on the server. Request id: req-7' } })
    expect(internalAnswer('req-7', 'email').body).toEqual({ detail: 'Something went wrong on the server. Request id: req-7' })
  })
})

test.each<[string, ApiFamily]>([
  ['/api/link-tracking/nothing', 'links'],
  ['/api/tracking-ingest/x', 'links'],
  ['/api/dead-letters/x', 'links'],
  ['/api/v1/x', 'email'],
  ['/api/tracking/x', 'tracking'],
  ['/api/auth/x', 'tracking'],
  ['/v1/x', 'product'],
  ['/', 'product'],
  ['*', 'product'],
])('%s speaks as %s', (path, family) => {
  expect(familyOf(path)).toBe(family)
})

describe('what the framework throws', () => {
  test.each([
    [{ code: 'FST_ERR_CTP_BODY_TOO_LARGE', statusCode: 413 }, 'too_large'],
    [{ code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE', statusCode: 415 }, 'unsupported'],
    [{ code: 'FST_ERR_CTP_EMPTY_JSON_BODY', statusCode: 400 }, 'invalid'],
    [{ code: 'FST_ERR_CTP_INVALID_CONTENT_LENGTH', statusCode: 400 }, 'invalid'],
    [{ code: 'FST_ERR_BAD_URL', statusCode: 400 }, 'invalid'],
    [{ statusCode: 400, message: 'The body is not valid gzip.' }, 'invalid'],
    [{ validation: [{ instancePath: '', keyword: 'required', params: { missingProperty: 'a' } }], validationContext: 'body', statusCode: 400 }, 'invalid'],
  ])('%j is a fault: %s', (error, code) => {
    expect(faultOf(error)).toMatchObject({ code })
  })

  test.each([new Error('x'), new TypeError('x'), { statusCode: 500 }, {}, 'x', 7])('%j is internal', (error) => {
    expect(faultOf(error)).toBeNull()
  })

  test('a fault is itself', () => {
    const fault = new Fault('gone', 'x')
    expect(faultOf(fault)).toBe(fault)
  })
})

test.each([
  [{ instancePath: '', keyword: 'required', params: { missingProperty: 'original_url' } }, { field: 'original_url', error: 'is required' }],
  [{ instancePath: '/links/3', keyword: 'required', params: { missingProperty: 'a' } }, { field: 'links.3.a', error: 'is required' }],
  [{ instancePath: '', keyword: 'type', params: { type: 'object' } }, { field: 'body', error: 'must be an object' }],
  [{ instancePath: '/a', keyword: 'type', params: { type: 'integer' } }, { field: 'a', error: 'must be an integer' }],
  [{ instancePath: '/a', keyword: 'type', params: { type: 'string' } }, { field: 'a', error: 'must be a string' }],
  [{ instancePath: '/a', keyword: 'type', params: { type: ['object', 'null'] } }, { field: 'a', error: 'must be an object' }],
  [{ instancePath: '/a', keyword: 'maxLength', params: { limit: 50 } }, { field: 'a', error: 'must be at most 50 characters' }],
  [{ instancePath: '/a', keyword: 'minLength', params: { limit: 1 } }, { field: 'a', error: 'must not be empty' }],
  [{ instancePath: '/a', keyword: 'minLength', params: { limit: 8 } }, { field: 'a', error: 'must be at least 8 characters' }],
  [{ instancePath: '/a', keyword: 'enum', params: { allowedValues: ['svg', 'png'] } }, { field: 'a', error: 'must be one of svg, png' }],
  [{ instancePath: '/a', keyword: 'pattern', params: { pattern: '^x$' } }, { field: 'a', error: 'must match ^x$' }],
  [{ instancePath: '/a', keyword: 'minimum', params: { limit: 1 } }, { field: 'a', error: 'must be at least 1' }],
  [{ instancePath: '/a', keyword: 'maximum', params: { limit: 9 } }, { field: 'a', error: 'must be at most 9' }],
  [{ instancePath: '/a', keyword: 'minItems', params: { limit: 1 } }, { field: 'a', error: 'must have at least 1 items' }],
  [{ instancePath: '/a', keyword: 'maxItems', params: { limit: 9 } }, { field: 'a', error: 'must have at most 9 items' }],
  [{ instancePath: '/a', keyword: 'enum', params: { allowedValues: ['b', 'c'] }, propertyName: 'x' }, { field: 'a.x', error: 'is not known here; there are b, c' }],
  [{ instancePath: '', keyword: 'enum', params: { allowedValues: ['b'] }, propertyName: 'x'.repeat(500) }, { field: 'x'.repeat(100), error: 'is not known here; there are b' }],
  [{ instancePath: '/a', keyword: 'other', params: {}, message: 'must be odd' }, { field: 'a', error: 'must be odd' }],
  [{ instancePath: '/a', keyword: 'other', params: {} }, { field: 'a', error: 'is not as expected' }],
])('the validator’s %j reads %j', (issue, expected) => {
  expect(fieldError(issue)).toEqual(expected)
})
