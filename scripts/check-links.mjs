// Checks a server from the outside, as a redirect domain uses it: node scripts/check-links.mjs URL KEY [TRACKING_ID]
// URL and KEY may also come as WAYMARK_URL and WAYMARK_KEY. Two checks send a click each, to a tracking id of their own unless
// one is given. Prints a line a check; exits with 0 when all passed, 1 when one failed, 2 when it was not told what to check.
import { randomUUID } from 'node:crypto'

/** @typedef {{ status: number, body: Record<string, unknown> | null, text: string }} Answer */

const [url = process.env.WAYMARK_URL, key = process.env.WAYMARK_KEY, trackingId = 'waymark-check'] = process.argv.slice(2)
if (!url || !key) {
  console.error('Usage: node scripts/check-links.mjs URL KEY [TRACKING_ID]')
  process.exit(2)
}
const base = `${url.replace(/\/+$/, '')}/api/tracking-ingest`
const PATIENCE_MS = 10_000

const full = {
  tracking_id: trackingId,
  event_id: randomUUID(),
  clicked_at: new Date().toISOString(),
  ip_address: '203.0.113.42',
  user_agent: 'Waymark check-links (bot)',
  referrer_url: 'https://example.com/',
  click_source: 'check',
  session_id: randomUUID(),
  metadata: { sent_by: 'scripts/check-links.mjs' },
}

/** @type {{ name: string, expected: string, ask: () => Promise<Answer>, passes: (answer: Answer) => boolean }[]} */
const checks = [
  {
    name: 'health',
    expected: '200 and status healthy',
    ask: () => ask('GET', '/health', null),
    passes: ({ status, body }) => status === 200 && body?.status === 'healthy',
  },
  {
    name: 'connection',
    expected: '200 and success true',
    ask: () => ask('POST', '/test', key),
    passes: ({ status, body }) => status === 200 && body?.success === true,
  },
  {
    name: 'invalid key',
    expected: '401',
    ask: () => ask('POST', '/test', `not-${randomUUID()}`),
    passes: ({ status }) => status === 401,
  },
  {
    name: 'valid batch',
    expected: '200 and the click stored',
    ask: () => ask('POST', '/batch', key, { events: [full] }),
    passes: ({ status, body }) => status === 200 && body?.success === true,
  },
  {
    name: 'invalid batch',
    expected: '400 and success false',
    ask: () => ask('POST', '/batch', key, { events: 'none' }),
    passes: ({ status, body }) => status === 400 && body?.success === false,
  },
  {
    name: 'minimal event',
    expected: '200 and the click stored',
    ask: () => ask('POST', '/batch', key, { events: [{ tracking_id: trackingId }] }),
    passes: ({ status, body }) => status === 200 && body?.success === true,
  },
]

let passed = 0
for (const { name, expected, ask: question, passes } of checks) {
  const answer = await question()
  const pass = passes(answer)
  if (pass) passed++
  const got = answer.status === 0 ? `no answer (${answer.text})` : `${answer.status} ${answer.text.slice(0, 300)}`
  console.log(`${pass ? 'PASS' : 'FAIL'}  ${name.padEnd(13)}  ${pass ? expected : `expected ${expected}; got ${got}`}`)
}
console.log(`\n${passed} of ${checks.length} checks passed.`)
process.exitCode = passed === checks.length ? 0 : 1

/**
 * Asks once. Where no answer comes, the status is 0 and the text says why.
 * @param {string} method
 * @param {string} path
 * @param {string | null} withKey
 * @param {object} [body]
 * @returns {Promise<Answer>}
 */
async function ask(method, path, withKey, body) {
  try {
    const response = await fetch(base + path, {
      method,
      headers: { ...(withKey === null ? {} : { 'X-API-Key': withKey }), ...(body ? { 'Content-Type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
    const text = await response.text()
    return { status: response.status, body: parsed(text), text }
  } catch (error) {
    return { status: 0, body: null, text: reason(error) }
  }
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** @param {unknown} error */
function reason(error) {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(cause instanceof Error)) return String(cause)
  return cause.message || ('code' in cause ? String(cause.code) : cause.name)
}
