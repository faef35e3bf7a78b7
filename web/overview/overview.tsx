import { useMemo } from 'react'
import { Link } from 'wouter'
import { useAnswer } from '../api/answer.ts'
import { address } from '../api/call.ts'
import { useLive } from '../api/live.ts'
import type { Numbers, SourceNumbers } from '../api/numbers.ts'
import { Chart } from '../design/chart.tsx'
import { Figure } from '../design/figure.tsx'
import { Answered, Empty } from '../design/state.tsx'
import { PeriodPicker } from '../shell/period.tsx'
import { pointsOf } from '../shell/points.ts'
import { PageHead } from '../shell/shell.tsx'
import { type View, useView } from '../shell/view.ts'
import { PartTable } from '../tracking/parts.tsx'

const SOURCES = {
  link: { name: 'Clicks', href: '/links', title: 'Top links', part: 'Link' },
  web: { name: 'Captures', href: '/tracking-dashboard', title: 'Top campaigns', part: 'Campaign' },
  product: { name: 'Product events', href: '/product', title: 'Top events', part: 'Event' },
  email: { name: 'Mail events', href: '/email', title: 'What mails did', part: 'Event' },
} as const

/** What happened today, across all there is. */
export default function OverviewPage() {
  const view = useView('today')
  const { from, to, zone: timezone, interval } = view
  const numbers = useAnswer<Numbers>(address('/api/numbers', { from, to, timezone, interval }), { live: true })
  useLive(['link', 'web', 'product', 'email'])
  return (
    <>
      <PageHead title="Overview">
        <PeriodPicker view={view} />
      </PageHead>
      <Answered of={numbers} tall>
        {(data) => (data.sources.every(({ total, before }) => total.events === 0 && before.total.events === 0) ? <NothingYet /> : <Sources numbers={data} view={view} />)}
      </Answered>
    </>
  )
}

function Sources({ numbers, view }: { numbers: Numbers; view: View }) {
  return (
    <div className="columns pairs">
      {numbers.sources.map((source) => (
        <SourceView key={source.source} numbers={source} interval={numbers.interval} view={view} />
      ))}
    </div>
  )
}

function SourceView({ numbers, interval, view }: { numbers: SourceNumbers; interval: Numbers['interval']; view: View }) {
  const { total, before, series, top } = numbers
  const { name, href, title, part } = SOURCES[numbers.source]
  const points = useMemo(() => pointsOf(series, view.comparing ? before.series : null, ({ events }) => events), [series, before.series, view.comparing])
  const linked = numbers.source === 'link' ? { show: (id: string) => <Link href={`/links/${id}`}>{id}</Link> } : {}
  return (
    <div className="stack">
      <dl>
        <Figure name={name} value={total.events} before={view.comparing ? before.total.events : undefined} />
      </dl>
      <Chart name={name} points={points} interval={interval} zone={view.zone} low />
      <PartTable title={title} name={part} parts={top.map(({ name: of, events, humanEvents }) => ({ name: of, count: events, human: humanEvents }))} {...linked} />
      <Link href={href} className="small">
        All about {name.toLowerCase()}
      </Link>
    </div>
  )
}

function NothingYet() {
  const code = `curl -X POST ${location.origin}/api/link-tracking/links \\
  -H "X-API-Key: <your ingest key>" -H "Content-Type: application/json" \\
  -d '{"original_url": "https://example.com", "link_function": "Website"}'`
  return (
    <div>
      <Empty title="Nothing has happened in this period" code={code} what="the call that makes a link">
        Make a link and click it, and this page moves by itself. You can also <Link href="/links">make one here</Link>, let <Link href="/tracking-dashboard">a landing page</Link> report its visits, <Link href="/email">send a mail</Link>, or send events of{' '}
        <Link href="/product">your product</Link>.
      </Empty>
    </div>
  )
}
