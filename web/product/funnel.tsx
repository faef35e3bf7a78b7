import { type FormEvent, useId, useState } from 'react'
import { useAnswer } from '../api/answer.ts'
import type { Funnel } from '../api/product.ts'
import { Bars } from '../design/bars.tsx'
import { Button } from '../design/button.tsx'
import { duration, number, percent } from '../design/format.ts'
import { Answered } from '../design/state.tsx'
import { Table } from '../design/table.tsx'
import type { ReportProps } from './question.ts'

const MOST = 20
/** Joins the steps in the address. */
const BETWEEN = '\n'

/** How far people come on a way of events that the reader puts together. */
export function FunnelView({ view, asked, names }: ReportProps) {
  const chosen = view.get('steps').split(BETWEEN).filter(Boolean)
  const windowSeconds = Number(view.get('window')) || undefined
  const ready = chosen.length >= 2
  const body = { ...asked.body, steps: chosen, ...(windowSeconds ? { windowSeconds } : {}) }
  const funnel = useAnswer<Funnel>(ready ? '/v1/reports/funnel' : null, { body })
  return (
    <div className="stack-wide">
      <div className="columns pairs">
        <Builder key={chosen.join(BETWEEN)} chosen={chosen} names={names} windowSeconds={windowSeconds} onChoose={(steps, seconds) => view.set({ steps: steps.join(BETWEEN), window: seconds })} />
        {ready ? <Answered of={funnel}>{({ steps }) => <HowFar steps={steps} />}</Answered> : <p className="soft">Name at least two steps to see how far people come.</p>}
      </div>
      {ready && funnel.data && <Steps steps={funnel.data.steps} />}
    </div>
  )
}

function Builder({ chosen, names, windowSeconds, onChoose }: { chosen: string[]; names: readonly string[]; windowSeconds: number | undefined; onChoose: (steps: string[], seconds: string) => void }) {
  const [steps, setSteps] = useState(chosen.length >= 2 ? chosen : [...chosen, '', ''].slice(0, 2))
  const known = useId()
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    onChoose(steps.map((step) => step.trim()).filter(Boolean), String(new FormData(event.currentTarget).get('window') ?? ''))
  }
  return (
    <form className="stack" onSubmit={submit}>
      <ol className="stack">
        {steps.map((step, place) => (
          <li key={place} className="row">
            <input
              className="control"
              aria-label={`Step ${place + 1}`}
              placeholder={place === 0 ? 'First event' : 'Then'}
              list={known}
              value={step}
              maxLength={255}
              onChange={({ target }) => setSteps(steps.map((other, at) => (at === place ? target.value : other)))}
            />
            {steps.length > 2 && (
              <Button kind="plain" slim aria-label={`Take out step ${place + 1}`} onClick={() => setSteps(steps.filter((_, at) => at !== place))}>
                Take out
              </Button>
            )}
          </li>
        ))}
      </ol>
      <datalist id={known}>
        {names.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <div className="row">
        <Button disabled={steps.length >= MOST} onClick={() => setSteps([...steps, ''])}>
          Add a step
        </Button>
        <select className="control" name="window" aria-label="Time that counts" defaultValue={windowSeconds ?? ''}>
          <option value="">All the time they need</option>
          <option value="3600">Within an hour</option>
          <option value="86400">Within a day</option>
          <option value="604800">Within 7 days</option>
          <option value="2592000">Within 30 days</option>
        </select>
        <Button type="submit" kind="main">
          Show the funnel
        </Button>
      </div>
    </form>
  )
}

function HowFar({ steps }: { steps: Funnel['steps'] }) {
  const last = steps.at(-1)
  return (
    <div className="stack">
      <p>
        <strong>{percent(last?.conversionRate ?? 0)}</strong> of {number(steps[0]?.users ?? 0)} users came all the way.
      </p>
      <Bars bars={steps.map(({ step, eventName, users, conversionRate }) => ({ key: String(step), name: eventName, said: `${number(users)} · ${percent(conversionRate)}`, rate: conversionRate }))} />
    </div>
  )
}

function Steps({ steps }: { steps: Funnel['steps'] }) {
  return (
    <Table
      title="Funnel"
      rows={steps}
      rowKey={({ step }) => String(step)}
      columns={[
        { key: 'step', title: 'Step', value: ({ step }) => step },
        { key: 'event', title: 'Event', wide: true, value: ({ eventName }) => eventName },
        { key: 'users', title: 'Users', numeric: true, value: ({ users }) => users },
        { key: 'rate', title: 'Of all', numeric: true, value: ({ conversionRate }) => conversionRate, show: ({ conversionRate }) => percent(conversionRate) },
        { key: 'stepRate', title: 'Of the step before', numeric: true, value: ({ stepConversionRate }) => stepConversionRate, show: ({ stepConversionRate }) => percent(stepConversionRate) },
        { key: 'drop', title: 'Went no further', numeric: true, value: ({ dropOff }) => dropOff },
        { key: 'median', title: 'Median time', numeric: true, value: ({ medianSeconds }) => medianSeconds, show: ({ medianSeconds }) => (medianSeconds === null ? '–' : duration(medianSeconds)) },
      ]}
    />
  )
}
