import { useAnswer, useChange } from '../api/answer.ts'
import { address, call } from '../api/call.ts'
import type { DeliveryPage, Webhook } from '../api/webhooks.ts'
import { Button } from '../design/button.tsx'
import { Segments } from '../design/field.tsx'
import { moment } from '../design/format.ts'
import { Answered, Notice } from '../design/state.tsx'
import { Table } from '../design/table.tsx'
import { useView } from '../shell/view.ts'
import { WEBHOOKS } from './address.ts'

const STATES = [
  ['', 'All'],
  ['pending', 'Pending'],
  ['delivered', 'Delivered'],
  ['failed', 'Failed'],
] as const
const BADGES: Record<string, string> = { delivered: 'badge on', failed: 'badge off' }

/** What became of the messages to a webhook; each can be sent again. */
export function DeliveryLog({ webhook, admin }: { webhook: Webhook; admin: boolean }) {
  const view = useView()
  const cursor = view.get('cursor')
  const state = STATES.find(([value]) => value === view.get('state'))?.[0] ?? ''
  const deliveries = useAnswer<DeliveryPage>(address(`${WEBHOOKS}/${webhook.id}/deliveries`, { state, cursor, limit: 50 }))
  const replay = useChange((id: string) => call('POST', `${WEBHOOKS}/deliveries/${id}/replay`), [WEBHOOKS])
  return (
    <div className="stack">
      <div className="spread">
        <p>
          Messages to <bdi>{webhook.url}</bdi>
        </p>
        <div className="row">
          <Segments label="Which messages" value={state} options={STATES} onChoose={(chosen) => view.set({ state: chosen, cursor: '' })} />
          <Button onClick={() => void deliveries.refetch()}>Look again</Button>
        </div>
      </div>
      {replay.error && <Notice bad>{replay.error.message}</Notice>}
      <Answered of={deliveries}>
        {(page) => (
          <>
            <Table
              title="Delivery log"
              none="No message is there, of the last 30 days."
              rows={page.deliveries}
              rowKey={({ id }) => id}
              columns={[
                { key: 'time', title: 'Queued', whole: true, value: (one) => one.created_at, show: (one) => moment(one.created_at) },
                { key: 'type', title: 'Event', value: (one) => one.event_type },
                { key: 'state', title: 'State', value: (one) => one.state, show: (one) => <span className={BADGES[one.state] ?? 'badge'}>{one.state}</span> },
                { key: 'attempts', title: 'Attempts', numeric: true, value: ({ attempts }) => attempts },
                { key: 'status', title: 'Answer', numeric: true, value: ({ status }) => status },
                { key: 'reason', title: 'Reason', value: ({ reason }) => reason },
                { key: 'next', title: 'Next attempt', whole: true, value: (one) => one.next_attempt_at, show: (one) => (one.next_attempt_at ? moment(one.next_attempt_at) : <span className="soft">–</span>) },
              ]}
              {...(admin
                ? {
                    actions: ({ id }: { id: string }) => (
                      <Button slim disabled={replay.isPending} aria-label={`Send again: ${id}`} onClick={() => replay.mutate(id)}>
                        Send again
                      </Button>
                    ),
                  }
                : {})}
            />
            <div className="row">
              {cursor && <Button onClick={() => view.set({ cursor: '' })}>Newest</Button>}
              {page.cursor && <Button onClick={() => view.set({ cursor: page.cursor ?? '' })}>Older</Button>}
            </div>
          </>
        )}
      </Answered>
    </div>
  )
}
