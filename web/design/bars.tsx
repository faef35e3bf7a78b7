import type { ReactNode } from 'react'
import './bars.css'

/** A step of a way: what it is called, what is said of it, and how many percent came as far. */
export interface Bar {
  key: string
  name: string
  said: ReactNode
  rate: number
}

/** How far a crowd comes, step by step. */
export function Bars({ bars }: { bars: readonly Bar[] }) {
  return (
    <ol className="bars">
      {bars.map(({ key, name, said, rate }) => (
        <li key={key}>
          <div className="bar-name">
            <bdi className="clip">{name}</bdi>
            <span>{said}</span>
          </div>
          <div className="bar">
            <div style={{ width: `${Math.min(100, rate)}%` }} />
          </div>
        </li>
      ))}
    </ol>
  )
}
