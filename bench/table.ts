import { type Figure, shown, verdict, wanted } from './figure.ts'
import type { Machine } from './machine.ts'

/** The figures of one row on one engine. */
export interface Section {
  row: string
  engine: string
  figures: Figure[]
  /** What everything else took of the processor meanwhile, in cores; of PostgreSQL, the database too. */
  others: number
}

/** With less than this, in cores, the machine counts as quiet. */
const QUIET = 0.15

/** The machine, in two lines. */
export function machineText(machine: Machine): string {
  const { cores, cpu, memoryGiB, node, fileSystem, fsyncP50, fsyncP99 } = machine
  return `${cores} cores (${cpu}), ${memoryGiB} GiB, Node ${node}\ndata on ${fileSystem}; 4 KiB written and flushed (fdatasync) in ${fsyncP50.toFixed(2)} ms, p99 ${fsyncP99.toFixed(2)} ms`
}

/** A section as a table with aligned columns; notes stand under it. */
export function sectionText({ row, engine, figures, others }: Section): string {
  const notes: string[] = []
  const lines = figures.map((figure) => {
    const mark = figure.note === undefined ? '' : ` [${notes.push(figure.note)}]`
    return [figure.what + mark, shown(figure.value, figure.unit), wanted(figure), verdict(figure)]
  })
  const widths = [0, 1, 2].map((column) => Math.max(...lines.map((line) => (line[column] as string).length)))
  const body = lines.map(([what, value, target, said]) => {
    const [first, second, third] = widths as [number, number, number]
    return `  ${(what as string).padEnd(first)}  ${(value as string).padStart(second)}  ${(target as string).padEnd(third)}  ${said}`.trimEnd()
  })
  const disturbed = others < QUIET ? '' : `   (all else took ${others.toFixed(1)} cores meanwhile${engine === 'postgres' ? ', the database among it' : ': no quiet machine'})`
  return [`${row} · ${engine}${disturbed}`, ...body, ...notes.map((note, i) => `  [${i + 1}] ${note}`), ''].join('\n')
}

/** How many figures keep their targets. */
export function summary(sections: readonly Section[]): string {
  const verdicts = sections.flatMap(({ engine, row, figures }) => figures.map((figure) => ({ figure, place: `${row} · ${engine}`, said: verdict(figure) }))).filter(({ said }) => said !== '')
  const short = verdicts.filter(({ said }) => said.startsWith('short'))
  const lines = short.map(({ figure, place, said }) => `  ${place}: ${figure.what} is ${shown(figure.value, figure.unit)}, wanted ${wanted(figure)}: ${said}`)
  return [`${verdicts.length - short.length} of ${verdicts.length} targets met${short.length === 0 ? '.' : '; short are:'}`, ...lines].join('\n')
}
