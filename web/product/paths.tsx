import { useId } from 'react'
import { useAnswer } from '../api/answer.ts'
import type { Paths } from '../api/product.ts'
import { Segments } from '../design/field.tsx'
import { number } from '../design/format.ts'
import { Answered } from '../design/state.tsx'
import { Table } from '../design/table.tsx'
import '../design/bars.css'
import type { ReportProps } from './question.ts'

const DIRECTIONS = [
  ['after', 'After it'],
  ['before', 'Before it'],
] as const

/** What people do right after an event, or did right before it. */
export function PathsView({ view, asked, names }: ReportProps) {
  const direction = view.get('direction') === 'before' ? 'before' : 'after'
  const eventName = view.get('start') || names[0] || ''
  const paths = useAnswer<Paths>(eventName ? '/v1/reports/paths' : null, { body: { ...asked.body, eventName, direction, steps: 3, limit: 10 } })
  const label = useId()
  if (eventName === '') return <p className="soft">No events in this period. Choose a longer one above.</p>
  return (
    <div className="stack-wide">
      <div className="row">
        <label htmlFor={label} className="small">
          Ways from
        </label>
        <select id={label} className="control" value={eventName} onChange={({ target }) => view.set({ start: target.value })}>
          {[...new Set([eventName, ...names])].map((name) => (
            <option key={name} value={name}>
              {name.slice(0, 80)}
            </option>
          ))}
        </select>
        <Segments label="Direction" value={direction} options={DIRECTIONS} onChoose={(chosen) => view.set({ direction: chosen === 'after' ? '' : chosen })} />
      </div>
      <Answered of={paths}>{(data) => <Ways steps={data.steps} direction={direction} />}</Answered>
    </div>
  )
}

function Ways({ steps, direction }: { steps: Paths['steps']; direction: 'after' | 'before' }) {
  const end = direction === 'after' ? 'nothing more' : 'nothing before'
  const rows = steps.flatMap(({ step, events }) => events.map((event) => ({ step, name: event.eventName ?? end, count: event.count })))
  return (
    <>
      <div className="columns">
        {steps.map(({ step, events }) => {
          const most = Math.max(1, ...events.map(({ count }) => count))
          return (
            <section key={step} className="stack">
              <h2>
                {step} {step === 1 ? 'step' : 'steps'} {direction}
              </h2>
              <ol className="bars">
                {events.map((event) => (
                  <li key={event.eventName ?? ''}>
                    <div className="bar-name">
                      <bdi className={event.eventName === null ? 'clip soft' : 'clip'}>{event.eventName ?? end}</bdi>
                      <span>{number(event.count)}</span>
                    </div>
                    <div className="bar">
                      <div style={{ width: `${(100 * event.count) / most}%` }} />
                    </div>
                  </li>
                ))}
              </ol>
            </section>
          )
        })}
      </div>
      <Table
        title="Paths"
        rows={rows}
        rowKey={({ step, name }) => `${step} ${name}`}
        few={10}
        columns={[
          { key: 'step', title: 'Step', value: ({ step }) => step },
          { key: 'name', title: 'Event', wide: true, value: ({ name }) => name },
          { key: 'count', title: 'Times', numeric: true, value: ({ count }) => count },
        ]}
      />
    </>
  )
}
