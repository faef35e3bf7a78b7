import type { ReactNode } from 'react'
import { Link } from 'wouter'
import { PageHead } from '../shell/shell.tsx'

/** The head of the two lists of mails: what is beside this one, and what can be made. */
export function EmailHead({ title, children }: { title: 'Email' | 'Leads'; children: ReactNode }) {
  return (
    <PageHead title={title}>
      <div className="row">
        {title === 'Email' ? <Link href="/email/leads">Leads</Link> : <Link href="/email">Campaigns</Link>}
        {children}
      </div>
    </PageHead>
  )
}
