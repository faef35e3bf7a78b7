import { DIMENSIONS, type DimensionName } from './dimensions.ts'
import { METRICS, type MetricName } from './metrics.ts'

export { fill } from './buckets.ts'
export { comparisonRoute } from './comparison-route.ts'
export { before, passedBefore } from './comparison.ts'
export { ExplainedAnswer, answerReport, freshQuery, reportQuery, reporterFor } from './explain.ts'
export { rangeOf, zoneOf } from './range.ts'
export { type By, FILTERS, type Range, type Report, type Scope, type Where } from './report.ts'
export { type Reporter, createReporter } from './run.ts'

/** The names a caller may use. */
export const METRIC_NAMES = (Object.keys(METRICS) as MetricName[]).filter((name) => !name.endsWith('_at'))
export const DIMENSION_NAMES: readonly DimensionName[] = ['time', ...(Object.keys(DIMENSIONS) as Exclude<DimensionName, 'time'>[])]
