// Sends clicks to Waymark in batches, and again until they are acknowledged. Run: node send-clicks.mjs
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'

const url = process.env.WAYMARK_URL ?? 'http://127.0.0.1:8080'
const key = process.env.WAYMARK_KEY ?? 'your-key'

/** A click with its id and its time. Make it once, when the click happens: every try must send the same id. */
export function click(fields) {
  return { event_id: randomUUID(), clicked_at: new Date().toISOString(), ...fields }
}

/**
 * Sends up to 1,000 clicks and gives the answer's `results`, which say what became of each. Busy, away or cut off: it tries
 * again, with pauses that grow. Throws when another try cannot help (401, 403, 413), and after `tries` of them.
 */
export async function sendClicks(events, tries = 8) {
  for (let attempt = 1; ; attempt++) {
    const { status, answer, retryAfter } = await post(events)
    if (answer.results) return answer.results
    const hopeless = status >= 400 && status < 500 && status !== 429
    if (hopeless || attempt === tries) throw new Error(`${status}: ${answer.error}`)
    const growing = Math.min(30, 0.25 * 2 ** attempt) * (0.5 + Math.random() / 2)
    await wait(1_000 * (retryAfter || growing))
  }
}

/** One try. No answer, or half of one, is status 0: the clicks may be stored or not. */
async function post(events) {
  try {
    const response = await fetch(`${url}/api/tracking-ingest/batch`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-API-Key': key },
      body: JSON.stringify({ events }),
      signal: AbortSignal.timeout(10_000),
    })
    return { status: response.status, answer: await response.json(), retryAfter: Number(response.headers.get('retry-after')) }
  } catch (error) {
    return { status: 0, answer: { error: error.cause?.message ?? error.message } }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const clicks = [
    click({ tracking_id: 'linkedin-profile-abc123', ip_address: '203.0.113.42', click_source: 'linkedin' }),
    click({ tracking_id: 'an id with spaces' }),
  ]
  console.log('First time:', await sendClicks(clicks))
  console.log('Once more: ', await sendClicks(clicks))
}
