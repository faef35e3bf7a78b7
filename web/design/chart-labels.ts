import type uPlot from 'uplot'

/** The series of a chart, in the order of its data: the period before, what is over, and the way to what is not over yet. */
const [BEFORE, WHOLE] = [1, 2]
export const RUNNING = 3

interface Look {
  now: string
  before: string
  /** The ground's colour, drawn around a label so that no line runs through it. */
  halo: string
  family: string
  format: (value: number) => string
}

/** Height of a line of text, in CSS pixels. */
const LINE = 14

/** Writes at the end of each line what it is: the last value, and `before` at the period before. */
export function labelLines(u: uPlot, { now, before, halo, family, format }: Look): void {
  const scale = devicePixelRatio
  const here = endOf(u, RUNNING) ?? endOf(u, WHOLE)
  const there = endOf(u, BEFORE)
  const labels = [...(here ? [{ ...here, text: format(here.value), colour: now, weight: 600 }] : []), ...(there ? [{ ...there, text: 'before', colour: before, weight: 400 }] : [])]
  const [one, other] = labels
  if (one && other && Math.abs(one.x - other.x) < 4 * LINE * scale && Math.abs(one.y - other.y) < LINE * scale) {
    // Apart, in the order in which the lines lie.
    const [middle, half] = [(one.y + other.y) / 2, ((one.y <= other.y ? 1 : -1) * LINE * scale) / 2]
    one.y = middle - half
    other.y = middle + half
  }
  const { ctx } = u
  ctx.save()
  ctx.textBaseline = 'middle'
  ctx.textAlign = 'left'
  ctx.lineJoin = 'round'
  ctx.lineWidth = 4 * scale
  ctx.strokeStyle = halo
  for (const { x, y, text, colour, weight } of labels) {
    const inside = Math.min(Math.max(y, u.bbox.top + (LINE * scale) / 2), u.bbox.top + u.bbox.height - (LINE * scale) / 2)
    ctx.font = `${weight} ${12 * scale}px ${family}`
    ctx.fillStyle = colour
    ctx.strokeText(text, x + 8 * scale, inside)
    ctx.fillText(text, x + 8 * scale, inside)
  }
  ctx.restore()
}

/** The place of the last value of a series, as a list of one; null where there is none. */
export function lastIn(u: uPlot, series: number): [number] | null {
  const place = [...(u.data[series] ?? [])].findLastIndex((value) => value != null)
  return place < 0 ? null : [place]
}

function endOf(u: uPlot, series: number): { x: number; y: number; value: number } | null {
  const last = lastIn(u, series)
  if (!last) return null
  const value = u.data[series]?.[last[0]] as number
  return { x: u.valToPos(u.data[0][last[0]] as number, 'x', true), y: u.valToPos(value, 'y', true), value }
}
