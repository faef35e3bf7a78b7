import { useState } from 'react'
import { useParams } from 'wouter'
import { useAnswer } from '../api/answer.ts'
import { address } from '../api/call.ts'
import type { Link, LinkStats } from '../api/links.ts'
import { useLive } from '../api/live.ts'
import type { Numbers } from '../api/numbers.ts'
import { Button } from '../design/button.tsx'
import { moment } from '../design/format.ts'
import { Answered, Snippet } from '../design/state.tsx'
import { Table } from '../design/table.tsx'
import { PeriodPicker } from '../shell/period.tsx'
import { useIsAdmin } from '../shell/session.tsx'
import { PageHead } from '../shell/shell.tsx'
import { Totals } from '../shell/totals.tsx'
import { useView } from '../shell/view.ts'
import { PartTable } from '../tracking/parts.tsx'
import { LinkForm } from './link-form.tsx'
import { LIST } from './list.ts'
import { QrDialog } from './qr.tsx'

/** One link: where it leads, and what it brings. */
export default function LinkPage() {
  const { id } = useParams<{ id: string }>()
  const view = useView()
  const admin = useIsAdmin()
  const [open, setOpen] = useState<'change' | 'qr' | null>(null)
  const { from, to, zone: timezone, interval } = view
  const link = useAnswer<Link>(`${LIST}/${encodeURIComponent(id)}`)
  const stats = useAnswer<LinkStats>(address(`${LIST}/${encodeURIComponent(id)}/stats`, { from, to }), { live: true })
  const numbers = useAnswer<Numbers>(address('/api/numbers', { from, to, timezone, interval, source: 'link', trackingId: id }), { live: true })
  useLive(['link'])
  return (
    <>
      <PageHead title={id}>
        <PeriodPicker view={view} />
      </PageHead>
      <Answered of={link} tall>
        {(data) => (
          <div className="stack-wide">
            <div className="stack">
              <div className="spread">
                <p>
                  {data.is_active ? 'Leads to' : 'Switched off. It would lead to'} <bdi>{data.original_url}</bdi>
                  {data.description && (
                    <span className="soft">
                      {' '}
                      · <bdi>{data.description}</bdi>
                    </span>
                  )}
                </p>
                <div className="row">
                  <Button onClick={() => setOpen('qr')}>QR code</Button>
                  {admin && <Button onClick={() => setOpen('change')}>Change</Button>}
                </div>
              </div>
              <Snippet code={data.redirect_url} what="the address" />
            </div>
            <Answered of={numbers} tall>
              {(counted) => (
                <>
                  <Totals name="Clicks" numbers={counted} view={view} />
                  <Answered of={stats}>{(parted) => <Parts stats={parted} zone={timezone} />}</Answered>
                </>
              )}
            </Answered>
            {open === 'change' && <LinkForm link={data} onClose={() => setOpen(null)} />}
            {open === 'qr' && <QrDialog link={data} onClose={() => setOpen(null)} />}
          </div>
        )}
      </Answered>
    </>
  )
}

function Parts({ stats, zone }: { stats: LinkStats; zone: string }) {
  return (
    <>
      <div className="columns">
        <PartTable
          title="Where it was clicked"
          name="Click source"
          parts={stats.by_click_source.map(({ click_source, clicks, human_clicks }) => ({ name: click_source ?? 'unknown', count: clicks, human: human_clicks }))}
        />
        <PartTable title="Referring sites" name="Site" parts={stats.by_referrer.map(({ referrer, clicks, human_clicks }) => ({ name: referrer ?? 'direct or unknown', count: clicks, human: human_clicks }))} />
      </div>
      <Table
        title="Last clicks"
        rows={stats.recent}
        rowKey={({ click_id }) => click_id}
        few={10}
        columns={[
          { key: 'time', title: 'Time', whole: true, value: (click) => click.clicked_at, show: (click) => moment(click.clicked_at, zone) },
          { key: 'source', title: 'Source', value: (click) => click.click_source },
          { key: 'referrer', title: 'Came from', value: (click) => click.referrer_url },
          { key: 'country', title: 'Country', value: (click) => click.country },
          { key: 'browser', title: 'Browser', value: (click) => click.browser },
          { key: 'os', title: 'System', value: (click) => click.os },
          { key: 'device', title: 'Device', value: (click) => click.device },
          { key: 'machine', title: 'By', value: (click) => (click.machine ? `machine: ${click.machine_reason ?? ''}` : 'person') },
        ]}
      />
    </>
  )
}
