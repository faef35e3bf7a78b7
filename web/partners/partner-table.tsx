import { Link } from 'wouter'
import { useChange } from '../api/answer.ts'
import { call } from '../api/call.ts'
import type { Partner, PartnerToken } from '../api/partners.ts'
import { Button, CopyButton } from '../design/button.tsx'
import { day, moment } from '../design/format.ts'
import { Empty, Notice } from '../design/state.tsx'
import { Table } from '../design/table.tsx'

const LIST = ['/api/tracking/partners']

/** The partners, and what an admin does with each. */
export function PartnerTable({ partners, admin, onToken }: { partners: readonly Partner[]; admin: boolean; onToken: (token: PartnerToken) => void }) {
  const revoke = useChange((id: string) => call('POST', `/api/tracking/partner/${id}/revoke`), LIST)
  const rotate = useChange((id: string) => call<PartnerToken>('POST', `/api/tracking/partner/${id}/rotate`, {}), LIST)
  const problem = revoke.error ?? rotate.error
  if (partners.length === 0) {
    return (
      <Empty title="No partners yet">
        A partner is anybody who recommends you. Make one with “New partner”: they get a page with their numbers, and the generator below makes the addresses that they spread.
      </Empty>
    )
  }
  return (
    <>
      {problem && <Notice bad>{problem.message}</Notice>}
      <Table
        title="Who recommends you"
        rows={partners}
        rowKey={({ id }) => id}
        columns={[
          { key: 'trackingId', title: 'Tracking id', value: (one) => one.trackingId, show: (one) => <Link href={`/engagement/${one.trackingId}`}>{one.trackingId}</Link> },
          { key: 'partnerName', title: 'Name', value: (one) => one.partnerName },
          { key: 'email', title: 'E-mail', value: (one) => one.email },
          { key: 'state', title: 'Access', value: stateOf, show: (one) => <span className={stateOf(one) === 'active' ? 'badge on' : 'badge off'}>{stateOf(one)}</span> },
          { key: 'expiresAt', title: 'Until', whole: true, value: (one) => one.expiresAt, show: (one) => day(one.expiresAt) },
          { key: 'lastSeenAt', title: 'Last seen', whole: true, value: (one) => one.lastSeenAt, show: (one) => (one.lastSeenAt ? moment(one.lastSeenAt) : <span className="soft">never</span>) },
        ]}
        actions={(one) => (
          <>
            <CopyButton text={`${location.origin}/engagement/${one.trackingId}`} what={`the public address of ${one.trackingId}`} label="Copy address" />
            {admin && (
              <>
                <Button
                  slim
                  disabled={rotate.isPending}
                  aria-label={`New token for ${one.trackingId}`}
                  onClick={() => confirm(`Give ${one.trackingId} a new token? The old one ends at once.`) && rotate.mutate(one.trackingId, { onSuccess: onToken })}
                >
                  New token
                </Button>
                <Button
                  slim
                  kind="danger"
                  disabled={revoke.isPending || !one.isActive}
                  aria-label={`Revoke ${one.trackingId}`}
                  onClick={() => confirm(`End the token of ${one.trackingId}? The public numbers stay.`) && revoke.mutate(one.trackingId)}
                >
                  Revoke
                </Button>
              </>
            )}
          </>
        )}
      />
    </>
  )
}

function stateOf({ isActive, expiresAt }: Partner): 'active' | 'revoked' | 'expired' {
  if (!isActive) return 'revoked'
  return Date.parse(expiresAt) > Date.now() ? 'active' : 'expired'
}
