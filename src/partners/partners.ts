import { parseEmail } from '../accounts/index.ts'
import { Fault } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import { isPrintable } from '../core/text.ts'
import { iso } from '../core/time.ts'
import type { Mailer } from '../email/index.ts'
import type { Sql } from '../store/sql.ts'
import { dashboardUrl, newAccess } from './access.ts'
import { type Invited, invite } from './invite.ts'
import { type Partner, insertPartner, partnerOf, revokePartner, rotatePartner } from './store.ts'

export const NAME_MAX = 255

/** What partners are made with. */
export interface PartnersWorld {
  sql: Sql
  /** Null where no mail server is set. */
  mailer: Mailer | null
  /** Base of the addresses to hand out, without a slash at the end. */
  baseUrl: () => string
  now: () => number
}

/** What a token is asked with, as the request says it. */
export interface WantedToken {
  expiresInDays?: number | null
  sendInvite?: boolean | null
}

/** What a partner is made of, as the request says it. */
export interface NewPartner extends WantedToken {
  trackingId: string
  partnerName?: string | null
  email?: string | null
}

/** A token that was made just now: the only time that it is shown. */
export interface ShownToken extends Invited {
  trackingId: string
  accessToken: string
  dashboardUrl: string
  expiresAt: string
}

/** Makes a partner, and mails the dashboard's address where asked to. Throws Fault 'invalid' naming the field, 'conflict' for a taken id. */
export async function createPartner(world: PartnersWorld, wanted: NewPartner): Promise<ShownToken> {
  const now = world.now()
  const { token, ...access } = newAccess(wanted.expiresInDays, now)
  const partner: Partner = {
    id: newId(),
    trackingId: wanted.trackingId,
    partnerName: nameOf(wanted.partnerName ?? null),
    email: emailOf(wanted.email ?? null),
    ...access,
    isActive: true,
    createdAt: now,
    lastSeenAt: null,
  }
  checkInvite(partner, wanted)
  if (!(await insertPartner(world.sql, partner))) throw new Fault('conflict', 'trackingId is taken.', { errors: [{ field: 'trackingId', error: 'is taken' }] })
  return shown(world, partner, token, wanted)
}

/** Gives a partner a new token in place of the old one, which ends at once; one that was revoked has access again. Throws Fault 'not_found'. */
export async function rotateToken(world: PartnersWorld, trackingId: string, wanted: WantedToken): Promise<ShownToken> {
  checkInvite(existing(await partnerOf(world.sql, trackingId)), wanted)
  const { token, tokenHash, expiresAt } = newAccess(wanted.expiresInDays, world.now())
  return shown(world, existing(await rotatePartner(world.sql, trackingId, tokenHash, expiresAt)), token, wanted)
}

/** Ends a partner's token at once. Repeating it is harmless. Throws Fault 'not_found'. */
export async function revokeToken(world: PartnersWorld, trackingId: string): Promise<Partner> {
  return existing(await revokePartner(world.sql, trackingId))
}

/** The partner, where there is one. Throws Fault 'not_found'. */
export function existing(partner: Partner | null): Partner {
  if (partner) return partner
  throw new Fault('not_found', 'There is no partner of that tracking id.')
}

async function shown(world: PartnersWorld, partner: Partner, token: string, { sendInvite }: WantedToken): Promise<ShownToken> {
  const url = dashboardUrl(world.baseUrl(), partner.trackingId, token)
  return {
    trackingId: partner.trackingId,
    accessToken: token,
    dashboardUrl: url,
    expiresAt: iso(partner.expiresAt),
    ...(sendInvite ? await invite(world.mailer, partner, url) : {}),
  }
}

function nameOf(given: string | null): string | null {
  const name = given?.trim() || null
  if (name === null || isPrintable(name, 1, NAME_MAX)) return name
  throw invalid('partnerName', `must be 1 to ${NAME_MAX} printable characters`)
}

function emailOf(given: string | null): string | null {
  if (given === null) return null
  const email = parseEmail(given)
  if (email !== null) return email
  throw invalid('email', 'must be an e-mail address')
}

function checkInvite({ email }: Partner, { sendInvite }: WantedToken): void {
  if (sendInvite && email === null) throw invalid('email', 'is required to send an invite')
}

function invalid(field: string, error: string): Fault {
  return new Fault('invalid', `${field} ${error}.`, { errors: [{ field, error }] })
}
