import { useChange } from '../api/answer.ts'
import { call } from '../api/call.ts'
import type { Mailing } from '../api/email.ts'
import { Button } from '../design/button.tsx'
import { moment, number } from '../design/format.ts'
import { Table } from '../design/table.tsx'
import { useIsAdmin } from '../shell/session.tsx'
import { CAMPAIGNS } from './address.ts'

/** The mailings of a campaign, and how far each is; one that is under way can be stopped. */
export function MailingTable({ mailings }: { mailings: readonly Mailing[] }) {
  const admin = useIsAdmin()
  const stop = useChange(({ id }: Mailing) => call('POST', `${CAMPAIGNS}/mailings/${id}/cancel`), [CAMPAIGNS])
  const running = mailings.some((one) => stateOf(one) === 'running')
  const actions = (one: Mailing) =>
    stateOf(one) === 'running' && (
      <Button slim kind="danger" disabled={stop.isPending} onClick={() => confirm(`Stop this mailing? ${number(one.queued)} who wait for it get none; what is sent stays sent.`) && stop.mutate(one)}>
        Stop
      </Button>
    )
  return (
    <Table
      title="Mailings"
      none="No mailing has gone out from here yet. “Send a mailing” asks to whom, and says how many get it before anything goes out."
      rows={mailings}
      rowKey={({ id }) => id}
      {...(admin && running ? { actions } : {})}
      columns={[
        { key: 'subject', title: 'Subject', wide: true, value: ({ subject }) => subject },
        { key: 'asked', title: 'Queued at', whole: true, value: (one) => one.created_at, show: (one) => moment(one.created_at) },
        { key: 'state', title: 'State', value: stateOf, show: (one) => <Progress mailing={one} /> },
        { key: 'sent', title: 'Sent', numeric: true, value: ({ sent }) => sent },
        { key: 'bounced', title: 'Bounced', numeric: true, value: ({ bounced }) => bounced },
        { key: 'failed', title: 'Failed', numeric: true, value: ({ failed }) => failed },
        { key: 'doubtful', title: 'Doubtful', numeric: true, value: ({ doubtful }) => doubtful },
        { key: 'skipped', title: 'Left out', numeric: true, value: ({ skipped }) => skipped },
      ]}
    />
  )
}

function Progress({ mailing }: { mailing: Mailing }) {
  if (stateOf(mailing) === 'done') return <span className="badge on">done</span>
  const done = mailing.total - waiting(mailing)
  return (
    <label className="progress">
      <progress value={done} max={mailing.total} /> {number(done)} of {number(mailing.total)}
    </label>
  )
}

function stateOf(mailing: Mailing): 'running' | 'done' {
  return waiting(mailing) > 0 ? 'running' : 'done'
}

function waiting({ queued, sending }: Mailing): number {
  return queued + sending
}
