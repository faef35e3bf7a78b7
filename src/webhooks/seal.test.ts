import { expect, test } from 'vitest'
import { createSeal } from './seal.ts'

const seal = createSeal('a secret of at least thirty-two bytes')

test('what was closed opens with the same secret alone, and never looks the same', () => {
  const closed = seal.close('whsec_text')
  expect(closed).not.toContain('whsec')
  expect(seal.close('whsec_text')).not.toBe(closed)
  expect(createSeal('a secret of at least thirty-two bytes').open(closed)).toBe('whsec_text')
  expect(createSeal('another secret of thirty-two bytes!!').open(closed)).toBeNull()
})

test('what was changed at any byte does not open', () => {
  const bytes = Buffer.from(seal.close('whsec_text'), 'base64')
  for (const at of bytes.keys()) {
    const changed = Buffer.from(bytes)
    changed[at] = (changed[at] as number) ^ 1
    expect(seal.open(changed.toString('base64'))).toBeNull()
  }
})
