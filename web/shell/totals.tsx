import { useMemo } from 'react'
import type { Numbers } from '../api/numbers.ts'
import { Chart } from '../design/chart.tsx'
import { Figure, Figures } from '../design/figure.tsx'
import { pointsOf } from './points.ts'
import type { View } from './view.ts'

/** The numbers of one source, first as figures and then by time, each beside the period before. `name` is what is counted. */
export function Totals({ name, numbers, view }: { name: string; numbers: Numbers; view: View }) {
  const [source] = numbers.sources
  const points = useMemo(() => pointsOf(source?.series ?? [], view.comparing ? (source?.before.series ?? null) : null, ({ events }) => events), [source, view.comparing])
  if (!source) return null
  const { total, before } = source
  const was = view.comparing ? before.total : null
  return (
    <div className="stack">
      <Figures>
        <Figure name={name} value={total.events} before={was?.events} />
        <Figure name="By people" value={total.humanEvents} before={was?.humanEvents} />
        <Figure name="By machines" value={total.machineEvents} before={was?.machineEvents} />
        <Figure name="Visitors" value={total.visitors} before={was?.visitors} />
      </Figures>
      <Chart name={name} points={points} interval={numbers.interval} zone={view.zone} />
    </div>
  )
}
