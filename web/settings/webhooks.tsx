import { useState } from 'react'
import { useAnswer, useChange } from '../api/answer.ts'
import { call } from '../api/call.ts'
import type { Delivery, Webhook, WebhookSecret } from '../api/webhooks.ts'
import { Button } from '../design/button.tsx'
import { Dialog } from '../design/dialog.tsx'
import { day } from '../design/format.ts'
import { Answered, Empty, Notice, Snippet } from '../design/state.tsx'
import { Table } from '../design/table.tsx'
import { useIsAdmin } from '../shell/session.tsx'
import { useView } from '../shell/view.ts'
import { WEBHOOKS } from './address.ts'
import { DeliveryLog } from './deliveries.tsx'
import { NewWebhook } from './new-webhook.tsx'

/** Who is told what happens, and what became of each message. */
export function WebhooksPart() {
  const webhooks = useAnswer<{ webhooks: Webhook[] }>(WEBHOOKS)
  const admin = useIsAdmin()
  const view = useView()
  const [making, setMaking] = useState(false)
  const [secret, setSecret] = useState<WebhookSecret | null>(null)
  return (
    <Answered of={webhooks}>
      {(data) => {
        const chosen = data.webhooks.find(({ id }) => id === view.get('webhook')) ?? (data.webhooks.length === 1 ? data.webhooks[0] : undefined)
        return (
          <>
            {admin && (
              <div>
                <Button kind="main" onClick={() => setMaking(true)}>
                  New webhook
                </Button>
              </div>
            )}
            <Webhooks webhooks={data.webhooks} admin={admin} onSecret={setSecret} onLog={(id) => view.set({ webhook: id, state: '', cursor: '' })} />
            {chosen && <DeliveryLog key={chosen.id} webhook={chosen} admin={admin} />}
            {making && <NewWebhook onClose={() => setMaking(false)} onSecret={setSecret} />}
            {secret && <SecretShown webhook={secret} onClose={() => setSecret(null)} />}
          </>
        )
      }}
    </Answered>
  )
}

function Webhooks({ webhooks, admin, onSecret, onLog }: { webhooks: readonly Webhook[]; admin: boolean; onSecret: (webhook: WebhookSecret) => void; onLog: (id: string) => void }) {
  const turn = useChange(({ id, is_active: on }: Webhook) => call('PATCH', `${WEBHOOKS}/${id}`, { is_active: !on }), [WEBHOOKS])
  const rotate = useChange(({ id }: Webhook) => call<WebhookSecret>('POST', `${WEBHOOKS}/${id}/rotate`), [WEBHOOKS])
  const remove = useChange(({ id }: Webhook) => call('DELETE', `${WEBHOOKS}/${id}`), [WEBHOOKS])
  const probe = useChange(({ id }: Webhook) => call<Delivery>('POST', `${WEBHOOKS}/${id}/test`), [WEBHOOKS])
  const problem = turn.error ?? rotate.error ?? remove.error ?? probe.error
  if (webhooks.length === 0) {
    return (
      <Empty title="No webhooks yet">
        A webhook is an address of yours that is told at once when a mail is opened, a link is clicked or a goal is reached. Make one with “New webhook”; the guide to webhooks shows how to check its signatures.
      </Empty>
    )
  }
  return (
    <>
      {problem && <Notice bad>{problem.message}</Notice>}
      {probe.data && <Notice bad={probe.data.state === 'failed'}>{probe.data.state === 'failed' ? `The test was not taken: ${probe.data.reason ?? 'no reason is known'}` : `The test was taken with ${probe.data.status}.`}</Notice>}
      <Table
        title="Webhooks"
        rows={webhooks}
        rowKey={({ id }) => id}
        columns={[
          { key: 'url', title: 'Address', wide: true, value: ({ url }) => url },
          { key: 'events', title: 'Told of', wide: true, value: ({ events, goals }) => [...events, ...goals].join(', ') },
          { key: 'state', title: 'State', value: stateOf, show: (one) => <State webhook={one} /> },
          { key: 'made', title: 'Made', whole: true, value: (one) => one.created_at, show: (one) => day(one.created_at) },
        ]}
        actions={(one) => (
          <>
            <Button slim aria-label={`Log of ${one.url}`} onClick={() => onLog(one.id)}>
              Log
            </Button>
            {admin && (
              <>
                <Button slim disabled={probe.isPending} aria-label={`Test ${one.url}`} onClick={() => probe.mutate(one)}>
                  Test
                </Button>
                <Button slim disabled={turn.isPending} aria-label={`Switch ${one.is_active ? 'off' : 'on'} ${one.url}`} onClick={() => turn.mutate(one)}>
                  {one.is_active ? 'Switch off' : 'Switch on'}
                </Button>
                <Button slim disabled={rotate.isPending} aria-label={`New secret for ${one.url}`} onClick={() => confirm(`Make a new secret for ${one.url}? For 24 hours the old one signs as well.`) && rotate.mutate(one, { onSuccess: onSecret })}>
                  New secret
                </Button>
                <Button slim kind="danger" disabled={remove.isPending} aria-label={`Remove ${one.url}`} onClick={() => confirm(`Remove ${one.url} and its log?`) && remove.mutate(one)}>
                  Remove
                </Button>
              </>
            )}
          </>
        )}
      />
    </>
  )
}

function State({ webhook }: { webhook: Webhook }) {
  const state = stateOf(webhook)
  return (
    <>
      <span className={state === 'on' ? 'badge on' : 'badge off'}>{state}</span>
      {webhook.disabled_reason && <span className="soft"> {webhook.disabled_reason}</span>}
    </>
  )
}

function stateOf({ is_active: on, failing_since: failing }: Webhook): 'on' | 'failing' | 'off' {
  if (!on) return 'off'
  return failing === null ? 'on' : 'failing'
}

function SecretShown({ webhook, onClose }: { webhook: WebhookSecret; onClose: () => void }) {
  return (
    <Dialog title="The secret" onClose={onClose}>
      <p>
        It signs what goes to <bdi>{webhook.url}</bdi>. Copy it now: it is shown this once.
      </p>
      <Snippet code={webhook.secret} what="the secret" />
    </Dialog>
  )
}
