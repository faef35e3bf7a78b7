import uPlot from 'uplot'
import { RUNNING, labelLines, lastIn } from './chart-labels.ts'

const compact = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 })
/** Counts are whole, so no step between lines is less than one. */
const STEPS = Array.from({ length: 13 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat()

/** How a chart is drawn, in the colours of the design as they are now. */
export function chartOptions(holder: HTMLElement, { interval, zone, low }: { interval: 'hour' | 'day' | 'week' | 'month'; zone: string; low: boolean }): uPlot.Options {
  const colours = coloursOf(holder)
  const family = getComputedStyle(holder).fontFamily
  const font = `12px ${family}`
  const axis = { stroke: colours.soft, font, ticks: { show: false } }
  const names = new Intl.DateTimeFormat(undefined, { timeZone: zone, ...(interval === 'hour' ? { hour: 'numeric' } : interval === 'month' ? { month: 'short', year: '2-digit' } : { day: 'numeric', month: 'short' }) })
  const points = { show: false }
  return {
    width: holder.clientWidth,
    height: holder.clientHeight,
    // The name of the first day is written whole, and so is what stands at the end of a line.
    padding: [8, 52, 0, low ? 24 : 0],
    legend: { show: false },
    cursor: { x: true, y: false, drag: { setScale: false, x: false, y: false }, points: { size: 7, fill: colours.accent, stroke: colours.surface } },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
    scales: { x: { time: true }, y: { range: (_, __, max) => [0, Math.max(4, max * 1.1)] } },
    axes: [
      { ...axis, grid: { show: false }, space: 72, values: (_, splits) => splits.map((at, place) => unrepeated(names, splits, place, at)), size: low ? 24 : 30 },
      { ...axis, show: !low, grid: { stroke: colours.line, width: 1 }, incrs: STEPS, values: (_, splits) => splits.map((value) => compact.format(value)), size: 44 },
    ],
    series: [
      {},
      { stroke: colours.before, width: 1.5, dash: [4, 4], points },
      { stroke: colours.accent, width: 2, fill: colours.fill, points },
      // The way to the bucket that is not over yet, and where it is now.
      { stroke: colours.accent, width: 2, dash: [3, 4], points: { show: true, size: 6, fill: colours.accent, filter: (u) => lastIn(u, RUNNING) } },
    ],
    hooks: { draw: [(u) => labelLines(u, { now: colours.accent, before: colours.soft, halo: colours.ground, family, format: compact.format })] },
  }
}

/** Where two splits lie in one day, the second has no name. */
function unrepeated(names: Intl.DateTimeFormat, splits: readonly number[], place: number, at: number): string {
  const name = names.format(at * 1000)
  const left = splits[place - 1]
  return left !== undefined && names.format(left * 1000) === name ? '' : name
}

/** A canvas knows no custom properties, so their values are read off an element. */
function coloursOf(holder: HTMLElement): Record<'accent' | 'fill' | 'before' | 'line' | 'soft' | 'surface' | 'ground', string> {
  const probe = document.createElement('span')
  holder.append(probe)
  const read = (name: string): string => {
    probe.style.color = `var(${name})`
    return getComputedStyle(probe).color
  }
  const accent = read('--accent')
  const colours = { accent, fill: accent.replace('rgb(', 'rgba(').replace(')', ', 0.09)'), before: read('--before'), line: read('--line'), soft: read('--ink-soft'), surface: read('--surface'), ground: read('--ground') }
  probe.remove()
  return colours
}
