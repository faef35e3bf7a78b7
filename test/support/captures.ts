import { newId } from '../../src/core/ids.ts'
import type { Cell } from '../../src/store/engine.ts'
import { EVENT_COLUMN_NAMES } from '../../src/store/events.ts'
import type { FreshStore } from './engines.ts'
import { engineOn } from './store.ts'

/** An event of the tracking family, as the partners' numbers look at it. */
export interface Capture {
  referrer: string
  /** UTC ms. */
  ts: number
  name?: 'inbound' | 'outbound'
  campaign?: string
  destination_url?: string | null
  machine?: boolean
}

/** Puts events of the tracking family into a store that no server has open. */
export async function storeCaptures(store: FreshStore, captures: readonly Capture[]): Promise<void> {
  const engine = await engineOn(store)
  try {
    const rows = captures.map((capture) => {
      const event: Record<string, Cell> = { id: newId(), project: 'tracking', source: 'web', name: 'inbound', received_at: capture.ts, campaign: 'none', landing_page: '/', machine: false, ...capture }
      return EVENT_COLUMN_NAMES.map((name) => event[name] ?? null)
    })
    await engine.transaction('events', (tx) => tx.append('events', EVENT_COLUMN_NAMES, rows))
  } finally {
    await engine.close()
  }
}
