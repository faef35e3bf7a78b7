import { randomId } from './ids.ts'
import { keeper } from './keeper.ts'
import { watchLeaving, watchOutbound, watchPages } from './page.ts'
import { type Queue, openQueue } from './queue.ts'

/** What a page tells, and to whom. */
export interface Settings {
  /** Address of the Waymark server. */
  server: string
  /** Key of the project that `track` counts for. */
  project?: string | undefined
  /** Counts page views, also those of pages that change without loading. Needs a project. */
  pageviews?: boolean | undefined
  /** Counts clicks on links that lead to other hosts. */
  outbound?: boolean | undefined
  /** Captures visits by addresses of `generateTrackingLink`. */
  campaigns?: boolean | undefined
}

/** Who sent a visitor, and where to. */
export interface Visit {
  referrer: string
  campaign: string
  originalSource?: string | undefined
  landingPage: string
}

const ANONYMOUS = 'waymark-anonymous'
const USER = 'waymark-user'
const SESSION = 'waymark-session'
const VISIT = 'waymark-visit'

const browser = keeper(() => localStorage)
const tab = keeper(() => sessionStorage)
let queue: Queue | null = null
let project = ''
let captured = ''

/**
 * Begins to send. Only the first call counts, and none does where the visitor asks not to be tracked (`DNT`, Global Privacy
 * Control): then nothing is kept or sent by any other function either. On a server it does nothing.
 */
export function start(settings: Settings): void {
  if (queue !== null || typeof window === 'undefined' || optedOut()) return
  // A page that the browser makes in advance may never be seen.
  if ((document as { prerendering?: boolean }).prerendering) return document.addEventListener('prerenderingchange', () => start(settings), { once: true })
  queue = openQueue(settings.server.replace(/\/$/, ''))
  project = settings.project ?? ''
  watchLeaving(queue)
  if (settings.campaigns) LinkTrackingService.captureTracking(location.search)
  if (settings.pageviews) watchPages((path, referrer) => track('page_view', { path, referrer }))
  if (settings.outbound) watchOutbound(leaveFor)
  // What an earlier page could not send.
  void queue.send()
}

/** Counts an event of the project. */
export function track(eventName: string, properties?: Record<string, unknown>): void {
  if (project === '') return
  queue?.add(project, {
    eventName,
    timestamp: now(),
    anonymousId: given(browser, ANONYMOUS),
    userId: browser.get(USER) ?? undefined,
    sessionId: given(tab, SESSION),
    properties,
  })
}

/** Says who the visitor is, from now on and for what was counted before; null when they sign out. */
export function identify(userId: string | null): void {
  if (queue === null) return
  if (userId !== null) return browser.set(USER, userId)
  browser.remove(USER)
  browser.remove(ANONYMOUS)
}

/** Tracking of campaigns: addresses to hand out, visits by them, and clicks that lead where you want people to go. */
export const LinkTrackingService = {
  /** The address of a page, this site's first unless told, that says who sent its visitors. */
  generateTrackingLink(userId: string, campaign?: string, destination: string = location.origin): string {
    const url = new URL(destination, typeof location === 'undefined' ? undefined : location.href)
    url.searchParams.set('ref', userId)
    if (campaign) url.searchParams.set('campaign', campaign)
    return url.href
  },

  /** Captures a visit when the query of the page's address says who sent the visitor, once a page. Gives the latest visit of this tab. */
  captureTracking(search: string): Visit | null {
    const query = new URLSearchParams(search)
    const referrer = query.get('ref')
    if (!referrer) return latestVisit()
    const visit: Visit = {
      referrer,
      campaign: query.get('campaign') || query.get('utm_campaign') || 'none',
      originalSource: query.get('source') || query.get('utm_source') || undefined,
      landingPage: location.pathname,
    }
    const page = location.pathname + search
    if (queue !== null && captured !== page) {
      captured = page
      tab.set(VISIT, JSON.stringify(visit))
      capture(visit)
    }
    return visit
  },

  /** Captures a click that leads on: a conversion of the visit. */
  trackOutboundClick(userId: string, destinationUrl: string, campaign: string): void {
    capture({ landingPage: location.pathname, ...latestVisit(), referrer: userId, campaign, eventType: 'outbound', destinationUrl })
  },
}

function leaveFor(url: string): void {
  const visit = latestVisit()
  if (visit) LinkTrackingService.trackOutboundClick(visit.referrer, url, visit.campaign)
  track('outbound_click', { url })
}

function capture(event: object): void {
  queue?.add('', { ...event, timestamp: now(), sessionId: given(tab, SESSION) })
}

function latestVisit(): Visit | null {
  return JSON.parse(tab.get(VISIT) ?? 'null') as Visit | null
}

function now(): string {
  return new Date().toISOString()
}

/** A name that is made when it is first asked for. */
function given(place: typeof tab, name: string): string {
  const known = place.get(name)
  if (known !== null) return known
  const made = randomId()
  place.set(name, made)
  return made
}

function optedOut(): boolean {
  const { doNotTrack, globalPrivacyControl } = navigator as Navigator & { globalPrivacyControl?: boolean }
  return doNotTrack === '1' || globalPrivacyControl === true
}
