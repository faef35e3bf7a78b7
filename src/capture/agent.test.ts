import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readAgent } from './agent.ts'

const chrome = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0'
const ipad = 'Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)'
const tizen = 'Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko)'
const iphone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)'

describe('readAgent', () => {
  test.each([
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:126.0) Gecko/20100101 Firefox/126.0', 'Firefox', 'Windows', 'desktop', null],
    [`Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${chrome} Safari/537.36`, 'Chrome', 'Chrome OS', 'desktop', null],
    [`Mozilla/5.0 (Linux; Android 10; K) ${chrome} Mobile Safari/537.36`, 'Chrome', 'Android', 'mobile', null],
    [`${ipad} Version/17.5 Mobile/15E148 Safari/604.1`, 'Safari', 'iOS', 'tablet', null],
    [`${tizen} 76.0.3809.146/6.0 TV Safari/537.36`, 'Tizen', 'Tizen', 'tv', null],
    [`${iphone} Version/17.5 Mobile/15E148 Safari/604.1`, 'Safari', 'iOS', 'mobile', null],
    [`${iphone} Mobile/15E148 [LinkedInApp]/9.29.8962`, 'LinkedIn', 'iOS', 'mobile', null],
    [`${iphone} Mobile/15E148 [FBAN/FBIOS;FBAV/468.0.0.34.71;FBCR/Google Fi]`, 'Facebook', 'iOS', 'mobile', null],
    [`${iphone} Mobile/15E148 Instagram 334.0.4.32.98 (iPhone15,2; iOS 17_5_1; en_US; en; scale=3.00)`, 'Instagram', 'iOS', 'mobile', null],
    ['Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)', 'Googlebot', null, 'bot', 'agent_bot'],
    ['curl/8.5.0', null, null, null, 'agent_tool'],
    ['My Own Name/1.0 (for a list)', null, null, null, null],
    ['', null, null, null, null],
    [null, null, null, null, null],
  ])('%s', (text, browser, os, device, machine) => {
    expect(readAgent(text)).toEqual({ browser, os, device, machine })
    expect(readAgent(text)).toBe(readAgent(text))
  })

  test('reads the first 1,024 characters', () => {
    const padding = ' '.repeat(1024 - iphone.length)
    expect(readAgent(`${iphone}${padding}HeadlessChrome`)).toBe(readAgent(`${iphone}${padding}PhantomJS`))
    expect(readAgent(`${iphone}${padding}HeadlessChrome`).machine).toBe(null)
  })

  test('8 KB of anything take at most 5 ms', () => {
    expect(hostile.filter((text) => readingMs(text) > 5)).toEqual([])
  })

  test('answers any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (text) => {
        expect(readAgent(text)).toEqual(readAgent(text))
      }),
    )
  })
})

/** What expressions that look for agents may stumble over, alone and in pairs, to 8 KB. */
const words = ['Mozilla/5.0 ', 'version/1', 'opt/1', 'Windows NT ', 'nexus ', 'Android ', 'google', ' cu', '@a', '[FB', 'é']
const parts = [...words, ...'/(;1._- \t']
const hostile = parts.flatMap((a) => parts.map((b) => (a + b).repeat(4096).slice(0, 8192)))

/** How long it takes to read a text that was not read before: the best of three that differ in one character, for a busy machine. */
function readingMs(text: string): number {
  const times = [0, 1, 2].map((n) => {
    const another = `${text.slice(0, 1000)}${n}${text.slice(1001)}`
    const start = performance.now()
    readAgent(another)
    return performance.now() - start
  })
  return Math.min(...times)
}
