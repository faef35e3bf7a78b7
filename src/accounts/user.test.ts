import { expect, test } from 'vitest'
import { parseEmail, passwordProblem } from './user.ts'

test.each([
  ['ada@example.com', 'ada@example.com'],
  ['  Ada.Lovelace+x@Example.COM ', 'ada.lovelace+x@example.com'],
  ['admin@localhost', 'admin@localhost'],
  [`${'a'.repeat(64)}@example.com`, `${'a'.repeat(64)}@example.com`],
  [`${'a'.repeat(65)}@example.com`, null],
  [`a@${'b'.repeat(63)}.com`, `a@${'b'.repeat(63)}.com`],
  [`a@${'b'.repeat(64)}.com`, null],
  [`a@${Array(64).fill('bcd').join('.')}`, null],
  ['', null],
  ['ada', null],
  ['@example.com', null],
  ['ada@', null],
  ['ada@@example.com', null],
  ['ada@-example.com', null],
  ['ada@example..com', null],
  ['ada@example.com\0', null],
  ['a\0da@example.com', null],
  ['ada@example.com\r\nBcc: x@y.z', null],
  ['ada lovelace@example.com', null],
  ['"ada"@example.com', null],
  ['ädä@example.com', null],
  ['<script>@example.com', null],
])('%j as an e-mail address is %j', (text, email) => {
  expect(parseEmail(text)).toBe(email)
})

test('a hostile e-mail address is refused at once', () => {
  const start = performance.now()
  expect(parseEmail(`${'a'.repeat(60)}@${'a-'.repeat(100_000)}`)).toBeNull()
  expect(parseEmail(`a@${'a.'.repeat(126)}`)).toBeNull()
  expect(performance.now() - start).toBeLessThan(50)
})

test.each([
  ['12345678901', 'must have at least 12 characters'],
  ['123456789012', null],
  ['x'.repeat(72), null],
  ['x'.repeat(73), 'must have at most 72 bytes in UTF-8'],
  ['ü'.repeat(36), null],
  ['ü'.repeat(37), 'must have at most 72 bytes in UTF-8'],
  ['😀'.repeat(11), 'must have at least 12 characters'],
  ['😀'.repeat(12), null],
  [' '.repeat(12), null],
  ['a password\0and more', 'must have no control characters'],
  ['a password\nand more', 'must have no control characters'],
  ['a password\ud800and more', 'must have no control characters'],
])('the password %j: %j', (password, problem) => {
  expect(passwordProblem(password)).toBe(problem)
})
