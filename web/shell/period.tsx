import { Check, Segments } from '../design/field.tsx'
import { useNarrow } from '../design/table.tsx'
import { PERIODS, type PeriodName, type View, zones } from './view.ts'

/** Chooses period, comparison and time zone; all of it goes into the address. */
export function PeriodPicker({ view, compare = true }: { view: View; compare?: boolean }) {
  const narrow = useNarrow()
  const choose = (period: PeriodName): void => view.set({ period, from: period === 'custom' ? view.firstDay : '', to: period === 'custom' ? view.lastDay : '' })
  return (
    <div className="row">
      {narrow ? (
        <select className="control" aria-label="Period" value={view.period} onChange={({ target }) => choose(target.value as PeriodName)}>
          {PERIODS.map(([period, name]) => (
            <option key={period} value={period}>
              {name}
            </option>
          ))}
        </select>
      ) : (
        <Segments label="Period" value={view.period} options={PERIODS} onChoose={choose} />
      )}
      {view.period === 'custom' && (
        <>
          <input className="control" type="date" aria-label="First day" value={view.firstDay} max={view.lastDay} onChange={({ target }) => target.value && view.set({ from: target.value })} />
          <input className="control" type="date" aria-label="Last day" value={view.lastDay} min={view.firstDay} onChange={({ target }) => target.value && view.set({ to: target.value })} />
        </>
      )}
      {compare && <Check label="Compare" checked={view.comparing} onChange={({ target }) => view.set({ compare: target.checked ? '' : 'off' })} />}
      <select className="control" aria-label="Time zone" value={view.zone} onChange={({ target }) => view.set({ tz: target.value })}>
        {zones(view.zone).map((zone) => (
          <option key={zone}>{zone}</option>
        ))}
      </select>
    </div>
  )
}
