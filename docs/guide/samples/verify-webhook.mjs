// Receives webhooks: node verify-webhook.mjs, with the secret in WEBHOOK_SECRET.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'

const key = Buffer.from(process.env.WEBHOOK_SECRET.replace('whsec_', ''), 'base64')
const TOLERANCE_SECONDS = 5 * 60

function isGenuine(headers, text) {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures = '' } = headers
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= TOLERANCE_SECONDS)) return false
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${text}`).digest()
  return signatures.split(' ').some((signature) => {
    const given = Buffer.from(signature.replace('v1,', ''), 'base64')
    return given.length === expected.length && timingSafeEqual(given, expected)
  })
}

// Yours is a table in a database: a message may come twice, and its id is the same both times.
const seen = new Set()

const server = createServer(async (request, response) => {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  // The very bytes that came in: JSON that was read and written again is signed no more.
  const text = Buffer.concat(chunks).toString()
  if (!isGenuine(request.headers, text)) return response.writeHead(401).end()
  const id = request.headers['webhook-id']
  if (!seen.has(id)) console.log(JSON.parse(text).event_type)
  seen.add(id)
  response.writeHead(204).end()
})
server.listen(Number(process.env.PORT ?? 3000), () => console.log('listening'))
