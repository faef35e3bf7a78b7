export type { Range, Report } from './report.ts'
export { type Reporter, createReporter } from './run.ts'
export { fillDays } from './series.ts'
