import { Link, useParams } from 'wouter'
import { useAnswer } from '../api/answer.ts'
import { address } from '../api/call.ts'
import { useLive } from '../api/live.ts'
import type { ProductOverview, Project } from '../api/product.ts'
import { Segments } from '../design/field.tsx'
import { Answered } from '../design/state.tsx'
import { PeriodPicker } from '../shell/period.tsx'
import { PageHead } from '../shell/shell.tsx'
import { useView } from '../shell/view.ts'
import { FilterForm } from './filters.tsx'
import { FunnelView } from './funnel.tsx'
import { Happenings } from './happenings.tsx'
import { PathsView } from './paths.tsx'
import { askedOf } from './question.ts'
import { RetentionView } from './retention.tsx'

const REPORTS = [
  ['events', 'Events'],
  ['funnel', 'Funnel'],
  ['retention', 'Retention'],
  ['paths', 'Paths'],
] as const

/** One project, by one report at a time: what happens, how far people come, whether they come again, and by which ways. */
export default function ProjectPage() {
  const { projectKey } = useParams<{ projectKey: string }>()
  const view = useView()
  const report = REPORTS.find(([name]) => name === view.get('report'))?.[0] ?? 'events'
  const projects = useAnswer<{ projects: Project[] }>('/v1/projects')
  const asked = askedOf(projectKey, view)
  const overview = useAnswer<ProductOverview>(address('/v1/reports/overview', { ...asked.query, compare: true, top: 100 }), { live: report === 'events' })
  const name = projects.data?.projects.find((project) => project.projectKey === projectKey)?.name ?? projectKey
  useLive(report === 'events' ? ['product'] : [])
  const parts = { projectKey, view, asked, names: overview.data?.top?.map(({ eventName }) => eventName) ?? [] }
  return (
    <>
      <PageHead title={name.length > 80 ? `${name.slice(0, 80)}…` : name}>
        <PeriodPicker view={view} compare={report === 'events'} />
      </PageHead>
      <div className="stack-wide">
        <div className="spread">
          <Segments label="Report" value={report} options={REPORTS} onChoose={(chosen) => view.set({ report: chosen === 'events' ? '' : chosen })} />
          <Link href="/product" className="small">
            All projects
          </Link>
        </div>
        <FilterForm view={view} />
        <Answered of={overview} tall>
          {(data) => (
            <>
              {report === 'events' && <Happenings {...parts} overview={data} />}
              {report === 'funnel' && <FunnelView {...parts} />}
              {report === 'retention' && <RetentionView {...parts} />}
              {report === 'paths' && <PathsView {...parts} />}
            </>
          )}
        </Answered>
      </div>
    </>
  )
}
