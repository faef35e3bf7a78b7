import { Link, useParams } from 'wouter'
import { useIsAdmin } from '../shell/session.tsx'
import { PageHead } from '../shell/shell.tsx'
import { AccountPart } from './account.tsx'
import { KeysPart } from './keys.tsx'
import { PrivacyPart } from './privacy.tsx'
import './settings.css'
import { SystemPart } from './system.tsx'
import { UsersPart } from './users.tsx'
import { WebhooksPart } from './webhooks.tsx'

const PARTS = [
  { part: 'account', name: 'Your account', view: AccountPart, admin: false },
  { part: 'users', name: 'Users', view: UsersPart, admin: true },
  { part: 'keys', name: 'Ingest keys', view: KeysPart, admin: true },
  { part: 'webhooks', name: 'Webhooks', view: WebhooksPart, admin: false },
  { part: 'privacy', name: 'Privacy', view: PrivacyPart, admin: true },
  { part: 'system', name: 'System', view: SystemPart, admin: false },
] as const

/** The settings, one part at a time. */
export default function SettingsPage() {
  const { part = 'account' } = useParams<{ part?: string }>()
  const admin = useIsAdmin()
  const chosen = PARTS.find((one) => one.part === part)
  return (
    <>
      <PageHead title={chosen?.name ?? 'Settings'} />
      <div className="settings">
        <nav aria-label="Settings">
          {PARTS.filter((one) => admin || !one.admin).map((one) => (
            <Link key={one.part} href={`/settings/${one.part}`} aria-current={one === chosen ? 'page' : undefined}>
              {one.name}
            </Link>
          ))}
        </nav>
        <div className="stack">{chosen ? <chosen.view /> : <p>There is no such setting. Choose one beside this.</p>}</div>
      </div>
    </>
  )
}
