import { useMemo, useState } from 'react'
import { useParams } from 'wouter'
import { useAnswer } from '../api/answer.ts'
import { address } from '../api/call.ts'
import type { MailCampaign, MailNumbers, Mailing } from '../api/email.ts'
import { useLive } from '../api/live.ts'
import { Bars } from '../design/bars.tsx'
import { Button } from '../design/button.tsx'
import { Chart } from '../design/chart.tsx'
import { Segments } from '../design/field.tsx'
import { Figure, Figures } from '../design/figure.tsx'
import { number, percent } from '../design/format.ts'
import { Answered } from '../design/state.tsx'
import { Table } from '../design/table.tsx'
import { PeriodPicker } from '../shell/period.tsx'
import { useIsAdmin } from '../shell/session.tsx'
import { PageHead } from '../shell/shell.tsx'
import { type View, useView } from '../shell/view.ts'
import { CAMPAIGNS } from './address.ts'
import { CampaignForm } from './campaign-form.tsx'
import { MailingForm } from './mailing-form.tsx'
import { MailingTable } from './mailings.tsx'

const DAILY = [
  ['unique_opens', 'Opened'],
  ['unique_clicks', 'Clicked'],
  ['sent', 'Sent'],
  ['unsubscribes', 'Unsubscribed'],
] as const

/** One campaign: how far its mails come, and where its mailings are. */
export default function CampaignPage() {
  const { id } = useParams<{ id: string }>()
  const view = useView()
  const admin = useIsAdmin()
  const [open, setOpen] = useState<'change' | 'send' | null>(null)
  const own = `${CAMPAIGNS}/${encodeURIComponent(id)}`
  const campaign = useAnswer<MailCampaign>(own)
  const numbers = useAnswer<MailNumbers>(address(`${CAMPAIGNS}/analytics`, { campaign_id: id, from: view.firstDay, to: view.lastDay, timezone: view.zone, compare: true }), { live: true })
  const mailings = useAnswer<{ mailings: Mailing[] }>(`${own}/mailings`, { live: true })
  useLive(['email'])
  return (
    <>
      <PageHead title={campaign.data?.name ?? 'Campaign'}>
        <PeriodPicker view={view} />
      </PageHead>
      <Answered of={campaign} tall>
        {(data) => (
          <div className="stack-wide">
            <div className="spread">
              <p>
                {data.subject ? (
                  <>
                    Subject: <bdi>{data.subject}</bdi>
                  </>
                ) : (
                  <span className="soft">No subject yet</span>
                )}
              </p>
              {admin && (
                <div className="row">
                  <Button onClick={() => setOpen('change')}>Change</Button>
                  <Button kind="main" onClick={() => setOpen('send')}>
                    Send a mailing
                  </Button>
                </div>
              )}
            </div>
            <Answered of={numbers} tall>
              {(counted) => (
                <>
                  <Counted numbers={counted} view={view} />
                  <Answered of={mailings}>{(page) => <MailingTable mailings={page.mailings} />}</Answered>
                </>
              )}
            </Answered>
            {open === 'change' && <CampaignForm campaign={data} onClose={() => setOpen(null)} />}
            {open === 'send' && <MailingForm campaign={data} onClose={() => setOpen(null)} />}
          </div>
        )}
      </Answered>
    </>
  )
}

function Counted({ numbers, view }: { numbers: MailNumbers; view: View }) {
  const { sent, opens, clicks, unsubscribes, bounced } = numbers
  const before = view.comparing ? numbers.before : undefined
  const [shown, name] = DAILY.find(([key]) => key === view.get('daily')) ?? DAILY[0]
  const points = useMemo(() => numbers.by_day.map((day) => ({ at: Date.parse(day.date), value: day[shown], beforeAt: null, before: null })), [numbers.by_day, shown])
  return (
    <>
      <Figures>
        <Figure name="Sent" value={sent} before={before?.sent} note={`${number(bounced)} bounced`} />
        <Figure name="Opened" value={opens.unique} before={before?.opens.unique} note={`${percent(numbers.open_rate)} of sent`} />
        <Figure name="Clicked" value={clicks.unique} before={before?.clicks.unique} note={`${percent(numbers.click_rate)} of sent`} />
        <Figure name="Unsubscribed" value={unsubscribes} before={before?.unsubscribes} note={`${percent(numbers.unsubscribe_rate)} of sent`} />
      </Figures>
      <section className="stack">
        <h2>How far they come</h2>
        <Bars
          bars={[
            { key: 'sent', name: 'Sent', said: number(sent), rate: sent === 0 ? 0 : 100 },
            { key: 'opened', name: 'Opened', said: `${number(opens.unique)} people · ${number(opens.machine)} opens by machines`, rate: numbers.open_rate },
            { key: 'clicked', name: 'Clicked', said: `${number(clicks.unique)} people · ${number(clicks.machine)} clicks by machines`, rate: numbers.click_rate },
          ]}
        />
      </section>
      <section className="stack">
        <div className="spread">
          <h2>By day</h2>
          <Segments label="What is shown by day" value={shown} options={DAILY} onChoose={(daily) => view.set({ daily })} />
        </div>
        <Chart name={name} points={points} interval="day" zone="UTC" />
      </section>
      <Table
        title="Top links"
        none="Nobody has followed a link in this period."
        rows={numbers.top_links}
        rowKey={({ url }) => url}
        columns={[
          { key: 'url', title: 'Link', wide: true, value: ({ url }) => url },
          { key: 'people', title: 'People', numeric: true, value: (link) => link.unique_clicks },
          { key: 'clicks', title: 'Clicks', numeric: true, value: (link) => link.clicks },
          { key: 'machines', title: 'By machines', numeric: true, value: (link) => link.machine_clicks },
        ]}
      />
    </>
  )
}
