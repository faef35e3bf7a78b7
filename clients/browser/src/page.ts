import type { Queue } from './queue.ts'

/** Sends what waits when the page is left or hidden, and what could not be sent when it is shown again or back online. */
export function watchLeaving(queue: Queue): void {
  document.addEventListener('visibilitychange', () => (document.visibilityState === 'hidden' ? queue.leave() : void queue.send()))
  addEventListener('pagehide', queue.leave)
  addEventListener('online', queue.send)
  addEventListener('pageshow', queue.send)
}

/** Tells of this page, and of each that is shown without loading: its path, and where the visitor came from. */
export function watchPages(view: (path: string, referrer: string) => void): void {
  let shown = ''
  const look = (): void => {
    const { pathname } = location
    if (pathname === shown) return
    view(pathname, shown === '' ? document.referrer : shown)
    shown = pathname
  }
  const { pushState } = history
  history.pushState = function (...change) {
    pushState.apply(this, change)
    look()
  }
  addEventListener('popstate', look)
  // Shown again as it was left, without loading.
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) shown = ''
    look()
  })
  look()
}

/** Tells of clicks on links that lead to another host. */
export function watchOutbound(leave: (url: string) => void): void {
  const look = (event: MouseEvent): void => {
    const link = (event.target as Element | null)?.closest?.('a')
    // The main button and the middle one follow a link; the other opens a menu.
    if (link && event.button < 2 && link.host !== location.host && /^https?:$/.test(link.protocol)) leave(link.href)
  }
  // Before a handler of the page's own that stops the event.
  for (const type of ['click', 'auxclick'] as const) addEventListener(type, look, true)
}
