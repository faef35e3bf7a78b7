import { useState } from 'react'
import { Link } from 'wouter'
import { useAnswer } from '../api/answer.ts'
import { address } from '../api/call.ts'
import type { MailCampaignPage } from '../api/email.ts'
import { useLive } from '../api/live.ts'
import { Button } from '../design/button.tsx'
import { day, percent } from '../design/format.ts'
import { Answered, Empty } from '../design/state.tsx'
import { Table } from '../design/table.tsx'
import { useIsAdmin } from '../shell/session.tsx'
import { useView } from '../shell/view.ts'
import { CAMPAIGNS } from './address.ts'
import { CampaignForm } from './campaign-form.tsx'
import { EmailHead } from './head.tsx'

/** All campaigns of mails, and what each brought. */
export default function EmailPage() {
  const view = useView()
  const admin = useIsAdmin()
  const [making, setMaking] = useState(false)
  const cursor = view.get('cursor')
  const campaigns = useAnswer<MailCampaignPage>(address(CAMPAIGNS, { numbers: true, limit: 50, cursor }), { live: true })
  useLive(['email'])
  return (
    <>
      <EmailHead title="Email">
        {admin && (
          <Button kind="main" onClick={() => setMaking(true)}>
            New campaign
          </Button>
        )}
      </EmailHead>
      <Answered of={campaigns} tall>
        {(data) =>
          data.campaigns.length === 0 && cursor === '' ? (
            <NothingYet />
          ) : (
            <div className="stack">
              <Campaigns campaigns={data.campaigns} />
              <div className="row">
                {cursor && <Button onClick={() => view.set({ cursor: '' })}>Newest</Button>}
                {data.cursor && <Button onClick={() => view.set({ cursor: data.cursor ?? '' })}>Older</Button>}
              </div>
            </div>
          )
        }
      </Answered>
      {making && <CampaignForm onClose={() => setMaking(false)} />}
    </>
  )
}

function Campaigns({ campaigns }: { campaigns: MailCampaignPage['campaigns'] }) {
  return (
    <Table
      title="Campaigns"
      rows={campaigns}
      rowKey={({ id }) => String(id)}
      columns={[
        {
          key: 'name',
          title: 'Campaign',
          wide: true,
          value: ({ name }) => name,
          show: ({ id, name }) => (
            <bdi className="clip">
              <Link href={`/email/campaigns/${id}`}>{name}</Link>
            </bdi>
          ),
        },
        { key: 'sent', title: 'Sent', numeric: true, value: ({ numbers }) => numbers?.sent },
        { key: 'openRate', title: 'Opened', numeric: true, value: ({ numbers }) => numbers?.open_rate, show: ({ numbers }) => percent(numbers?.open_rate ?? 0) },
        { key: 'clickRate', title: 'Clicked', numeric: true, value: ({ numbers }) => numbers?.click_rate, show: ({ numbers }) => percent(numbers?.click_rate ?? 0) },
        { key: 'machines', title: 'By machines', numeric: true, value: ({ numbers }) => (numbers ? numbers.opens.machine + numbers.clicks.machine : 0) },
        { key: 'unsubscribes', title: 'Unsubscribed', numeric: true, value: ({ numbers }) => numbers?.unsubscribes },
        { key: 'bounced', title: 'Bounced', numeric: true, value: ({ numbers }) => numbers?.bounced },
        { key: 'made', title: 'Made', whole: true, value: (one) => one.created_at, show: (one) => day(one.created_at) },
      ]}
    />
  )
}

function NothingYet() {
  const code = `curl -X POST ${location.origin}/api/v1/campaigns \\
  -H "X-API-Key: <your ingest key>" -H "Content-Type: application/json" \\
  -d '{"name": "Autumn", "subject": "{{first_name}}, your offer", "html": "<p>Hello {{first_name}}</p>"}'`
  return (
    <Empty title="No campaigns yet" code={code} what="the call that makes a campaign">
      First bring the people you write to: <Link href="/email/leads">your leads</Link>. Then make a campaign with “New campaign”, or from your own program, and send it.
    </Empty>
  )
}
