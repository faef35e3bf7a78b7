import type { ReactNode } from 'react'
import { change, number } from './format.ts'

/** Figures beside one another. */
export function Figures({ children }: { children: ReactNode }) {
  return <dl className="figures">{children}</dl>
}

/** One number, large, and how it differs from the period before. `shown` is written instead of the number where it has a unit. */
export function Figure({ name, value, before, shown, note }: { name: string; value: number; before?: number | undefined; shown?: string; note?: string }) {
  return (
    <div className="figure">
      <dt>{name}</dt>
      <dd className="value" data-value={value}>
        {shown ?? number(value)}
      </dd>
      <dd className="change">
        {note}
        {note && before !== undefined && ' · '}
        {before !== undefined && <Change value={value} before={before} />}
      </dd>
    </div>
  )
}

function Change({ value, before }: { value: number; before: number }) {
  const difference = change(value, before)
  if (difference === null) return <>{value === 0 ? 'as before' : 'none before'}</>
  return (
    <>
      <span className={value > before ? 'up' : value < before ? 'down' : ''}>{difference}</span> from {number(before)}
    </>
  )
}
