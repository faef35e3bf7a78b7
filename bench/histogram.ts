/** Durations, counted in buckets that are at most 3 % wide (as HdrHistogram does it: 32 to each power of two). */
export interface Histogram {
  /** Counts a duration in ms. */
  add(ms: number): void
  /** The duration in ms that this share of all stayed within; the worst one, exactly, for 1. NaN when there are none. */
  quantile(share: number): number
  readonly count: number
}

const SUB_BITS = 5
const SUB = 1 << SUB_BITS
/** Up to 2^31 µs, 35 minutes. */
const BUCKETS = (31 - SUB_BITS + 1) * SUB

/** An empty histogram; it takes a few KB whatever it counts. */
export function createHistogram(): Histogram {
  const counts = new Uint32Array(BUCKETS)
  let count = 0
  let worst = 0
  return {
    add(ms) {
      const bucket = bucketOf(ms * 1000)
      counts[bucket] = (counts[bucket] as number) + 1
      count++
      if (ms > worst) worst = ms
    },
    quantile(share) {
      if (count === 0) return Number.NaN
      if (share >= 1) return worst
      let left = Math.ceil(share * count)
      for (let bucket = 0; bucket < BUCKETS; bucket++) {
        left -= counts[bucket] as number
        if (left <= 0) return Math.min(worst, upperEdge(bucket) / 1000)
      }
      return worst
    },
    get count() {
      return count
    },
  }
}

/** The histogram's answer for durations that are all at hand: the one that `share` of them stay within. */
export function quantile(durations: readonly number[], share: number): number {
  const sorted = [...durations].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

/** The middle one, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2
}

function bucketOf(microseconds: number): number {
  const value = Math.min(0x7fffffff, Math.max(0, Math.round(microseconds)))
  if (value < SUB) return value
  const shift = 31 - Math.clz32(value) - SUB_BITS
  return (shift + 1) * SUB + (value >>> shift) - SUB
}

function upperEdge(bucket: number): number {
  if (bucket < SUB) return bucket
  const shift = Math.floor(bucket / SUB) - 1
  return ((bucket % SUB) + SUB + 1) * 2 ** shift - 1
}
