// Keeps a copy of all links in links.json: the first run takes all, later ones what has changed. Run: node sync-links.mjs
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'

const url = process.env.WAYMARK_URL ?? 'http://127.0.0.1:8080'
const key = process.env.WAYMARK_KEY ?? 'your-key'
const file = process.env.LINKS_FILE ?? 'links.json'
const LIMIT = 1_000

const copy = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { cursor: '', links: {} }
let changed = 0

for (let page = LIMIT; page === LIMIT; ) {
  const query = new URLSearchParams({ limit: String(LIMIT), ...(copy.cursor && { cursor: copy.cursor }) })
  const response = await fetch(`${url}/api/link-tracking/sync?${query}`, { headers: { 'X-API-Key': key } })
  const { links, cursor, error } = await response.json()
  if (!response.ok) throw new Error(`${response.status}: ${error}`)
  for (const link of links) copy.links[link.tracking_id] = link
  copy.cursor = cursor
  page = links.length
  changed += page
}

// Links and cursor are replaced together, so a run that is cut off is simply repeated.
writeFileSync(`${file}.new`, JSON.stringify(copy, null, 2))
renameSync(`${file}.new`, file)
console.log(`${changed} changed, ${Object.keys(copy.links).length} links in ${file}`)
