/** One measured figure. */
export interface Figure {
  /** What was measured. */
  what: string
  value: number
  unit: Unit
  /** What the design wants of it. */
  target?: Target
  /** What must be known to read it. */
  note?: string
}

export type Unit = 'per second' | 'ms' | 'µs' | 'MB' | 's' | 'ratio' | 'count'

/** A bound the value shall keep, and for some the better one to aim for. */
export interface Target {
  at: 'least' | 'most' | 'below'
  value: number
  aim?: number
}

export const atLeast = (value: number, aim?: number): Target => ({ at: 'least', value, ...(aim === undefined ? {} : { aim }) })
export const below = (value: number): Target => ({ at: 'below', value })
export const atMost = (value: number): Target => ({ at: 'most', value })

/** Whether a figure keeps its target; null where it has none. */
export function isMet({ value, target }: Figure): boolean | null {
  return target === undefined ? null : keeps(value, target.at, target.value)
}

/** What is to be said of a figure and its target, honestly: met, or by how much it falls short. */
export function verdict(figure: Figure): string {
  const { value, target } = figure
  if (target === undefined) return ''
  if (!keeps(value, target.at, target.value)) return `short by ${distance(value, target.value)}`
  if (target.aim === undefined || keeps(value, target.at, target.aim)) return 'met'
  return `met; ${distance(value, target.aim)} from the aim`
}

/** A figure's value as people read it. */
export function shown(value: number, unit: Unit): string {
  if (Number.isNaN(value)) return 'not measured'
  switch (unit) {
    case 'per second':
      return `${grouped(Math.round(value))}/s`
    case 'ratio':
      return value.toFixed(2)
    case 'count':
      return grouped(Math.round(value))
    default:
      return `${value >= 100 ? grouped(Math.round(value)) : value.toFixed(value >= 10 ? 1 : 2)} ${unit}`
  }
}

/** A target as people read it. */
export function wanted({ target, unit }: Figure): string {
  if (target === undefined) return ''
  const sign = { least: '≥', most: '≤', below: '<' }[target.at]
  return `${sign} ${bare(target.value, unit)}${target.aim === undefined ? '' : `, aim ${bare(target.aim, unit)}`}`
}

function bare(value: number, unit: Unit): string {
  return unit === 'ratio' ? String(value) : unit === 'per second' ? `${grouped(value)}/s` : unit === 'count' ? grouped(value) : `${grouped(value)} ${unit}`
}

function keeps(value: number, at: Target['at'], bound: number): boolean {
  return at === 'least' ? value >= bound : at === 'most' ? value <= bound : value < bound
}

function distance(value: number, bound: number): string {
  if (Number.isNaN(value)) return 'all: not measured'
  if (bound === 0) return String(value)
  const share = Math.abs(value - bound) / bound
  return share >= 1 ? `${(share + 1).toFixed(1)} times the bound` : `${Math.max(1, Math.round(share * 100))} %`
}

function grouped(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 2 })
}
