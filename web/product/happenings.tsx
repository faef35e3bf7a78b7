import { useMemo, useState } from 'react'
import { useAnswer } from '../api/answer.ts'
import { address } from '../api/call.ts'
import type { ProductOverview, ProductSeries } from '../api/product.ts'
import { Button } from '../design/button.tsx'
import { Chart } from '../design/chart.tsx'
import { Figure, Figures } from '../design/figure.tsx'
import { Answered, Empty } from '../design/state.tsx'
import { Clip, Table } from '../design/table.tsx'
import { pointsOf } from '../shell/points.ts'
import type { View } from '../shell/view.ts'
import type { ReportProps } from './question.ts'

/** What happens in a product: totals, by time, by event. */
export function Happenings({ projectKey, view, asked, overview }: ReportProps & { overview: ProductOverview }) {
  const eventName = view.get('event')
  const series = useAnswer<ProductSeries>(address('/v1/reports/events-timeseries', { ...asked.query, interval: view.interval, eventName, compare: true }), { live: true })
  const points = useMemo(() => pointsOf(series.data?.series ?? [], view.comparing ? (series.data?.before ?? null) : null, ({ count }) => count), [series.data, view.comparing])
  const name = eventName === '' ? 'Events' : eventName
  const { top = [], before } = overview
  const was = view.comparing ? before : undefined
  return (
    <>
      <div className="stack">
        <Figures>
          <Figure name="Events" value={overview.totalEvents} before={was?.totalEvents} />
          <Figure name="Users" value={overview.uniqueUsers} before={was?.uniqueUsers} />
          <Figure name="Kinds of events" value={overview.uniqueEventNames} before={was?.uniqueEventNames} />
        </Figures>
        {eventName && (
          <div className="row">
            <span className="small">
              By time: only <bdi>{eventName}</bdi>
            </span>
            <Button slim onClick={() => view.set({ event: '' })}>
              Show all
            </Button>
          </div>
        )}
        <Answered of={series} tall>
          {(data) => <Chart name={name.slice(0, 60)} points={points} interval={data.interval as 'day'} zone={view.zone} />}
        </Answered>
      </div>
      {series.data && (top.length === 0 ? <NothingYet projectKey={projectKey} /> : <TopEvents top={top} view={view} />)}
    </>
  )
}

function TopEvents({ top, view }: { top: NonNullable<ProductOverview['top']>; view: View }) {
  return (
    <Table
      title="Top events"
      rows={top}
      rowKey={(event) => event.eventName}
      few={10}
      columns={[
        { key: 'name', title: 'Event', wide: true, value: (event) => event.eventName, share: (event) => (100 * event.count) / (top[0]?.count ?? 1), show: (event) => <Clip text={event.eventName} /> },
        { key: 'count', title: 'Events', numeric: true, value: (event) => event.count },
        { key: 'users', title: 'Users', numeric: true, value: (event) => event.uniqueUsers },
      ]}
      actions={(event) => (
        <Button slim aria-label={`By time: ${event.eventName.slice(0, 80)}`} onClick={() => view.set({ event: event.eventName })}>
          By time
        </Button>
      )}
    />
  )
}

function NothingYet({ projectKey }: { projectKey: string }) {
  const [now] = useState(() => `${new Date().toISOString().slice(0, 19)}Z`)
  const code = `curl -X POST ${location.origin}/v1/events/batch -H "Content-Type: application/json" \\
  -d '{"projectKey": "${projectKey}", "events": [{"eventName": "app_open", "anonymousId": "anon-1", "timestamp": "${now}"}]}'`
  return (
    <Empty title="No events in this period" code={code} what="the call that sends an event">
      Send the first one from your app. It shows up here within a second. Or choose a longer period above.
    </Empty>
  )
}
