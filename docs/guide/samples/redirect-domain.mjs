// A redirect domain of your own: it redirects at once and reports the clicks in batches. Run: node redirect-domain.mjs
import { createServer } from 'node:http'
import { click, sendClicks } from './send-clicks.mjs'

const url = process.env.WAYMARK_URL ?? 'http://127.0.0.1:8080'
const key = process.env.WAYMARK_KEY ?? 'your-key'
const port = Number(process.env.PORT ?? 3000)

const PATHS = new Set(['/linkedin', '/calendly', '/portfolio', '/github', '/website', '/link'])
const FRESH_MS = 1_000
const SEND_EVERY_MS = 5_000
const BATCH = 500

/** Where a link leads, or null. What was known is used while Waymark does not answer. */
const known = new Map()
async function destination(id) {
  const held = known.get(id)
  if (held && Date.now() - held.at < FRESH_MS) return held.to
  try {
    const response = await fetch(`${url}/api/link-tracking/lookup/${id}`, { headers: { 'X-API-Key': key }, signal: AbortSignal.timeout(2_000) })
    const answer = await response.json()
    if (![200, 404, 410].includes(response.status)) throw new Error(answer.error)
    const to = response.status === 200 ? answer.destination_url : null
    if (to !== null || held) known.set(id, { to, at: Date.now() })
    return to
  } catch (error) {
    if (held) return held.to
    throw error
  }
}

let queue = []
let sending = Promise.resolve()

/** Sends what has gathered. What could not be sent goes back to the queue, with the ids it has. */
async function sendAll() {
  while (queue.length > 0) {
    const batch = queue.splice(0, BATCH)
    try {
      const { failed, errors } = await sendClicks(batch)
      if (failed > 0) console.error('Refused, and kept as dead letters:', errors)
    } catch (error) {
      console.error('Not sent:', error.message)
      queue = [...batch, ...queue]
      return
    }
  }
}
const send = () => (sending = sending.then(sendAll))

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(URL.canParse(request.url, 'http://localhost') ? request.url : '/', 'http://localhost')
  const id = searchParams.get('uuid') ?? ''
  if (!PATHS.has(pathname)) return response.writeHead(404).end('There is nothing here.')
  if (!/^[A-Za-z0-9_-]{1,100}$/.test(id)) return response.writeHead(400).end('This link is incomplete.')
  try {
    const to = await destination(id)
    if (to === null) return response.writeHead(404).end('This link does not exist or is no longer active.')
    response.writeHead(302, { Location: to, 'Cache-Control': 'no-store' }).end()
  } catch {
    return response.writeHead(503, { 'Retry-After': '2' }).end('Please try again in a moment.')
  }
  if (request.method !== 'GET') return
  queue.push(
    click({
      tracking_id: id,
      // Behind a proxy of your own, take the address that it passes on.
      ip_address: request.socket.remoteAddress,
      user_agent: request.headers['user-agent']?.slice(0, 1_000),
      referrer_url: request.headers.referer?.slice(0, 1_000),
      click_source: pathname.slice(1),
      metadata: { host: request.headers.host },
    }),
  )
  if (queue.length >= BATCH) send()
})

const timer = setInterval(send, SEND_EVERY_MS)
server.listen(port, () => console.log(`Redirecting on port ${port}`))

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    clearInterval(timer)
    server.close(() => send().then(() => process.exit(queue.length === 0 ? 0 : 1)))
    server.closeIdleConnections()
  })
}
