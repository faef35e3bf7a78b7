// Makes tracked links: one, then several at once. Run: node make-links.mjs
const url = process.env.WAYMARK_URL ?? 'http://127.0.0.1:8080'
const key = process.env.WAYMARK_KEY ?? 'your-key'

async function post(path, body) {
  const response = await fetch(`${url}/api/link-tracking${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-API-Key': key },
    body: JSON.stringify(body),
  })
  const answer = await response.json()
  // A refused single link has no results; a bulk answer says for each link what became of it.
  if (!response.ok && !answer.results) throw new Error(`${response.status}: ${answer.error}`)
  return answer
}

const profile = await post('/links', {
  original_url: 'https://www.linkedin.com/in/example',
  link_function: 'LinkedIn',
  link_type: 'profile',
  description: 'Profile, in the application to Example Ltd',
})
console.log('Hand out:', profile.redirect_url)

const several = await post('/links/bulk', {
  links: [
    { original_url: 'https://calendly.com/example', link_function: 'Calendly' },
    { original_url: 'https://github.com/example', link_function: 'GitHub' },
    { original_url: 'not an address' },
  ],
})
for (const { index, success, link, field, error } of several.results) {
  console.log(index, success ? link.redirect_url : `refused, ${field} ${error}`)
}
