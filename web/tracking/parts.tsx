import type { ReactNode } from 'react'
import { Clip, Table } from '../design/table.tsx'

interface Part {
  name: string
  count: number
  human: number
}

const MOST_FIRST = { key: 'count', down: true }

/** Parts of a whole with their counts, the largest first. */
export function PartTable({ title, name, parts, show }: { title: string; name: string; parts: readonly Part[]; show?: (name: string) => ReactNode }) {
  const most = Math.max(1, ...parts.map(({ count }) => count))
  return (
    <Table
      title={title}
      rows={parts}
      rowKey={(part) => part.name}
      order={MOST_FIRST}
      few={10}
      columns={[
        { key: 'name', title: name, value: (part) => part.name, share: (part) => (100 * part.count) / most, show: (part) => (show ? <bdi className="clip">{show(part.name)}</bdi> : <Clip text={part.name} />) },
        { key: 'count', title: 'All', numeric: true, value: (part) => part.count },
        { key: 'human', title: 'People', numeric: true, value: (part) => part.human },
      ]}
    />
  )
}
