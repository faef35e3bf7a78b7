import { useMemo, useState } from 'react'
import { useParams } from 'wouter'
import { useAnswer } from '../api/answer.ts'
import { address } from '../api/call.ts'
import type { Engagement } from '../api/partners.ts'
import { Chart } from '../design/chart.tsx'
import { Segments } from '../design/field.tsx'
import { Figure, Figures } from '../design/figure.tsx'
import { day, moment, percent } from '../design/format.ts'
import { Answered } from '../design/state.tsx'
import { Table } from '../design/table.tsx'
import { Brand, PageHead, ThemeChoice } from '../shell/shell.tsx'
import { pointsOf } from '../shell/points.ts'
import { PartTable } from '../tracking/parts.tsx'
import { partnerToken } from './token.ts'

const SPANS = [
  ['7', '7 days'],
  ['30', '30 days'],
  ['90', '90 days'],
  ['366', 'A year'],
] as const

/** A partner's numbers, for everybody; with the token that the address brings, all of them. */
export default function EngagementPage() {
  const { trackingId } = useParams<{ trackingId: string }>()
  const [days, setDays] = useState<(typeof SPANS)[number][0]>('30')
  const numbers = useAnswer<Engagement>(address(`/api/tracking/engagement/${encodeURIComponent(trackingId)}`, { days, token: partnerToken }))
  return (
    <main className="bare">
      <div className="stack-wide">
        <div className="spread">
          <Brand />
          <ThemeChoice />
        </div>
        <PageHead title={`Recommendations of ${trackingId}`}>
          <Segments label="Period" value={days} options={SPANS} onChoose={setDays} />
        </PageHead>
        <Answered of={numbers} tall>
          {(data) => <Sight numbers={data} />}
        </Answered>
      </div>
    </main>
  )
}

function Sight({ numbers }: { numbers: Engagement }) {
  const { access, totalClicks, humanClicks, totalConversions, conversionRate, clicksByDay, topCampaigns, destinations, recentActivity } = numbers
  const points = useMemo(() => pointsOf(clicksByDay.toReversed().map(({ date, clicks }) => ({ timestamp: `${date}T00:00:00Z`, clicks })), null, ({ clicks }) => clicks), [clicksByDay])
  return (
    <>
      <div className="stack">
        <Figures>
          <Figure name="Clicks in all" value={totalClicks} />
          <Figure name="By people" value={humanClicks} />
          <Figure name="Bought or signed up" value={totalConversions} />
          <Figure name="Rate, of people" value={conversionRate} shown={percent(conversionRate)} />
        </Figures>
        <Chart name="Clicks" points={points} interval="day" zone="UTC" />
      </div>
      {access === 'private' ? (
        <>
          <div className="columns">
            <PartTable title="Campaigns" name="Campaign" parts={topCampaigns.map(({ campaign, clicks, humanClicks: human }) => ({ name: campaign, count: clicks, human }))} />
            <PartTable title="Where they went" name="Site" parts={destinations.map(({ name, clicks, humanClicks: human }) => ({ name, count: clicks, human }))} />
          </div>
          <Table
            title="Latest"
            rows={recentActivity.map((one, place) => ({ ...one, place }))}
            rowKey={({ place }) => String(place)}
            few={10}
            columns={[
              { key: 'timestamp', title: 'Time', whole: true, value: ({ timestamp }) => timestamp, show: ({ timestamp }) => moment(timestamp) },
              { key: 'campaign', title: 'Campaign', value: ({ campaign }) => campaign },
              { key: 'destination', title: 'Site', value: ({ destination }) => destination },
              { key: 'eventType', title: 'Kind', value: ({ eventType }) => eventType },
              { key: 'machine', title: 'By', value: ({ machine }) => (machine ? 'machine' : 'person') },
            ]}
          />
        </>
      ) : (
        <p className="soft small">These are the public numbers. The partner sees campaigns and destinations too, with the address that was sent to them.</p>
      )}
      <Table
        title="Clicks by day"
        rows={clicksByDay}
        rowKey={({ date }) => date}
        few={10}
        columns={[
          { key: 'date', title: 'Day (UTC)', whole: true, value: ({ date }) => date, show: ({ date }) => day(`${date}T00:00:00Z`, 'UTC') },
          { key: 'clicks', title: 'Clicks', numeric: true, value: ({ clicks }) => clicks },
          { key: 'humanClicks', title: 'People', numeric: true, value: ({ humanClicks: human }) => human },
        ]}
      />
    </>
  )
}
