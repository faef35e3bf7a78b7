import { type CSSProperties, Fragment, type ReactNode, useMemo, useState, useSyncExternalStore } from 'react'
import { useSearchParams } from 'wouter'
import { toCsv } from '../../src/core/csv.ts'
import { Button } from './button.tsx'
import { number } from './format.ts'

/** A column: its value sorts and goes into the CSV file; `show` says how it looks where that is not the value itself. */
export interface Column<Row> {
  key: string
  title: string
  value: (row: Row) => string | number | boolean | null | undefined
  show?: (row: Row) => ReactNode
  numeric?: boolean
  wide?: boolean
  /** Stays on one line, as dates do. */
  whole?: boolean
  /** In percent: how much of the largest a row is, drawn as a line below, or as the depth of the cell's colour. */
  share?: (row: Row) => number
  heat?: (row: Row) => number
}

interface Order {
  key: string
  down: boolean
}

interface TableProps<Row> {
  title: string
  columns: readonly Column<Row>[]
  rows: readonly Row[]
  rowKey: (row: Row) => string
  /** How it is sorted at first; unset, as the rows come. */
  order?: Order
  /** How many rows are shown until all are asked for; unset, all. */
  few?: number
  /** Buttons at the end of each row. */
  actions?: (row: Row) => ReactNode
  /** Shown instead of rows where there are none. */
  none?: ReactNode
}

/** A table that sorts by its heads, says so in the address, and exports itself. */
export function Table<Row>({ title, columns, rows, rowKey, order: first, few = Number.POSITIVE_INFINITY, actions, none = 'Nothing in this period.' }: TableProps<Row>) {
  const [order, setOrder] = useOrder(title, columns, first ?? null)
  const [whole, showAll] = useState(false)
  const narrow = useNarrow()
  const sorted = useMemo(() => sortedBy(rows, columns, order), [rows, columns, order])
  const choose = (column: Column<Row>): void => setOrder({ key: column.key, down: order?.key === column.key ? !order.down : column.numeric === true })
  return (
    <section>
      <div className="table-head">
        <h2>{title}</h2>
        {rows.length > 0 && (
          <Button kind="plain" slim aria-label={`Export ${title} as CSV`} onClick={() => saveCsv(title, columns, sorted)}>
            CSV
          </Button>
        )}
      </div>
      {rows.length === 0 ? (
        <p className="soft small">{none}</p>
      ) : (
        <div className="table-scroll" tabIndex={0} role="group" aria-label={title}>
          <table className="table">
            <thead>
              <tr>
                {columns.map((column) => (
                  <th key={column.key} scope="col" className={column.numeric ? 'number' : undefined} aria-sort={order?.key === column.key ? (order.down ? 'descending' : 'ascending') : undefined}>
                    <button type="button" onClick={() => choose(column)}>
                      {column.title}
                    </button>
                  </th>
                ))}
                {actions && !narrow && (
                  <th scope="col">
                    <span className="unseen">Actions</span>
                  </th>
                )}
              </tr>
            </thead>
            <tbody>
              {(whole ? sorted : sorted.slice(0, few)).map((row) => (
                <Fragment key={rowKey(row)}>
                  <tr>
                    {columns.map((column) => (
                      <td key={column.key} className={lookOf(column)} style={drawn(column, row)}>
                        {column.show ? column.show(row) : plain(column.value(row))}
                      </td>
                    ))}
                    {actions && !narrow && (
                      <td className="actions">
                        <div className="row">{actions(row)}</div>
                      </td>
                    )}
                  </tr>
                  {actions && narrow && (
                    <tr className="actions-below">
                      <td colSpan={columns.length}>
                        <div className="row">{actions(row)}</div>
                      </td>
                    </tr>
                  )}
                </Fragment>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {!whole && sorted.length > few && (
        <Button kind="plain" slim className="table-more" onClick={() => showAll(true)}>
          Show all {number(sorted.length)}
        </Button>
      )}
    </section>
  )
}

/** How a table is sorted, as the address has it: `sort-recent-events=-at` is by the column `at`, the greatest first. */
function useOrder<Row>(title: string, columns: readonly Column<Row>[], first: Order | null): [Order | null, (order: Order) => void] {
  const [search, setSearch] = useSearchParams()
  const name = `sort-${title.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`
  const [, down, key] = /^(-?)(.+)$/.exec(search.get(name) ?? '') ?? []
  const known = columns.some((column) => column.key === key)
  const order = useMemo(() => (known && key ? { key, down: down === '-' } : first), [known, key, down, first])
  const setOrder = (chosen: Order): void =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before)
        after.set(name, `${chosen.down ? '-' : ''}${chosen.key}`)
        return after
      },
      { replace: true },
    )
  return [order, setOrder]
}

function lookOf<Row>({ numeric, wide, whole, share, heat }: Column<Row>): string {
  return [numeric && 'number', wide && 'wide', whole && 'whole', share && 'share', heat && 'heat'].filter(Boolean).join(' ')
}

function drawn<Row>({ share, heat }: Column<Row>, row: Row): CSSProperties {
  return { ...(share ? { ['--share' as string]: share(row) } : {}), ...(heat ? { ['--rate' as string]: heat(row) } : {}) }
}

const phone = matchMedia('(max-width: 40rem)')

/** Whether the window is as narrow as a phone's: a row's buttons stand below it then, since beside it nobody would find them. */
export function useNarrow(): boolean {
  return useSyncExternalStore(
    (changed) => {
      phone.addEventListener('change', changed)
      return () => phone.removeEventListener('change', changed)
    },
    () => phone.matches,
  )
}

/** A text that stays on one line; whole when pointed at. */
export function Clip({ text }: { text: string }) {
  return (
    <bdi className="clip" title={text.length > 200 ? `${text.slice(0, 200)}…` : text}>
      {text.length > 500 ? text.slice(0, 500) : text}
    </bdi>
  )
}

function plain(value: string | number | boolean | null | undefined): ReactNode {
  if (value === null || value === undefined || value === '') return <span className="soft">–</span>
  return typeof value === 'number' ? number(value) : typeof value === 'boolean' ? (value ? 'Yes' : 'No') : <Clip text={value} />
}

const words = new Intl.Collator(undefined, { numeric: true })

function sortedBy<Row>(rows: readonly Row[], columns: readonly Column<Row>[], order: Order | null): readonly Row[] {
  const column = columns.find(({ key }) => key === order?.key)
  if (!column || !order) return rows
  const compared = (a: Row, b: Row): number => {
    const [left, right] = [column.value(a) ?? '', column.value(b) ?? '']
    return typeof left === 'number' && typeof right === 'number' ? left - right : words.compare(String(left), String(right))
  }
  return [...rows].sort((a, b) => (order.down ? compared(b, a) : compared(a, b)))
}

function saveCsv<Row>(title: string, columns: readonly Column<Row>[], rows: readonly Row[]): void {
  const text = toCsv(
    columns.map(({ title: name }) => name),
    rows.map((row) => Object.fromEntries(columns.map((column) => [column.title, column.value(row)]))),
  )
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }))
  const link = document.createElement('a')
  link.href = url
  link.download = `${title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}.csv`
  link.click()
  URL.revokeObjectURL(url)
}
