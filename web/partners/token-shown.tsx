import type { PartnerToken } from '../api/partners.ts'
import { Dialog } from '../design/dialog.tsx'
import { day } from '../design/format.ts'
import { Notice, Snippet } from '../design/state.tsx'

/** A partner's token, which is shown this once. */
export function TokenShown({ token, onClose }: { token: PartnerToken; onClose: () => void }) {
  return (
    <Dialog title={`The page of ${token.trackingId}`} onClose={onClose}>
      <p>Copy this address now: the token in it is shown this once and kept by nobody. It opens the numbers until {day(token.expiresAt)}.</p>
      <Snippet code={token.dashboardUrl} what="the address with the token" />
      <p className="soft small">The token by itself:</p>
      <Snippet code={token.accessToken} what="the token" />
      {token.inviteSent === true && <Notice>The invite is on its way.</Notice>}
      {token.inviteError && <Notice bad>The invite was not sent. {token.inviteError}</Notice>}
    </Dialog>
  )
}
