import { expect, test } from 'vitest'
import { isSigned, signUrl } from './signature.ts'

const SECRET = 'a secret of at least thirty-two bytes'
const URL = 'https://shop.example/offer?a=1'

test('a link is signed together with its token', () => {
  const signature = signUrl('token', URL, SECRET)
  expect(signature).toMatch(/^[A-Za-z0-9_-]{43}$/)
  expect(isSigned('token', URL, signature, SECRET)).toBe(true)
})

test.each([
  ['another token', 'tokem', URL, SECRET],
  ['another link', 'token', `${URL}&b=2`, SECRET],
  ['another secret', 'token', URL, `${SECRET}!`],
  ['the parts joined elsewhere', `token\n${URL}`, '', SECRET],
])('%s has another signature', (_, token, url, secret) => {
  expect(isSigned(token, url, signUrl('token', URL, SECRET), secret)).toBe(false)
})

test.each(['', 'x', 'x'.repeat(42), 'x'.repeat(44), 'é'.repeat(43), `${signUrl('token', URL, SECRET)}=`])('a signature of another length, %j, is wrong and no fault', (signature) => {
  expect(isSigned('token', URL, signature, SECRET)).toBe(false)
})
