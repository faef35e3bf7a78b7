import { type FormEvent, useState } from 'react'
import { useChange } from '../api/answer.ts'
import { call } from '../api/call.ts'
import type { PartnerToken } from '../api/partners.ts'
import { Button } from '../design/button.tsx'
import { Dialog } from '../design/dialog.tsx'
import { Check, Field } from '../design/field.tsx'
import { Notice } from '../design/state.tsx'

/** Makes a partner. */
export function NewPartner({ onClose, onToken }: { onClose: () => void; onToken: (token: PartnerToken) => void }) {
  const make = useChange((partner: object) => call<PartnerToken>('POST', '/api/tracking/partner/create', partner), ['/api/tracking/partners'])
  const [inviting, setInviting] = useState(false)
  const wrong = make.error?.fields ?? {}

  const send = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const text = (name: string): string | null => String(form.get(name)).trim() || null
    const partner = { trackingId: text('trackingId'), partnerName: text('partnerName'), email: text('email'), expiresInDays: Number(form.get('expiresInDays')), sendInvite: inviting }
    make.mutate(partner, {
      onSuccess(token) {
        onClose()
        onToken(token)
      },
    })
  }

  return (
    <Dialog title="New partner" onClose={onClose}>
      <form className="stack" onSubmit={send}>
        <Field label="Tracking id" name="trackingId" required maxLength={255} pattern="[A-Za-z0-9_\-]+" hint="Letters, digits, - and _. It stands in the addresses that they spread." wrong={wrong.trackingId} />
        <Field label="Name" name="partnerName" maxLength={255} wrong={wrong.partnerName} />
        <Field label="E-mail address" name="email" type="email" required={inviting} wrong={wrong.email} />
        <Field label="Days of access" name="expiresInDays" type="number" min={1} max={3650} defaultValue={365} required wrong={wrong.expiresInDays} />
        <Check label="Mail them the address of their page" checked={inviting} onChange={({ target }) => setInviting(target.checked)} />
        {make.error && <Notice bad>{make.error.message}</Notice>}
        <Button type="submit" kind="main" disabled={make.isPending}>
          Make the partner
        </Button>
      </form>
    </Dialog>
  )
}
