import { execFileSync, spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makeToken, readToken } from './token.ts'

const SECRET = 'a secret of at least thirty-two bytes'
const UMLAUTS = 'größer als zweiunddreißig Bytes, ja'
const AT = 1_763_821_800

/** Made by the requirement's own function, at this moment. */
const VECTORS: [campaignId: number, leadId: number, secret: string, token: string][] = [
  [1, 42, SECRET, 'MTo0MjoxNzYzODIxODAwIoGlnyz3ZzHebUH-rcxrHQwc5usHkw-MI2X25ymDXNM'],
  [1, 42, UMLAUTS, 'MTo0MjoxNzYzODIxODAww1971dGuBeKH6NiMQ3oLh0jKFwts855YGn3dBAuLUcQ'],
  [1, 1, SECRET, 'MToxOjE3NjM4MjE4MDDlCitJczQvwuhwrJzCgI_Y5YW033D7okJDXBRhkapCNA'],
  [7, 123_456, SECRET, 'NzoxMjM0NTY6MTc2MzgyMTgwMAcaULWMEGxk5XYdvtrT7YzSUJLKQ--8xIR2AFcnfoni'],
  [2_147_483_647, Number.MAX_SAFE_INTEGER, UMLAUTS, 'MjE0NzQ4MzY0Nzo5MDA3MTk5MjU0NzQwOTkxOjE3NjM4MjE4MDCdCe0E8OU-RfY70ZX96PilVE5hg0gUaQK8b0d8dPRZgw'],
]

/** The requirement's function as it stands there, at a moment of our choice. */
const PYTHON = `
import hmac
import hashlib
import base64
import sys
import datetime as real

class datetime(real.datetime):
    @classmethod
    def utcnow(cls):
        return real.datetime.fromtimestamp(int(sys.argv[1]))

def generate_tracking_token(campaign_id: int, lead_id: int, secret_key: str) -> str:
    """Generate a tracking token."""
    timestamp = int(datetime.utcnow().timestamp())
    data = f"{campaign_id}:{lead_id}:{timestamp}"

    # Create HMAC signature
    signature = hmac.new(
        secret_key.encode(),
        data.encode(),
        hashlib.sha256
    ).digest()

    # Combine and encode
    token = base64.urlsafe_b64encode(data.encode() + signature).decode().rstrip('=')
    return token

for line in sys.stdin.read().splitlines():
    campaign, lead = line.split()
    print(generate_tracking_token(int(campaign), int(lead), sys.argv[2]))
`

const ids = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
const tokens = fc.record({ campaignId: ids, leadId: ids, at: fc.integer({ min: 0, max: 99_999_999_999 }) })
const secrets = fc.string({ minLength: 1 })
const TOKEN = makeToken({ campaignId: 1, leadId: 42, at: AT }, SECRET)

describe('a token', () => {
  test.each(VECTORS)('of campaign %i and lead %i is the one of the requirement', (campaignId, leadId, secret, token) => {
    expect(makeToken({ campaignId, leadId, at: AT }, secret)).toBe(token)
    expect(readToken(token, secret)).toEqual({ campaignId, leadId, at: AT })
  })

  test.skipIf(spawnSync('python3', ['--version']).status !== 0)('is made alike by the Python function, whatever the ids', () => {
    const wanted = fc.sample(fc.tuple(ids, ids), { numRuns: 200, seed: 4 })
    const made = execFileSync('python3', ['-c', PYTHON, String(AT), UMLAUTS], { input: wanted.map((pair) => pair.join(' ')).join('\n') }).toString().trim().split('\n')
    expect(made).toEqual(wanted.map(([campaignId, leadId]) => makeToken({ campaignId, leadId, at: AT }, UMLAUTS)))
  })

  test('says what it was made of', () => {
    fc.assert(fc.property(tokens, secrets, (token, secret) => void expect(readToken(makeToken(token, secret), secret)).toEqual(token)))
  })

  test('of another secret is none', () => {
    fc.assert(fc.property(tokens, secrets, secrets, (token, made, asked) => void expect(readToken(makeToken(token, made), asked)).toEqual(made === asked ? token : null)))
  })

  test('has one spelling: one letter changed, taken or added and it is none', () => {
    const letter = fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/ .%\0é')
    fc.assert(
      fc.property(tokens, fc.nat(), letter, fc.constantFrom('change', 'take', 'add'), (token, place, other, how) => {
        const whole = makeToken(token, SECRET)
        const at = place % (whole.length + (how === 'add' ? 1 : 0))
        const changed = whole.slice(0, at) + (how === 'take' ? '' : other) + whole.slice(how === 'add' ? at : at + 1)
        fc.pre(changed !== whole)
        expect(readToken(changed, SECRET)).toBe(null)
      }),
      { numRuns: 2_000 },
    )
  })

  test('that is anything at all is none', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.base64String(), fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('base64url'))), (text) => void expect(readToken(text, SECRET)).toBe(null)))
  })

  test.each([
    ['nothing', ''],
    ['padding', `${TOKEN}=`],
    ['the other alphabet', makeToken({ campaignId: 7, leadId: 123_456, at: AT }, SECRET).replaceAll('-', '+')],
    ['spare bits at the end', TOKEN.replace(/M$/, 'N')],
    ['a line feed behind it', `${TOKEN}\n`],
    ['the signature cut', Buffer.from(TOKEN, 'base64url').subarray(0, -1).toString('base64url')],
    ['a signature alone', Buffer.alloc(32).toString('base64url')],
    ['a megabyte', 'A'.repeat(1_048_576)],
  ])('with %s is none', (_, text) => {
    expect(readToken(text, SECRET)).toBe(null)
  })

  test.each([
    [0, 1],
    [1, 0],
    [-1, 1],
    [1.5, 1],
    [Number.NaN, 1],
    [Number.MAX_SAFE_INTEGER + 1, 1],
    [1, 2 ** 60],
  ])('of campaign %d and lead %d is none, though it is signed', (campaignId, leadId) => {
    expect(readToken(makeToken({ campaignId, leadId, at: AT }, SECRET), SECRET)).toBe(null)
  })
})
