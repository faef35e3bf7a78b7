import type { CapturedEvent } from '../api/tracking.ts'
import { moment } from '../design/format.ts'
import { Table } from '../design/table.tsx'

/** Captures one by one. */
export function EventTable({ title, events, zone }: { title: string; events: readonly CapturedEvent[]; zone: string }) {
  return (
    <Table
      title={title}
      rows={events}
      rowKey={({ id }) => id}
      few={10}
      columns={[
        { key: 'timestamp', title: 'Time', whole: true, value: ({ timestamp }) => timestamp, show: ({ timestamp }) => moment(timestamp, zone) },
        { key: 'referrer', title: 'Referrer', value: ({ referrer }) => referrer },
        { key: 'campaign', title: 'Campaign', value: ({ campaign }) => campaign },
        { key: 'landingPage', title: 'Landing page', value: ({ landingPage }) => landingPage },
        { key: 'originalSource', title: 'Source', value: ({ originalSource }) => originalSource },
        { key: 'destinationUrl', title: 'Went to', value: ({ destinationUrl }) => destinationUrl },
        { key: 'eventType', title: 'Kind', value: ({ eventType }) => eventType },
        { key: 'machine', title: 'By', value: ({ machine }) => (machine ? 'machine' : 'person') },
      ]}
    />
  )
}
