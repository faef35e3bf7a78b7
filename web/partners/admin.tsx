import { useState } from 'react'
import { useAnswer } from '../api/answer.ts'
import type { Partner, PartnerToken } from '../api/partners.ts'
import { Button } from '../design/button.tsx'
import { Answered } from '../design/state.tsx'
import { useIsAdmin } from '../shell/session.tsx'
import { PageHead } from '../shell/shell.tsx'
import { LinkGenerator } from './generator.tsx'
import { NewPartner } from './new-partner.tsx'
import { PartnerTable } from './partner-table.tsx'
import { TokenShown } from './token-shown.tsx'

/** Partners and the addresses that they spread. */
export default function PartnersPage() {
  const partners = useAnswer<{ partners: Partner[] }>('/api/tracking/partners')
  const [making, setMaking] = useState(false)
  const [token, setToken] = useState<PartnerToken | null>(null)
  const admin = useIsAdmin()
  return (
    <>
      <PageHead title="Partners">
        {admin && (
          <Button kind="main" onClick={() => setMaking(true)}>
            New partner
          </Button>
        )}
      </PageHead>
      <Answered of={partners} tall>
        {(data) => (
          <div className="stack-wide">
            <div>
              <PartnerTable partners={data.partners} admin={admin} onToken={setToken} />
            </div>
            <LinkGenerator partners={data.partners} />
          </div>
        )}
      </Answered>
      {making && <NewPartner onClose={() => setMaking(false)} onToken={setToken} />}
      {token && <TokenShown token={token} onClose={() => setToken(null)} />}
    </>
  )
}
