import fc from 'fast-check'
import { Type } from '@sinclair/typebox'
import { describe, expect, test } from 'vitest'
import { checkOf, fields, maybe, validatorFor } from './validate.ts'

const Thing = fields({
  name: Type.String({ minLength: 1, maxLength: 5 }),
  note: maybe(Type.String({ maxLength: 3 })),
  count: Type.Optional(Type.Integer({ minimum: 1 })),
  more: maybe(Type.Object({}, { additionalProperties: true })),
  inner: Type.Optional(fields({ a: Type.Optional(Type.Boolean()) })),
})
const check = checkOf(Thing)

describe('a value', () => {
  test.each([
    [{ name: 'a' }],
    [{ name: 'a', note: null, more: null }],
    [{ name: 'a', note: 'abc', count: 1, more: { any: [1, { thing: null }] }, inner: { a: false } }],
    [{ name: '🙂🙂🙂🙂🙂' }],
  ])('%j fits', (value) => {
    const before = structuredClone(value)
    expect(check(value)).toBeNull()
    expect(value).toEqual(before)
  })

  test.each<[unknown, string, string]>([
    [{}, 'name', 'is required'],
    [{ name: '' }, 'name', 'must not be empty'],
    [{ name: 'abcdef' }, 'name', 'must be at most 5 characters'],
    [{ name: 7 }, 'name', 'must be a string'],
    [{ name: 'a', note: 'abcd' }, 'note', 'must be at most 3 characters'],
    [{ name: 'a', note: 7 }, 'note', 'must be a string'],
    [{ name: 'a', count: '1' }, 'count', 'must be an integer'],
    [{ name: 'a', count: 1.5 }, 'count', 'must be an integer'],
    [{ name: 'a', count: 0 }, 'count', 'must be at least 1'],
    [{ name: 'a', count: null }, 'count', 'must be an integer'],
    [{ name: 'a', more: [] }, 'more', 'must be an object'],
    [{ name: 'a', inner: { a: 'true' } }, 'inner.a', 'must be a boolean'],
    [null, 'event', 'must be an object'],
    [[], 'event', 'must be an object'],
    ['x', 'event', 'must be an object'],
  ])('%j does not: %s %s', (value, field, error) => {
    expect(check(value)).toEqual({ field, error })
  })

  test('loses what nobody asked for, at every depth but where anything goes', () => {
    const value = { name: 'a', extra: 1, more: { extra: 1 }, inner: { a: true, extra: 1 } }
    expect(check(value)).toBeNull()
    expect(value).toEqual({ name: 'a', more: { extra: 1 }, inner: { a: true } })
  })

  test('of any kind is checked, never thrown at', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const issue = check(value)
        if (issue !== null) expect(issue).toEqual({ field: expect.any(String), error: expect.any(String) })
      }),
    )
  })
})

describe('a part of a request', () => {
  const schema = fields({ limit: Type.Optional(Type.Integer({ minimum: 1 })), active: Type.Optional(Type.Boolean()), q: Type.Optional(Type.String()) })
  const parsed = (httpPart: string, value: Record<string, unknown>) => {
    const validate = validatorFor({ schema, httpPart })
    return validate(value) ? value : null
  }

  test.each([
    [{ limit: '5', active: 'true', q: 'x' }, { limit: 5, active: true, q: 'x' }],
    [{ active: 'false', other: 'x' }, { active: false }],
    [{ q: '5' }, { q: '5' }],
  ])('that comes in the URL is read from its text: %j', (given, expected) => {
    expect(parsed('querystring', { ...given })).toEqual(expected)
  })

  test.each([{ limit: 'five' }, { limit: '' }, { limit: '1.5' }, { limit: '0' }, { active: 'yes' }, { limit: ['1', '2'] }])('that comes in the URL and is none is refused: %j', (given) => {
    expect(parsed('querystring', { ...given })).toBeNull()
  })

  test.each([{ limit: '5' }, { active: 'true' }, { active: 1 }, { q: 5 }, { q: ['x'] }])('that comes in a body says what it means: %j is refused', (given) => {
    expect(parsed('body', { ...given })).toBeNull()
  })
})
