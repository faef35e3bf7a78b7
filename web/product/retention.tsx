import { useAnswer } from '../api/answer.ts'
import { address } from '../api/call.ts'
import type { Retention } from '../api/product.ts'
import { Segments } from '../design/field.tsx'
import { day, percent } from '../design/format.ts'
import { Answered } from '../design/state.tsx'
import { type Column, Table } from '../design/table.tsx'
import type { ReportProps } from './question.ts'

const INTERVALS = [
  ['week', 'By week'],
  ['day', 'By day'],
] as const
const PERIODS = 8
const LENGTHS = { week: 7 * 86_400_000, day: 86_400_000 }

type Cohort = Retention['cohorts'][number]

/** Of those who first came in a period, how many came again. */
export function RetentionView({ view, asked }: ReportProps) {
  const interval = view.get('by') === 'day' ? 'day' : 'week'
  const retention = useAnswer<Retention>(address('/v1/reports/retention', { ...asked.query, interval, periods: PERIODS }))
  return (
    <div className="stack">
      <Segments label="Width of a period" value={interval} options={INTERVALS} onChoose={(by) => view.set({ by: by === 'week' ? '' : by })} />
      <Answered of={retention}>
        {({ cohorts }) => (
          <Table
            title="Retention"
            none="Nobody first came in this period. Choose a longer one above."
            rows={cohorts}
            rowKey={({ cohort }) => cohort}
            columns={[
              { key: 'cohort', title: interval === 'week' ? 'First week' : 'First day', whole: true, value: ({ cohort }) => cohort, show: ({ cohort }) => day(cohort, view.zone) },
              { key: 'users', title: 'Users', numeric: true, value: ({ users }) => users },
              ...Array.from({ length: PERIODS + 1 }, (_, period) => columnOf(period, interval)),
            ]}
          />
        )}
      </Answered>
    </div>
  )
}

function columnOf(period: number, interval: 'week' | 'day'): Column<Cohort> {
  // What has not begun yet is no zero.
  const rateOf = ({ cohort, periods }: Cohort) => (Date.parse(cohort) + period * LENGTHS[interval] > Date.now() ? undefined : periods.find((one) => one.period === period)?.rate)
  return {
    key: `period-${period}`,
    title: period === 0 ? 'At first' : `${interval === 'week' ? 'Week' : 'Day'} ${period}`,
    numeric: true,
    value: rateOf,
    heat: (cohort) => rateOf(cohort) ?? 0,
    show: (cohort) => {
      const rate = rateOf(cohort)
      return rate === undefined ? null : percent(rate, 1)
    },
  }
}
