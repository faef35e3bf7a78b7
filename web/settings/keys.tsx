import { type FormEvent, useState } from 'react'
import type { IngestKey } from '../api/accounts.ts'
import { useAnswer, useChange } from '../api/answer.ts'
import { call } from '../api/call.ts'
import { Button } from '../design/button.tsx'
import { Dialog } from '../design/dialog.tsx'
import { Field } from '../design/field.tsx'
import { day, moment } from '../design/format.ts'
import { Answered, Notice, Snippet } from '../design/state.tsx'
import { Table } from '../design/table.tsx'

const LIST = '/api/keys'

/** The keys by which programs make links and send clicks. */
export function KeysPart() {
  const keys = useAnswer<{ keys: IngestKey[] }>(LIST)
  const [making, setMaking] = useState(false)
  const revoke = useChange((id: string) => call('POST', `${LIST}/${id}/revoke`), [LIST])
  return (
    <Answered of={keys}>
      {(data) => (
        <>
          <p className="soft">A key lets a program make links and send clicks. It is shown once, when it is made.</p>
          <div>
            <Button kind="main" onClick={() => setMaking(true)}>
              New key
            </Button>
          </div>
          {revoke.error && <Notice bad>{revoke.error.message}</Notice>}
          <Table
            title="Ingest keys"
            none="There is no key but the one in WEBHOOK_API_KEY."
            rows={data.keys}
            rowKey={({ id }) => id}
            columns={[
              { key: 'name', title: 'Name', wide: true, value: ({ name }) => name },
              { key: 'state', title: 'State', value: ({ revoked_at: ended }) => (ended ? 'revoked' : 'active'), show: ({ revoked_at: ended }) => <span className={ended ? 'badge off' : 'badge on'}>{ended ? 'revoked' : 'active'}</span> },
              { key: 'created', title: 'Made', whole: true, value: ({ created_at }) => created_at, show: ({ created_at }) => day(created_at) },
              { key: 'used', title: 'Last used', whole: true, value: ({ last_used_at }) => last_used_at, show: ({ last_used_at: used }) => (used ? moment(used) : <span className="soft">never</span>) },
            ]}
            actions={({ id, name, revoked_at: ended }) =>
              ended === null && (
                <Button slim kind="danger" aria-label={`Revoke ${name}`} onClick={() => confirm(`Revoke ${name}? Programs that use it are turned away at once.`) && revoke.mutate(id)}>
                  Revoke
                </Button>
              )
            }
          />
          {making && <NewKey onClose={() => setMaking(false)} />}
        </>
      )}
    </Answered>
  )
}

function NewKey({ onClose }: { onClose: () => void }) {
  const make = useChange((name: string) => call<{ key: string; name: string }>('POST', LIST, { name }), [LIST])
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    make.mutate(String(new FormData(event.currentTarget).get('name')))
  }
  if (make.data) {
    return (
      <Dialog title={`The key ${make.data.name}`} onClose={onClose}>
        <p>Copy it now: it is shown this once.</p>
        <Snippet code={make.data.key} what="the key" />
      </Dialog>
    )
  }
  return (
    <Dialog title="New key" onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <Field label="Name" name="name" required maxLength={100} hint="What uses it, such as the name of the program" wrong={make.error?.fields.name} />
        {make.error && <Notice bad>{make.error.message}</Notice>}
        <Button type="submit" kind="main" disabled={make.isPending}>
          Make the key
        </Button>
      </form>
    </Dialog>
  )
}
