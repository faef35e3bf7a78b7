import { type FormEvent, useState } from 'react'
import { useAnswer, useChange } from '../api/answer.ts'
import { address, call } from '../api/call.ts'
import type { Lead, LeadPage } from '../api/email.ts'
import { useLive } from '../api/live.ts'
import { Button } from '../design/button.tsx'
import { day, moment, number } from '../design/format.ts'
import { Answered, Empty, Notice } from '../design/state.tsx'
import { Table } from '../design/table.tsx'
import { useIsAdmin } from '../shell/session.tsx'
import { useView } from '../shell/view.ts'
import { LEADS } from './address.ts'
import { EmailHead } from './head.tsx'
import { ImportForm } from './import-form.tsx'
import { LeadForm } from './lead-form.tsx'

/** What leads are filtered by, each with its name in the API. */
const FILTERS = [
  { name: 'status', label: 'Status', options: [['', 'Any status'], ['active', 'Active'], ['opted_out', 'Unsubscribed'], ['bounced', 'Bounced']] },
  { name: 'email_opened', label: 'Opened', options: [['', 'Opened or not'], ['true', 'Opened'], ['false', 'Not opened']] },
  { name: 'email_clicked', label: 'Clicked', options: [['', 'Clicked or not'], ['true', 'Clicked'], ['false', 'Not clicked']] },
] as const

/** Everybody who gets mails: searched, made, imported, changed and erased. */
export default function LeadsPage() {
  const view = useView()
  const admin = useIsAdmin()
  const [open, setOpen] = useState<'new' | 'import' | null>(null)
  const [q, cursor] = [view.get('q'), view.get('cursor')]
  const filters = Object.fromEntries(FILTERS.map(({ name, options }) => [name, options.find(([value]) => value === view.get(name))?.[0] ?? '']))
  const leads = useAnswer<LeadPage>(address(LEADS, { ...filters, q, cursor, limit: 50, counts: true }), { live: true })
  useLive(['email'])
  const search = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    view.set({ q: String(new FormData(event.currentTarget).get('q')).trim(), cursor: '' })
  }
  const all = q === '' && cursor === '' && Object.values(filters).every((value) => value === '')
  return (
    <>
      <EmailHead title="Leads">
        {admin && (
          <>
            <Button onClick={() => setOpen('import')}>Import</Button>
            <Button kind="main" onClick={() => setOpen('new')}>
              New lead
            </Button>
          </>
        )}
      </EmailHead>
      <div className="stack">
        <div className="spread">
          <form className="row" role="search" onSubmit={search}>
            <input className="control" type="search" name="q" aria-label="Search by address or name" placeholder="Address or name" defaultValue={q} key={q} maxLength={200} />
            <Button type="submit">Search</Button>
          </form>
          <div className="row">
            {FILTERS.map(({ name, label, options }) => (
              <select key={name} className="control" aria-label={label} value={filters[name]} onChange={({ target }) => view.set({ [name]: target.value, cursor: '' })}>
                {options.map(([value, title]) => (
                  <option key={value} value={value}>
                    {title}
                  </option>
                ))}
              </select>
            ))}
          </div>
        </div>
        <Answered of={leads} tall>
          {(data) =>
            data.leads.length === 0 && all ? (
              <NothingYet />
            ) : (
              <>
                <p className="soft small">
                  {number(data.counts?.leads ?? 0)} leads, {number(data.counts?.mailable ?? 0)} of whom may be mailed.
                </p>
                <Leads leads={data.leads} admin={admin} />
                <div className="row">
                  {cursor && <Button onClick={() => view.set({ cursor: '' })}>Newest</Button>}
                  {data.cursor && <Button onClick={() => view.set({ cursor: data.cursor ?? '' })}>Older</Button>}
                </div>
              </>
            )
          }
        </Answered>
      </div>
      {open === 'new' && <LeadForm onClose={() => setOpen(null)} />}
      {open === 'import' && <ImportForm onClose={() => setOpen(null)} />}
    </>
  )
}

const NAMES = { active: 'active', opted_out: 'unsubscribed', bounced: 'bounced' } as const

function Leads({ leads, admin }: { leads: readonly Lead[]; admin: boolean }) {
  const [changing, setChanging] = useState<Lead | null>(null)
  const erase = useChange(({ id }: Lead) => call('DELETE', `${LEADS}/${id}`), ['/api/'])
  const time = (at: string | null) => (at ? moment(at) : <span className="soft">–</span>)
  return (
    <>
      {erase.error && <Notice bad>{erase.error.message}</Notice>}
      <Table
        title="Leads"
        none="No lead is like that."
        rows={leads}
        rowKey={({ id }) => String(id)}
        columns={[
          { key: 'email', title: 'E-mail', wide: true, value: ({ email }) => email },
          { key: 'name', title: 'Name', value: (lead) => [lead.first_name, lead.last_name].filter(Boolean).join(' ') },
          { key: 'status', title: 'Status', value: ({ status }) => NAMES[status], show: ({ status }) => <span className={status === 'active' ? 'badge on' : 'badge off'}>{NAMES[status]}</span> },
          { key: 'opened', title: 'First opened', whole: true, value: (lead) => lead.email_opened_at, show: (lead) => time(lead.email_opened_at) },
          { key: 'clicked', title: 'First clicked', whole: true, value: (lead) => lead.email_clicked_at, show: (lead) => time(lead.email_clicked_at) },
          { key: 'made', title: 'Since', whole: true, value: (lead) => lead.created_at, show: (lead) => day(lead.created_at) },
        ]}
        {...(admin
          ? {
              actions: (lead: Lead) => (
                <>
                  <Button slim aria-label={`Change ${lead.email}`} onClick={() => setChanging(lead)}>
                    Change
                  </Button>
                  <Button
                    slim
                    kind="danger"
                    disabled={erase.isPending}
                    aria-label={`Erase ${lead.email}`}
                    onClick={() => confirm(`Erase ${lead.email} and everything that tells who they are, for good? All numbers stay.`) && erase.mutate(lead)}
                  >
                    Erase
                  </Button>
                </>
              ),
            }
          : {})}
      />
      {changing && <LeadForm lead={changing} onClose={() => setChanging(null)} />}
    </>
  )
}

function NothingYet() {
  const code = `curl -X POST ${location.origin}/api/v1/leads/import \\
  -H "X-API-Key: <your ingest key>" -H "Content-Type: text/csv" \\
  --data-binary @leads.csv`
  return (
    <Empty title="No leads yet" code={code} what="the call that imports leads">
      A lead is somebody you write to. Bring a list with “Import”: a CSV file whose first line names its columns, one of them email. Or send it from your own program.
    </Empty>
  )
}
