import { type FormEvent, useState } from 'react'
import { useChange } from '../api/answer.ts'
import { call } from '../api/call.ts'
import type { Link } from '../api/links.ts'
import { Button } from '../design/button.tsx'
import { Dialog } from '../design/dialog.tsx'
import { Field, Select } from '../design/field.tsx'
import { Notice, Snippet } from '../design/state.tsx'
import { LIST } from './list.ts'

const FUNCTIONS = ['Website', 'LinkedIn', 'Calendly', 'Portfolio', 'GitHub', 'Other']

/** Makes a link or, where one is given, changes it. A new link is shown with its address to copy. */
export function LinkForm({ link, onClose }: { link?: Link; onClose: () => void }) {
  const [made, setMade] = useState<Link | null>(null)
  const send = useChange((wanted: object) => (link ? call<Link>('PATCH', `${LIST}/${link.tracking_id}`, wanted) : call<Link>('POST', LIST, wanted)), [LIST])
  const wrong = send.error?.fields ?? {}

  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const text = (name: string): string | null => String(form.get(name) ?? '').trim() || null
    const expires = text('expires_at')
    const common = { original_url: text('original_url') ?? '', description: text('description'), expires_at: expires === null ? null : new Date(expires).toISOString() }
    const wanted = link ? common : { ...common, link_function: text('link_function'), tracking_id: text('tracking_id'), campaign: text('campaign'), partner: text('partner') }
    send.mutate(wanted, { onSuccess: (answer) => (link ? onClose() : setMade(answer)) })
  }

  if (made) {
    return (
      <Dialog title="The link is ready" onClose={onClose}>
        <p>Hand out this address. It leads on at once, and each click is counted.</p>
        <Snippet code={made.redirect_url} what="the address" />
      </Dialog>
    )
  }
  return (
    <Dialog title={link ? `Change ${link.tracking_id}` : 'New link'} onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <Field label="Leads to" name="original_url" type="url" required maxLength={1000} defaultValue={link?.original_url} placeholder="https://example.com/page" wrong={wrong.original_url} />
        {!link && (
          <>
            <Select label="Kind" name="link_function" hint="Decides the path of the address">
              {FUNCTIONS.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </Select>
            <Field label="Tracking id" name="tracking_id" maxLength={100} pattern="[A-Za-z0-9_\-]+" hint="Left empty, a random one is made." wrong={wrong.tracking_id} />
            <Field label="Campaign" name="campaign" maxLength={255} wrong={wrong.campaign} />
            <Field label="Partner" name="partner" maxLength={255} hint="The tracking id of the partner whose link it is" wrong={wrong.partner} />
          </>
        )}
        <Field label="Description" name="description" maxLength={1000} defaultValue={link?.description ?? ''} wrong={wrong.description} />
        <Field label="Ends at" name="expires_at" type="datetime-local" defaultValue={localInput(link?.expires_at ?? null)} hint="By your clock. Left empty, it never ends." wrong={wrong.expires_at} />
        {send.error && <Notice bad>{send.error.message}</Notice>}
        <Button type="submit" kind="main" disabled={send.isPending}>
          {link ? 'Save' : 'Make the link'}
        </Button>
      </form>
    </Dialog>
  )
}

/** A moment as an input of date and time wants it, by this device's clock. */
function localInput(iso: string | null): string {
  if (iso === null) return ''
  const date = new Date(iso)
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}
