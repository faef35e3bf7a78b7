import type { Sql } from '../store/sql.ts'

/** Who may see the numbers of a referrer. Times are UTC ms. */
export interface Partner {
  id: string
  trackingId: string
  partnerName: string | null
  email: string | null
  /** SHA-256 of the token; the token itself is nowhere. */
  tokenHash: string
  /** False once revoked. */
  isActive: boolean
  createdAt: number
  expiresAt: number
  /** When the token was last used, behind by up to a minute. */
  lastSeenAt: number | null
}

const columns = 'id, tracking_id, partner_name, email, token_hash, is_active, created_at, expires_at, last_seen_at'

/** Adds a partner unless the tracking id is taken; says whether it did. */
export async function insertPartner(sql: Sql, partner: Partner): Promise<boolean> {
  const { id, trackingId, partnerName, email, tokenHash, isActive, createdAt, expiresAt, lastSeenAt } = partner
  const [rows] = await sql.write([
    {
      text: `insert into partner_access (${columns}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (tracking_id) do nothing returning id`,
      values: [id, trackingId, partnerName, email, tokenHash, isActive, createdAt, expiresAt, lastSeenAt],
    },
  ])
  return rows?.length === 1
}

/** The partner of a tracking id, or null. */
export async function partnerOf(sql: Sql, trackingId: string): Promise<Partner | null> {
  const [row] = await sql.rows<PartnerRow>(`select ${columns} from partner_access where tracking_id = $1`, [trackingId])
  return row ? readOf(row) : null
}

/** Every partner, newest first. */
export async function allPartners(sql: Sql): Promise<Partner[]> {
  return (await sql.rows<PartnerRow>(`select ${columns} from partner_access order by created_at desc, id desc`)).map(readOf)
}

/** Ends a partner's token and gives the partner as it is now, or null when there is none. */
export async function revokePartner(sql: Sql, trackingId: string): Promise<Partner | null> {
  const [rows] = await sql.write([{ text: `update partner_access set is_active = false where tracking_id = $1 returning ${columns}`, values: [trackingId] }])
  return firstOf(rows)
}

/** Puts a new token in the place of the old one, whatever became of that, and gives the partner as it is now, or null when there is none. */
export async function rotatePartner(sql: Sql, trackingId: string, tokenHash: string, expiresAt: number): Promise<Partner | null> {
  const [rows] = await sql.write([
    {
      text: `update partner_access set token_hash = $2, expires_at = $3, is_active = true where tracking_id = $1 returning ${columns}`,
      values: [trackingId, tokenHash, expiresAt],
    },
  ])
  return firstOf(rows)
}

/** Notes that a partner's token was used at `at` (UTC ms). */
export async function notePartnerSeen(sql: Sql, trackingId: string, at: number): Promise<void> {
  await sql.write([{ text: 'update partner_access set last_seen_at = $2 where tracking_id = $1', values: [trackingId, at] }])
}

interface PartnerRow {
  id: string
  tracking_id: string
  partner_name: string | null
  email: string | null
  token_hash: string
  is_active: boolean
  created_at: number
  expires_at: number
  last_seen_at: number | null
}

function firstOf(rows: unknown[] | undefined): Partner | null {
  const row = rows?.[0] as PartnerRow | undefined
  return row ? readOf(row) : null
}

function readOf(row: PartnerRow): Partner {
  return {
    id: row.id,
    trackingId: row.tracking_id,
    partnerName: row.partner_name,
    email: row.email,
    tokenHash: row.token_hash,
    isActive: row.is_active,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastSeenAt: row.last_seen_at,
  }
}
