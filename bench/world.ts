/** What the benches fill stores with and send; who does it is the crowd of `src/cli/crowd.ts`. */

import type { Cell } from '../src/store/engine.ts'
import { EVENT_COLUMN_NAMES, type EventColumn } from '../src/store/events.ts'

/** Events to fill a store with, in about the order of time. */
export interface Seeded {
  /** The next so many, as rows of the events' table. */
  next(count: number): Cell[][]
  /** Who is who, told by all events together. */
  aliases: { project: string; alias: string; person: string }[]
}

/** A row of the events' table. */
export function cellsOf(event: Partial<Record<EventColumn, Cell>>): Cell[] {
  return EVENT_COLUMN_NAMES.map((name) => event[name] ?? null)
}

/** Where all links lead. */
export const DESTINATION = 'https://example.com/landing?page=1'

/** The link's place among those that redirect, and so a click's source. */
export const SOURCES = ['linkedin', 'website', 'calendly', 'portfolio', 'github', 'link'] as const
