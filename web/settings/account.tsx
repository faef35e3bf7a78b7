import { type FormEvent, useRef } from 'react'
import { useChange } from '../api/answer.ts'
import { call } from '../api/call.ts'
import { Button } from '../design/button.tsx'
import { Field } from '../design/field.tsx'
import { Notice } from '../design/state.tsx'
import { useUser } from '../shell/session.tsx'

/** Who one is, and one's own password. */
export function AccountPart() {
  const { email, role } = useUser()
  const form = useRef<HTMLFormElement>(null)
  const change = useChange((passwords: object) => call('POST', '/api/auth/password', passwords), ['/api/auth'])
  const wrong = change.error?.fields ?? {}
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const given = new FormData(event.currentTarget)
    change.mutate({ currentPassword: given.get('current'), newPassword: given.get('new') }, { onSuccess: () => form.current?.reset() })
  }
  return (
    <>
      <p>
        You are signed in as <bdi>{email}</bdi>, {role === 'admin' ? 'an admin' : 'a viewer, who sees and changes nothing'}.
      </p>
      <h2>Change your password</h2>
      <form ref={form} className="stack" onSubmit={submit}>
        <div className="form">
          <Field label="Current password" name="current" type="password" autoComplete="current-password" required wrong={wrong.currentPassword} />
          <Field label="New password" name="new" type="password" autoComplete="new-password" required minLength={12} hint="At least 12 characters" wrong={wrong.newPassword} />
        </div>
        {change.error && <Notice bad>{change.error.message}</Notice>}
        {change.isSuccess && <Notice>Your password is changed. All your other sessions have ended.</Notice>}
        <div>
          <Button type="submit" kind="main" disabled={change.isPending}>
            Change the password
          </Button>
        </div>
      </form>
    </>
  )
}
