import { type FormEvent, useState } from 'react'
import { useChange } from '../api/answer.ts'
import { call } from '../api/call.ts'
import type { WebhookSecret } from '../api/webhooks.ts'
import { Button } from '../design/button.tsx'
import { Dialog } from '../design/dialog.tsx'
import { Check, Field } from '../design/field.tsx'
import { Notice } from '../design/state.tsx'
import { WEBHOOKS } from './address.ts'

const GOALS = 'goal.converted'
const EVENTS = [
  ['email_opened', 'A mail is opened'],
  ['email_clicked', 'A link in a mail is followed'],
  ['email_unsubscribed', 'A reader unsubscribes'],
  ['link.clicked', 'A link is clicked'],
  ['link.created', 'A link is made'],
  ['link.updated', 'A link is changed'],
  ['capture.recorded', 'A page reports a visit'],
  [GOALS, 'A goal of a product is reached'],
] as const

/** Makes a webhook. */
export function NewWebhook({ onClose, onSecret }: { onClose: () => void; onSecret: (webhook: WebhookSecret) => void }) {
  const [goals, setGoals] = useState(false)
  const make = useChange((webhook: object) => call<WebhookSecret>('POST', WEBHOOKS, webhook), [WEBHOOKS])
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const text = (name: string): string => String(form.get(name) ?? '').trim()
    const named = text('goals').split(',').map((goal) => goal.trim()).filter(Boolean)
    const webhook = { url: text('url'), description: text('description') || null, events: form.getAll('events'), ...(goals ? { goals: named } : {}), include_machines: form.has('include_machines') }
    make.mutate(webhook, {
      onSuccess(made) {
        onClose()
        onSecret(made)
      },
    })
  }
  return (
    <Dialog title="New webhook" onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <Field label="Address" name="url" type="url" required placeholder="https://example.com/hooks" hint="Messages are posted to it." />
        <Field label="Description" name="description" maxLength={255} />
        <fieldset className="choices">
          <legend>It is told when</legend>
          {EVENTS.map(([event, name]) => (
            <Check key={event} label={name} name="events" value={event} {...(event === GOALS ? { checked: goals, onChange: ({ target }) => setGoals(target.checked) } : {})} />
          ))}
        </fieldset>
        {goals && <Field label="Goals" name="goals" required hint="Names of product events, with commas between" />}
        <Check label="Tell of machines as well" name="include_machines" />
        {make.error && <Notice bad>{make.error.message}</Notice>}
        <Button type="submit" kind="main" disabled={make.isPending}>
          Make the webhook
        </Button>
      </form>
    </Dialog>
  )
}
