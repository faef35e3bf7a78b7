import { type FormEvent } from 'react'
import { useChange } from '../api/answer.ts'
import { call } from '../api/call.ts'
import type { Lead } from '../api/email.ts'
import { Button } from '../design/button.tsx'
import { Dialog } from '../design/dialog.tsx'
import { Check, Field } from '../design/field.tsx'
import { Notice } from '../design/state.tsx'
import { LEADS } from './address.ts'

/** Makes a lead or, where one is given, changes it. */
export function LeadForm({ lead, onClose }: { lead?: Lead; onClose: () => void }) {
  const send = useChange((wanted: object) => (lead ? call('PATCH', `${LEADS}/${lead.id}`, wanted) : call('POST', LEADS, wanted)), [LEADS])
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const text = (name: string): string | null => String(form.get(name)).trim() || null
    const wanted = { email: text('email') ?? '', first_name: text('first_name'), last_name: text('last_name') }
    send.mutate(form.get('leaves') ? { ...wanted, email_unsubscribed: true } : wanted, { onSuccess: onClose })
  }
  return (
    <Dialog title={lead ? 'Change the lead' : 'New lead'} onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <Field label="E-mail address" name="email" type="email" autoComplete="off" required maxLength={254} defaultValue={lead?.email} />
        <Field label="First name" name="first_name" autoComplete="off" maxLength={255} defaultValue={lead?.first_name ?? ''} />
        <Field label="Last name" name="last_name" autoComplete="off" maxLength={255} defaultValue={lead?.last_name ?? ''} />
        {lead && !lead.email_unsubscribed && <Check label="Unsubscribe them. Nobody can undo it." name="leaves" />}
        {send.error && <Notice bad>{send.error.message}</Notice>}
        <Button type="submit" kind="main" disabled={send.isPending}>
          {lead ? 'Save' : 'Make the lead'}
        </Button>
      </form>
    </Dialog>
  )
}
