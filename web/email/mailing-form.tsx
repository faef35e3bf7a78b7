import { type FormEvent, useState } from 'react'
import { useAnswer, useChange } from '../api/answer.ts'
import { address, call } from '../api/call.ts'
import type { LeadPage, MailCampaign, QueuedMailing } from '../api/email.ts'
import { Button } from '../design/button.tsx'
import { Dialog } from '../design/dialog.tsx'
import { Field, Select } from '../design/field.tsx'
import { number } from '../design/format.ts'
import { Answered, Notice } from '../design/state.tsx'
import { CAMPAIGNS, LEADS } from './address.ts'
import { Written } from './campaign-form.tsx'

/** To whom, as leads are filtered. */
const TO = {
  all: { name: 'Everybody', filter: {} },
  opened: { name: 'Who has opened a mail', filter: { email_opened: true } },
  unopened: { name: 'Who has opened none', filter: { email_opened: false } },
  clicked: { name: 'Who has followed a link', filter: { email_clicked: true } },
} as const

interface Draft {
  subject: string
  html: string
  filter: { email_opened?: boolean; email_clicked?: boolean; q?: string }
  /** The same however often it is sent: nobody is mailed twice. */
  event_id: string
}

/** Writes a mailing, says how many get it, and sends it. */
export function MailingForm({ campaign, onClose }: { campaign: MailCampaign; onClose: () => void }) {
  const [draft, setDraft] = useState<Draft | null>(null)
  const write = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const text = (name: string): string => String(form.get(name)).trim()
    const q = text('q')
    const to = TO[text('to') as keyof typeof TO]
    setDraft({ subject: text('subject'), html: text('html'), filter: { ...to.filter, ...(q ? { q } : {}) }, event_id: crypto.getRandomValues(new Uint32Array(4)).join('-') })
  }
  return (
    <Dialog title="Send a mailing" onClose={onClose}>
      <form className="stack" hidden={draft !== null} onSubmit={write}>
        <Written subject={campaign.subject ?? campaign.name} html={campaign.html} required />
        <Select label="To" name="to">
          {Object.entries(TO).map(([key, { name }]) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </Select>
        <Field label="Only who matches" name="q" maxLength={200} hint="A part of address or name. Write your own address to try the mail first." />
        <Button type="submit" kind="main">
          Go on
        </Button>
      </form>
      {draft && <Confirm campaign={campaign} draft={draft} onBack={() => setDraft(null)} onClose={onClose} />}
    </Dialog>
  )
}

function Confirm({ campaign, draft, onBack, onClose }: { campaign: MailCampaign; draft: Draft; onBack: () => void; onClose: () => void }) {
  const audience = useAnswer<LeadPage>(address(LEADS, { ...draft.filter, limit: 1, counts: true }), { keep: false })
  const send = useChange(() => call<QueuedMailing>('POST', `${CAMPAIGNS}/send`, { campaign_id: campaign.id, all: true, ...draft }), [CAMPAIGNS])
  if (send.data) {
    return (
      <>
        <Notice>{number(send.data.queued)} mails are on their way. The list of mailings says how far they are.</Notice>
        <Button kind="main" onClick={onClose}>
          Done
        </Button>
      </>
    )
  }
  return (
    <Answered of={audience}>
      {({ counts: { leads, mailable } = { leads: 0, mailable: 0 } }) => (
        <>
          <p>
            <strong>{mailable === 1 ? '1 lead gets' : `${number(mailable)} leads get`}</strong> the mail <bdi>{draft.subject}</bdi>.
            {leads > mailable && ` ${number(leads - mailable)} more match, and are left out: they have unsubscribed, or their address takes no mail.`}
          </p>
          {send.error && <Notice bad>{send.error.message}</Notice>}
          <div className="row">
            <Button onClick={onBack}>Back</Button>
            <Button kind="main" disabled={mailable === 0 || send.isPending} onClick={() => send.mutate(undefined)}>
              Send to {number(mailable)}
            </Button>
          </div>
        </>
      )}
    </Answered>
  )
}
