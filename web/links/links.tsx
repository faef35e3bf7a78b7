import { type FormEvent, useState } from 'react'
import { Link } from 'wouter'
import { useAnswer, useChange } from '../api/answer.ts'
import { address, call } from '../api/call.ts'
import type { LinkPage, ListedLink } from '../api/links.ts'
import { useLive } from '../api/live.ts'
import { Button, CopyButton } from '../design/button.tsx'
import { Segments } from '../design/field.tsx'
import { day } from '../design/format.ts'
import { Answered, Empty, Notice } from '../design/state.tsx'
import { Table } from '../design/table.tsx'
import { useIsAdmin } from '../shell/session.tsx'
import { PageHead } from '../shell/shell.tsx'
import { useView } from '../shell/view.ts'
import { LinkForm } from './link-form.tsx'
import { LIST } from './list.ts'
import { QrDialog } from './qr.tsx'

const STATES = [
  ['', 'All'],
  ['true', 'On'],
  ['false', 'Off'],
] as const

/** All tracked links: searched, made, changed and switched off. */
export default function LinksPage() {
  const view = useView()
  const admin = useIsAdmin()
  const [making, setMaking] = useState(false)
  const [q, cursor] = [view.get('q'), view.get('cursor')]
  const state = STATES.find(([value]) => value === view.get('active'))?.[0] ?? ''
  const links = useAnswer<LinkPage>(address(LIST, { counts: true, limit: 50, q, is_active: state, cursor }), { live: true })
  useLive(['link'])
  const search = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    view.set({ q: String(new FormData(event.currentTarget).get('q')).trim(), cursor: '' })
  }
  return (
    <>
      <PageHead title="Links">
        {admin && (
          <Button kind="main" onClick={() => setMaking(true)}>
            New link
          </Button>
        )}
      </PageHead>
      <div className="stack">
        <div className="spread">
          <form className="row" role="search" onSubmit={search}>
            <input className="control" type="search" name="q" aria-label="Search by id, destination or description" placeholder="Id, destination, description" defaultValue={q} key={q} maxLength={200} />
            <Button type="submit">Search</Button>
          </form>
          <Segments label="Which links" value={state} options={STATES} onChoose={(active) => view.set({ active, cursor: '' })} />
        </div>
        <Answered of={links} tall>
          {(data) =>
            data.links.length === 0 && q === '' && state === '' && cursor === '' ? (
              <NothingYet />
            ) : (
              <>
                <Links links={data.links} admin={admin} />
                <div className="row">
                  {cursor && <Button onClick={() => view.set({ cursor: '' })}>Newest</Button>}
                  {data.cursor && <Button onClick={() => view.set({ cursor: data.cursor ?? '' })}>Older</Button>}
                </div>
              </>
            )
          }
        </Answered>
      </div>
      {making && <LinkForm onClose={() => setMaking(false)} />}
    </>
  )
}

function Links({ links, admin }: { links: readonly ListedLink[]; admin: boolean }) {
  const [changing, setChanging] = useState<ListedLink | null>(null)
  const [shown, setShown] = useState<ListedLink | null>(null)
  const turn = useChange(({ tracking_id, is_active }: ListedLink) => call('PATCH', `${LIST}/${tracking_id}`, { is_active: !is_active }), [LIST])
  return (
    <>
      {turn.error && <Notice bad>{turn.error.message}</Notice>}
      <Table
        title="Tracked links"
        none="No link is like that."
        rows={links}
        rowKey={({ tracking_id }) => tracking_id}
        columns={[
          {
            key: 'id',
            title: 'Link',
            wide: true,
            value: (link) => link.tracking_id,
            show: (link) => (
              <bdi className="clip">
                <Link href={`/links/${link.tracking_id}`}>{link.tracking_id}</Link>
              </bdi>
            ),
          },
          { key: 'clicks', title: 'Clicks', numeric: true, value: (link) => link.clicks ?? 0 },
          { key: 'human', title: 'People', numeric: true, value: (link) => link.human_clicks ?? 0 },
          { key: 'url', title: 'Leads to', wide: true, value: (link) => link.original_url },
          { key: 'description', title: 'Description', value: (link) => link.description },
          { key: 'created', title: 'Made', whole: true, value: (link) => link.created_at, show: (link) => day(link.created_at) },
          { key: 'state', title: 'State', value: stateOf, show: (link) => <span className={stateOf(link) === 'on' ? 'badge on' : 'badge off'}>{stateOf(link)}</span> },
        ]}
        actions={(link) => (
          <>
            <CopyButton text={link.redirect_url} what={`the address of ${link.tracking_id}`} />
            <Button slim aria-label={`QR code of ${link.tracking_id}`} onClick={() => setShown(link)}>
              QR
            </Button>
            {admin && (
              <>
                <Button slim aria-label={`Change ${link.tracking_id}`} onClick={() => setChanging(link)}>
                  Change
                </Button>
                <Button slim aria-label={`Switch ${link.is_active ? 'off' : 'on'} ${link.tracking_id}`} disabled={turn.isPending} onClick={() => turn.mutate(link)}>
                  {link.is_active ? 'Switch off' : 'Switch on'}
                </Button>
              </>
            )}
          </>
        )}
      />
      {changing && <LinkForm link={changing} onClose={() => setChanging(null)} />}
      {shown && <QrDialog link={shown} onClose={() => setShown(null)} />}
    </>
  )
}

function stateOf(link: ListedLink): 'on' | 'off' | 'expired' {
  if (!link.is_active) return 'off'
  return link.expires_at !== null && Date.parse(link.expires_at) <= Date.now() ? 'expired' : 'on'
}

function NothingYet() {
  const code = `curl -X POST ${location.origin}/api/link-tracking/links \\
  -H "X-API-Key: <your ingest key>" -H "Content-Type: application/json" \\
  -d '{"original_url": "https://example.com", "link_function": "Website"}'`
  return (
    <Empty title="No links yet" code={code} what="the call that makes a link">
      Make your first one with “New link”, or from your own program. Each click then shows up here within a second.
    </Empty>
  )
}
