import { Link, useSearch } from 'wouter'
import { useAnswer } from '../api/answer.ts'
import { address } from '../api/call.ts'
import { useLive } from '../api/live.ts'
import type { Numbers } from '../api/numbers.ts'
import type { CampaignStats } from '../api/tracking.ts'
import { Button } from '../design/button.tsx'
import { Answered, Empty, Notice } from '../design/state.tsx'
import { PeriodPicker } from '../shell/period.tsx'
import { PageHead } from '../shell/shell.tsx'
import { Totals } from '../shell/totals.tsx'
import { type View, useView } from '../shell/view.ts'
import { EventTable } from './events.tsx'
import { PartTable } from './parts.tsx'
import { Referrer } from './referrer.tsx'

/** What campaigns bring: totals, by time, by referrer, campaign and landing page, and the last events. */
export default function DashboardPage() {
  const view = useView()
  const referrer = view.get('referrer')
  useLive(['web'])
  return (
    <>
      <PageHead title={referrer === '' ? 'Campaigns' : referrer.length > 80 ? `${referrer.slice(0, 80)}…` : referrer}>
        <PeriodPicker view={view} />
      </PageHead>
      {referrer ? <Referrer view={view} referrer={referrer} /> : <All view={view} />}
    </>
  )
}

function All({ view }: { view: View }) {
  const campaign = view.get('campaign')
  const { from, to, zone: timezone, interval } = view
  const stats = useAnswer<CampaignStats>(address('/api/tracking/stats', { from, to, timezone, campaign }), { live: true })
  const numbers = useAnswer<Numbers>(address('/api/numbers', { from, to, timezone, interval, source: 'web', campaign }), { live: true })
  const search = useSearch()
  return (
    <div className="stack-wide">
      {campaign && (
        <div className="row">
          <span>
            Only campaign <bdi>{campaign}</bdi>
          </span>
          <Button slim onClick={() => view.set({ campaign: '' })}>
            Show all
          </Button>
        </div>
      )}
      <Answered of={numbers} tall>
        {(counted) => (
          <>
            <Totals name="Captures" numbers={counted} view={view} />
            <Answered of={stats}>
              {(data) =>
                data.totalEvents === 0 && data.recent.length === 0 ? (
                  <NothingYet />
                ) : (
                  <>
                    {data.truncated && <Notice>Each list shows its 100 largest entries; there are more.</Notice>}
                    <div className="columns">
                      <PartTable
                        title="Referrers"
                        name="Referrer"
                        parts={parts(data.byReferrer, data.humanByReferrer)}
                        show={(name) => <Link href={`/tracking-dashboard?${withParam(search, 'referrer', name)}`}>{name}</Link>}
                      />
                      <PartTable
                        title="Campaigns"
                        name="Campaign"
                        parts={parts(data.byCampaign, data.humanByCampaign)}
                        show={(name) => <Link href={`/tracking-dashboard?${withParam(search, 'campaign', name)}`}>{name}</Link>}
                      />
                      <PartTable title="Landing pages" name="Landing page" parts={parts(data.byLandingPage, data.humanByLandingPage)} />
                    </div>
                    <EventTable title="Recent events" events={data.recent} zone={timezone} />
                  </>
                )
              }
            </Answered>
          </>
        )}
      </Answered>
    </div>
  )
}

function NothingYet() {
  const code = `fetch('${location.origin}/api/tracking/capture', {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ referrer: 'newsletter', campaign: 'launch', landingPage: location.pathname }),
})`
  return (
    <Empty title="No captures in this period" code={code} what="the script for your page">
      Put this into your landing page. Each visit then shows up here within a second. Or choose a longer period above.
    </Empty>
  )
}

/** The rows of one of the maps, with the people's part beside each. */
function parts(all: Record<string, number>, human: Record<string, number>) {
  return Object.entries(all).map(([name, count]) => ({ name, count, human: Object.hasOwn(human, name) ? (human[name] as number) : 0 }))
}

function withParam(search: string, name: string, value: string): string {
  const params = new URLSearchParams(search)
  params.set(name, value)
  return params.toString()
}
