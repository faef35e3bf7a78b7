import { useAnswer } from '../api/answer.ts'
import { address } from '../api/call.ts'
import type { Numbers } from '../api/numbers.ts'
import type { ReferrerStats } from '../api/tracking.ts'
import { Button } from '../design/button.tsx'
import { Answered } from '../design/state.tsx'
import { Totals } from '../shell/totals.tsx'
import type { View } from '../shell/view.ts'
import { EventTable } from './events.tsx'
import { PartTable } from './parts.tsx'

/** What one referrer brings. */
export function Referrer({ view, referrer }: { view: View; referrer: string }) {
  const { from, to, zone: timezone, interval } = view
  const stats = useAnswer<ReferrerStats>(address(`/api/tracking/referrer/${encodeURIComponent(referrer)}`, { from, to, timezone }), { live: true })
  const numbers = useAnswer<Numbers>(address('/api/numbers', { from, to, timezone, interval, source: 'web', referrer }), { live: true })
  return (
    <div className="stack-wide">
      <div className="row">
        <span className="soft">What this referrer brings</span>
        <Button slim onClick={() => view.set({ referrer: '' })}>
          All referrers
        </Button>
      </div>
      <Answered of={numbers} tall>
        {(counted) => (
          <>
            <Totals name="Captures" numbers={counted} view={view} />
            <Answered of={stats}>
              {(data) => (
                <>
                  <PartTable
                    title="Campaigns of this referrer"
                    name="Campaign"
                    parts={Object.entries(data.campaigns).map(([name, count]) => ({ name, count, human: Object.hasOwn(data.humanCampaigns, name) ? (data.humanCampaigns[name] ?? 0) : 0 }))}
                  />
                  <EventTable title="Its last events" events={data.events} zone={timezone} />
                </>
              )}
            </Answered>
          </>
        )}
      </Answered>
    </div>
  )
}
