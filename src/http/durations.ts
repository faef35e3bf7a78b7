/** Durations by label values: an observation is an addition to an array, and the text is made when somebody reads it. */
export interface Durations {
  readonly name: string
  of(first: string, second: string, third: number): { observe(seconds: number): void }
  /** What prom-client's registry asks of a metric. */
  get(): Promise<MetricValues>
}

interface MetricValues {
  name: string
  help: string
  type: 'histogram'
  aggregator: 'sum'
  values: { metricName: string; labels: Record<string, string | number>; value: number }[]
}

/** One histogram per combination of three label values, with the given upper bounds in seconds. */
export function createDurations(name: string, help: string, labels: readonly string[], bounds: readonly number[]): Durations {
  const children = new Map<string, Map<string, Map<number, Child>>>()
  const all: { values: (string | number)[]; child: Child }[] = []

  const make = (first: string, second: string, third: number): Child => {
    const seconds = children.get(first) ?? new Map<string, Map<number, Child>>()
    const thirds = seconds.get(second) ?? new Map<number, Child>()
    const child = createChild(bounds)
    children.set(first, seconds)
    seconds.set(second, thirds)
    thirds.set(third, child)
    all.push({ values: [first, second, third], child })
    return child
  }

  return {
    name,
    of: (first, second, third) => children.get(first)?.get(second)?.get(third) ?? make(first, second, third),
    get: async () => ({
      name,
      help,
      type: 'histogram',
      aggregator: 'sum',
      values: all.flatMap(({ values, child }) => childValues(name, Object.fromEntries(labels.map((label, at) => [label, values[at] as string | number])), child, bounds)),
    }),
  }
}

interface Child {
  counts: Float64Array
  sum: number
  observe(seconds: number): void
}

function createChild(bounds: readonly number[]): Child {
  const counts = new Float64Array(bounds.length + 1)
  return {
    counts,
    sum: 0,
    observe(seconds) {
      let at = 0
      while (at < bounds.length && seconds > (bounds[at] as number)) at++
      counts[at] = (counts[at] as number) + 1
      this.sum += seconds
    },
  }
}

/** Cumulative counts, as the Prometheus exposition format has them. */
function childValues(name: string, labels: Record<string, string | number>, { counts, sum }: Child, bounds: readonly number[]): MetricValues['values'] {
  let total = 0
  const buckets = [...counts].map((count, at) => {
    total += count
    return { metricName: `${name}_bucket`, labels: { le: bounds[at] ?? '+Inf', ...labels }, value: total }
  })
  return [...buckets, { metricName: `${name}_sum`, labels, value: sum }, { metricName: `${name}_count`, labels, value: total }]
}
