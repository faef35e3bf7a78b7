import type { Point } from '../design/chart.tsx'

interface Bucket {
  timestamp: string
}

/** A series beside the one before as a chart wants them: the first bucket of one beside the first of the other. */
export function pointsOf<B extends Bucket>(series: readonly B[], before: readonly B[] | null, value: (bucket: B) => number): Point[] {
  return series.map((bucket, place) => {
    const was = before?.[place]
    return { at: Date.parse(bucket.timestamp), value: value(bucket), beforeAt: was ? Date.parse(was.timestamp) : null, before: was ? value(was) : null }
  })
}
