import type { Terminal } from './world.ts'

/** A row of anything, by the names of its columns. */
export type Cells = Readonly<Record<string, unknown>>

/** Rows as a table for a terminal: columns as wide as they must be, numbers to the right. */
export function table(rows: readonly Cells[], columns: readonly string[] = [...new Set(rows.flatMap(Object.keys))]): string {
  if (rows.length === 0) return 'nothing\n'
  const texts = rows.map((row) => columns.map((name) => cellText(row[name])))
  const widths = columns.map((name, at) => Math.max(name.length, ...texts.map((cells) => (cells[at] as string).length)))
  const right = columns.map((name) => rows.every((row) => row[name] === null || row[name] === undefined || typeof row[name] === 'number'))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => (right[at] ? cell.padStart(widths[at] as number) : cell.padEnd(widths[at] as number)))
      .join('  ')
      .trimEnd()
  return `${[line(columns), line(widths.map((width) => '-'.repeat(width))), ...texts.map(line)].join('\n')}\n`
}

/** An answer for a terminal: what it says of the whole, then each of its lists as a table. */
export function sheet(answer: Cells): string {
  const whole = Object.entries(answer).filter(([, value]) => !Array.isArray(value))
  const lists = Object.entries(answer).filter((entry): entry is [string, Cells[]] => Array.isArray(entry[1]) && entry[1].length > 0)
  const width = Math.max(0, ...whole.map(([name]) => name.length))
  return [...whole.map(([name, value]) => `${name.padEnd(width)}  ${cellText(value)}\n`), ...lists.map(([name, rows]) => `\n${name}\n${table(rows)}`)].join('')
}

/** Control characters that came with the data must not reach the terminal. */
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g

function cellText(value: unknown): string {
  if (value === null || value === undefined) return ''
  return (typeof value === 'object' ? JSON.stringify(value) : String(value)).replace(CONTROL, ' ')
}

/** Says what was done: in JSON where that was asked for, else in words. */
export function say(out: Terminal, json: boolean | undefined, value: unknown, words: string): void {
  if (json) printJson(out, value)
  else out.write(`${words}\n`)
}

/** Prints JSON that people can read too. */
export function printJson(out: Terminal, value: unknown): void {
  out.write(`${JSON.stringify(value, null, 2)}\n`)
}
