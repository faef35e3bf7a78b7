import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import './chart.css'
import { chartOptions } from './chart-options.ts'
import { bucketName, change, number } from './format.ts'

/** One bucket: the moment (ms) at which it begins and its value, beside those of the period before. */
export interface Point {
  at: number
  value: number
  beforeAt: number | null
  before: number | null
}

interface ChartProps {
  /** What is counted. */
  name: string
  points: readonly Point[]
  interval: 'hour' | 'day' | 'week' | 'month'
  zone: string
  low?: boolean
}

/** Numbers by time, the period before as a lighter line. Pointing at it, and the arrow keys, tell value, change and date. */
export function Chart(props: ChartProps) {
  const [theme, changed] = useState(0)
  useEffect(() => {
    const again = (): void => changed((count) => count + 1)
    const scheme = matchMedia('(prefers-color-scheme: dark)')
    scheme.addEventListener('change', again)
    window.addEventListener('waymark-theme', again)
    return () => {
      scheme.removeEventListener('change', again)
      window.removeEventListener('waymark-theme', again)
    }
  }, [])
  // A canvas keeps the colours and the axes that it was made with; only its numbers change.
  return <Drawn key={`${theme} ${props.interval} ${props.zone}`} {...props} />
}

/** A bucket that is pointed at, and where (in CSS pixels) it lies. */
interface Place {
  index: number
  left: number
  onRight: boolean
}

function Drawn({ name, points, interval, zone, low = false }: ChartProps) {
  const frame = useRef<HTMLDivElement>(null)
  const [plot, setPlot] = useState<uPlot | null>(null)
  const [place, setPlace] = useState<Place | null>(null)
  const data = useMemo(() => dataOf(points, interval), [points, interval])

  useEffect(() => {
    const holder = frame.current
    if (!holder) return
    const options = chartOptions(holder, { interval, zone, low })
    const made = new uPlot({ ...options, hooks: { ...options.hooks, setCursor: [(u) => setPlace(placeOf(u))] } }, [[]], holder)
    setPlot(made)
    const watcher = new ResizeObserver(() => made.setSize({ width: holder.clientWidth, height: holder.clientHeight }))
    watcher.observe(holder)
    return () => {
      watcher.disconnect()
      made.destroy()
      setPlace(null)
    }
  }, [interval, zone, low])
  // New numbers leave the reader where they are.
  useEffect(() => plot?.setData(data), [plot, data])

  const move = (event: KeyboardEvent): void => {
    const last = points.length - 1
    const to = { ArrowLeft: (place?.index ?? points.length) - 1, ArrowRight: (place?.index ?? -1) + 1, Home: 0, End: last }[event.key]
    if (to === undefined || last < 0) return
    event.preventDefault()
    const at = Math.min(last, Math.max(0, to))
    plot?.setCursor({ left: plot.valToPos((points[at] as Point).at / 1000, 'x'), top: 0 })
  }

  const point = place === null ? undefined : points[place.index]
  const said = point ? describe(name, point, interval, zone) : `${name}: ${points.length} values. Use the arrow keys to hear them.`
  return (
    <figure>
      {!low && (
        <figcaption className="chart-name">
          {name} by {interval}
        </figcaption>
      )}
      <div
        ref={frame}
        className={low ? 'chart low' : 'chart'}
        role="slider"
        tabIndex={0}
        aria-label={`${name} by ${interval}`}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, points.length - 1)}
        aria-valuenow={place?.index ?? 0}
        aria-valuetext={said}
        onKeyDown={move}
        onBlur={() => setPlace(null)}
      >
        {point && place && <Tip point={point} name={name} interval={interval} zone={zone} place={place} />}
      </div>
    </figure>
  )
}

const HOUR = 3_600_000
/** How long a bucket lasts at most (ms). */
const LENGTHS = { hour: HOUR, day: 25 * HOUR, week: 169 * HOUR, month: 745 * HOUR }

/** Times, the period before, what is over, and the way to what is not over yet. */
function dataOf(points: readonly Point[], interval: ChartProps['interval']): uPlot.AlignedData {
  const now = Date.now()
  const place = points.findLastIndex(({ at }) => at <= now)
  const running = place >= 0 && (points[place + 1]?.at ?? (points[place] as Point).at + LENGTHS[interval]) > now ? place : null
  return [
    points.map(({ at }) => at / 1000),
    points.map(({ before }) => before),
    // What has not been yet is no zero.
    points.map(({ at, value }, index) => (index === running || (at > now && value === 0) ? null : value)),
    points.map(({ value }, index) => (running !== null && (index === running || index === running - 1) ? value : null)),
  ]
}

function Tip({ point, name, interval, zone, place }: { point: Point; name: string; interval: ChartProps['interval']; zone: string; place: Place }) {
  // On the side that has room.
  const shift = place.onRight ? 'translateX(calc(-100% - 12px))' : 'translateX(12px)'
  const difference = point.before === null ? null : change(point.value, point.before)
  return (
    <div className="chart-tip" style={{ left: place.left, transform: shift }} aria-hidden="true">
      <strong>
        {number(point.value)} {difference && <span className="soft">{difference}</span>}
      </strong>
      <div>
        {name}, {bucketName(point.at, interval, zone)}
      </div>
      {point.before !== null && point.beforeAt !== null && (
        <div className="soft">
          {number(point.before)} on {bucketName(point.beforeAt, interval, zone)}
        </div>
      )}
    </div>
  )
}

function placeOf(u: uPlot): Place | null {
  const index = u.cursor.idx
  const at = index === null || index === undefined ? undefined : u.data[0][index]
  if (index === null || index === undefined || at === undefined) return null
  const left = u.valToPos(at, 'x') + u.bbox.left / devicePixelRatio
  return { index, left, onRight: left > u.width / 2 }
}

function describe(name: string, point: Point, interval: ChartProps['interval'], zone: string): string {
  const difference = point.before === null ? null : change(point.value, point.before)
  return `${bucketName(point.at, interval, zone)}: ${number(point.value)} ${name.toLowerCase()}${difference ? `, ${difference}` : ''}${point.before === null ? '' : `, ${number(point.before)} in the period before`}`
}
