import { type FormEvent, useState } from 'react'
import type { Account } from '../api/accounts.ts'
import { useAnswer, useChange } from '../api/answer.ts'
import { call } from '../api/call.ts'
import { Button } from '../design/button.tsx'
import { Dialog } from '../design/dialog.tsx'
import { Field, Select } from '../design/field.tsx'
import { day, moment } from '../design/format.ts'
import { Answered, Notice } from '../design/state.tsx'
import { Table } from '../design/table.tsx'
import { useUser } from '../shell/session.tsx'

const LIST = '/api/auth/users'

/** The people who may sign in. */
export function UsersPart() {
  const users = useAnswer<{ users: Account[] }>(LIST)
  const me = useUser()
  const [adding, setAdding] = useState(false)
  const change = useChange(({ id, ...rest }: { id: string; role?: string; disabled?: boolean }) => call('PATCH', `${LIST}/${id}`, rest), [LIST])
  return (
    <Answered of={users}>
      {(data) => (
        <>
          <div>
            <Button kind="main" onClick={() => setAdding(true)}>
              Add a user
            </Button>
          </div>
          {change.error && <Notice bad>{change.error.message}</Notice>}
          <Table
            title="Users"
            rows={data.users}
            rowKey={({ id }) => id}
            columns={[
              { key: 'email', title: 'E-mail', wide: true, value: ({ email }) => email },
              { key: 'role', title: 'Role', value: ({ role }) => role },
              { key: 'state', title: 'State', value: ({ disabled }) => (disabled ? 'disabled' : 'active'), show: ({ disabled }) => <span className={disabled ? 'badge off' : 'badge on'}>{disabled ? 'disabled' : 'active'}</span> },
              { key: 'created', title: 'Since', whole: true, value: ({ createdAt }) => createdAt, show: ({ createdAt }) => day(createdAt) },
              { key: 'login', title: 'Last login', whole: true, value: ({ lastLoginAt }) => lastLoginAt, show: ({ lastLoginAt }) => (lastLoginAt ? moment(lastLoginAt) : <span className="soft">never</span>) },
            ]}
            actions={({ id, email, role, disabled }) =>
              id !== me.id && (
                <>
                  <Button slim disabled={change.isPending} aria-label={`Make ${email} ${role === 'admin' ? 'a viewer' : 'an admin'}`} onClick={() => change.mutate({ id, role: role === 'admin' ? 'viewer' : 'admin' })}>
                    {role === 'admin' ? 'Make a viewer' : 'Make an admin'}
                  </Button>
                  <Button slim kind={disabled ? undefined : 'danger'} disabled={change.isPending} aria-label={`${disabled ? 'Enable' : 'Disable'} ${email}`} onClick={() => change.mutate({ id, disabled: !disabled })}>
                    {disabled ? 'Enable' : 'Disable'}
                  </Button>
                </>
              )
            }
          />
          {adding && <NewUser onClose={() => setAdding(false)} />}
        </>
      )}
    </Answered>
  )
}

function NewUser({ onClose }: { onClose: () => void }) {
  const add = useChange((user: object) => call('POST', LIST, user), [LIST])
  const wrong = add.error?.fields ?? {}
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    add.mutate(Object.fromEntries(new FormData(event.currentTarget)), { onSuccess: onClose })
  }
  return (
    <Dialog title="Add a user" onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <Field label="E-mail address" name="email" type="email" autoComplete="off" required maxLength={254} wrong={wrong.email} />
        <Field label="Password" name="password" type="password" autoComplete="new-password" required minLength={12} hint="At least 12 characters; they can change it themselves" wrong={wrong.password} />
        <Select label="Role" name="role" hint="Viewers see everything but settings and change nothing.">
          <option value="viewer">Viewer</option>
          <option value="admin">Admin</option>
        </Select>
        {add.error && <Notice bad>{add.error.message}</Notice>}
        <Button type="submit" kind="main" disabled={add.isPending}>
          Add the user
        </Button>
      </form>
    </Dialog>
  )
}
