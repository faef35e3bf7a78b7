export { compile, compileList } from './compile.ts'
export type { EventList, Range, Report } from './report.ts'
export { type Reporter, createReporter } from './run.ts'
export { fillDays } from './series.ts'
