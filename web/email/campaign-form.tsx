import type { FormEvent } from 'react'
import { useLocation } from 'wouter'
import { useChange } from '../api/answer.ts'
import { call } from '../api/call.ts'
import type { MailCampaign } from '../api/email.ts'
import { Button } from '../design/button.tsx'
import { Dialog } from '../design/dialog.tsx'
import { Area, Field } from '../design/field.tsx'
import { Notice } from '../design/state.tsx'
import { CAMPAIGNS } from './address.ts'

/** Makes a campaign and goes there or, where one is given, changes it. */
export function CampaignForm({ campaign, onClose }: { campaign?: MailCampaign; onClose: () => void }) {
  const [, go] = useLocation()
  const send = useChange((wanted: object) => (campaign ? call<MailCampaign>('PATCH', `${CAMPAIGNS}/${campaign.id}`, wanted) : call<MailCampaign>('POST', CAMPAIGNS, wanted)), [CAMPAIGNS])
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const text = (name: string): string | null => String(form.get(name)).trim() || null
    send.mutate({ name: text('name') ?? '', subject: text('subject'), html: text('html') }, { onSuccess: ({ id }) => (campaign ? onClose() : go(`/email/campaigns/${id}`)) })
  }
  return (
    <Dialog title={campaign ? 'Change the campaign' : 'New campaign'} onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <Field label="Name" name="name" required maxLength={255} defaultValue={campaign?.name} hint="Readers do not see it." />
        <Written subject={campaign?.subject} html={campaign?.html} />
        {send.error && <Notice bad>{send.error.message}</Notice>}
        <Button type="submit" kind="main" disabled={send.isPending}>
          {campaign ? 'Save' : 'Make the campaign'}
        </Button>
      </form>
    </Dialog>
  )
}

/** What a mail is written in. */
export function Written({ subject, html, required = false }: { subject: string | null | undefined; html: string | null | undefined; required?: boolean }) {
  return (
    <>
      <Field label="Subject" name="subject" required={required} maxLength={998} defaultValue={subject ?? ''} />
      <Area label="HTML" name="html" required={required} defaultValue={html ?? ''} hint="{{first_name}} and other fields are filled in for each reader; a link to unsubscribe is added." />
    </>
  )
}
