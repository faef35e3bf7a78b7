import { describe, expect, test } from 'vitest'
import { judge, purposeOf, type Signs } from './machine.ts'

const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0'
const slack = 'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)'

describe('judge', () => {
  test.each<[string, Signs, string | null]>([
    ['a browser', { userAgent: firefox, agentKnown: true }, null],
    ['a browser, by batch', { userAgent: firefox, agentKnown: false }, null],
    ['a machine by name', { userAgent: slack, agentKnown: true }, 'link_preview'],
    ['a machine by name, by batch', { userAgent: slack, agentKnown: false }, 'link_preview'],
    ['a request without an agent', { userAgent: null, agentKnown: true }, 'agent_missing'],
    ['a request with an empty agent', { userAgent: '', agentKnown: true }, 'agent_missing'],
    ['a batch event that left the agent out', { userAgent: null, agentKnown: false }, null],
    ['a prefetch', { userAgent: firefox, agentKnown: true, purpose: 'prefetch' }, 'prefetch'],
    ['a prerender', { userAgent: firefox, agentKnown: true, purpose: 'prefetch;prerender' }, 'prefetch'],
    ['a preview', { userAgent: firefox, agentKnown: true, purpose: 'Preview' }, 'prefetch'],
    ['another purpose', { userAgent: firefox, agentKnown: true, purpose: 'navigate' }, null],
    ['a prefetch by a machine', { userAgent: slack, agentKnown: true, purpose: 'prefetch' }, 'link_preview'],
    ['a prefetch without an agent', { userAgent: null, agentKnown: true, purpose: 'prefetch' }, 'prefetch'],
  ])('%s', (_name, signs, reason) => expect(judge(signs)).toEqual({ machine: reason !== null, reason }))
})

test.each([
  [{ 'sec-purpose': 'prefetch;prerender' }, 'prefetch;prerender'],
  [{ purpose: 'prefetch' }, 'prefetch'],
  [{ 'x-purpose': 'preview' }, 'preview'],
  [{ 'x-moz': 'prefetch' }, 'prefetch'],
  [{ purpose: ['prefetch', 'x'] }, 'prefetch,x'],
  [{ accept: '*/*' }, undefined],
])('purposeOf %j: %s', (headers, purpose) => expect(purposeOf(headers)).toBe(purpose))
