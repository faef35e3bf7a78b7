import { Fault } from '../core/errors.ts'
import type { Mailer } from '../email/index.ts'
import type { Partner } from './store.ts'

/** What became of an invite; there when one was asked for. */
export interface Invited {
  inviteSent?: boolean
  inviteError?: string
}

/** Mails a partner the address of the dashboard. The partner and the token are there already, so what goes wrong is told, not thrown. */
export async function invite(mailer: Mailer | null, partner: Partner, url: string): Promise<Invited> {
  if (mailer === null) return { inviteSent: false, inviteError: 'No mail server is set. Set SMTP_URL and EMAIL_FROM, or hand out dashboardUrl yourself.' }
  try {
    await mailer.send({ to: partner.email as string, subject: 'Your dashboard', text: textOf(partner, url) })
    return { inviteSent: true }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return { inviteSent: false, inviteError: `${error.message} Hand out dashboardUrl yourself, or rotate the token to send another invite.` }
  }
}

/** Plain text alone: whatever a name holds, nothing in it is more than letters. */
function textOf({ partnerName, trackingId, expiresAt }: Partner, url: string): string {
  const until = new Date(expiresAt).toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' })
  return [
    `Hello${partnerName === null ? '' : ` ${partnerName}`},`,
    '',
    `here you see what comes of your recommendations (${trackingId}):`,
    '',
    url,
    '',
    `The address works until ${until}. Whoever has it sees your numbers, so keep it to yourself.`,
    '',
  ].join('\n')
}
