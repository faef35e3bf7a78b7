'use client'

import { type ReactNode, useEffect, useState } from 'react'
import { LinkTrackingService, type Settings, type Visit, identify, start, track } from './index.ts'

/** Begins to send, with these settings, before anything in it is shown. Put it around the app. */
export function LinkTracker({ children, ...settings }: Settings & { children?: ReactNode }): ReactNode {
  // Not in an effect: those of the children would run before it.
  useState(() => start(settings))
  return children
}

/** What `useLinkTracking` gives: the functions of the package, and the visit once it is known. */
export type LinkTracking = typeof LinkTrackingService & { track: typeof track; identify: typeof identify; visit: Visit | null }

/** Captures the visit that the page's address, or the given query of it, tells of. */
export function useLinkTracking(search?: string): LinkTracking {
  const [visit, setVisit] = useState<Visit | null>(null)
  // Not while rendering: it captures, and on a server there is no address.
  // oxlint-disable-next-line react/set-state-in-effect
  useEffect(() => setVisit(LinkTrackingService.captureTracking(search ?? location.search)), [search])
  return { ...LinkTrackingService, track, identify, visit }
}
