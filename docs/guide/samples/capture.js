// For every page: tells Waymark who sent a visitor, and when the visitor goes on elsewhere.
const WAYMARK_URL = 'https://waymark.example.com'

const query = new URLSearchParams(location.search)
if (query.has('ref')) {
  const visit = {
    referrer: query.get('ref'),
    campaign: query.get('campaign') ?? 'none',
    originalSource: query.get('source'),
    landingPage: location.pathname,
    sessionId: crypto.randomUUID(),
  }
  // For the pages behind this one, and until the tab is closed.
  sessionStorage.setItem('visit', JSON.stringify(visit))
  fetch(`${WAYMARK_URL}/api/tracking/capture`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ ...visit, eventId: crypto.randomUUID() }),
  }).catch(() => undefined)
}

document.addEventListener('click', (event) => {
  const visit = JSON.parse(sessionStorage.getItem('visit'))
  const link = event.target.closest('a[href^="http"]')
  if (!visit || !link || link.host === location.host) return
  // A beacon is sent though the page is left. As text: with another type the browser would have to ask first.
  navigator.sendBeacon(
    `${WAYMARK_URL}/api/tracking/capture`,
    JSON.stringify({ ...visit, eventType: 'outbound', destinationUrl: link.href, eventId: crypto.randomUUID() }),
  )
})
