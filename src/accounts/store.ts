import type { Sql } from '../store/sql.ts'
import type { Role, User } from './user.ts'

/** A user with the hash that a login is checked against. */
export interface UserWithHash extends User {
  passwordHash: string
}

/** An ingest key as it is listed; the key itself is nowhere. Times are UTC ms. */
export interface IngestKey {
  id: string
  name: string
  createdAt: number
  revokedAt: number | null
  /** Behind by up to a minute of use. */
  lastUsedAt: number | null
}

const userColumns = 'u.id, u.email, u.role, u.disabled, u.token_version, u.created_at, u.last_login_at'
const keyColumns = 'id, name, created_at, revoked_at, last_used_at'

/** The user of this id, with the hash of the password. */
export async function findUser(sql: Sql, id: string): Promise<UserWithHash | null> {
  const [row] = await sql.rows<UserRow & { password_hash: string }>(`select ${userColumns}, u.password_hash from users u where u.id = $1`, [id])
  return row ? { ...userOf(row), passwordHash: row.password_hash } : null
}

/** Every user, the oldest account first. */
export async function allUsers(sql: Sql): Promise<User[]> {
  return (await sql.rows<UserRow>(`select ${userColumns} from users u order by u.created_at, u.id`)).map(userOf)
}

/** A session that has not been ended, with its user as the row is now, and when it was last used (UTC ms, behind by up to a minute). */
export async function findSession(sql: Sql, id: string, userId: string): Promise<{ user: User; lastUsedAt: number } | null> {
  const [row] = await sql.rows<UserRow & { last_used_at: number }>(
    `select ${userColumns}, s.last_used_at from sessions s join users u on u.id = s.user_id where s.id = $1 and s.user_id = $2`,
    [id, userId],
  )
  return row ? { user: userOf(row), lastUsedAt: row.last_used_at } : null
}

/** Begins a session at `at`, and clears those of anybody that were last used before `endedBefore`; both UTC ms. */
export async function insertSession(sql: Sql, session: { id: string; userId: string; at: number; endedBefore: number }): Promise<void> {
  await sql.write([
    { text: 'delete from sessions where last_used_at < $1', values: [session.endedBefore] },
    { text: 'insert into sessions (id, user_id, created_at, last_used_at) values ($1, $2, $3, $3)', values: [session.id, session.userId, session.at] },
  ])
}

/** Notes that a session was used at `at` (UTC ms) or later. */
export async function noteSessionUse(sql: Sql, id: string, at: number): Promise<void> {
  await sql.write([{ text: 'update sessions set last_used_at = $2 where id = $1 and last_used_at < $2', values: [id, at] }])
}

/** Ends a session. */
export async function deleteSession(sql: Sql, id: string): Promise<void> {
  await sql.write([{ text: 'delete from sessions where id = $1', values: [id] }])
}

/** What of a user is changed; what is not named stays. */
export interface UserChange {
  role?: Role
  disabled?: boolean
  passwordHash?: string
}

/**
 * Changes a user, unless that would leave nobody who is an active admin: null then, and where there is no such user. A new password and
 * disabling end all of the user's sessions.
 */
export async function updateUser(sql: Sql, id: string, { role, disabled, passwordHash }: UserChange): Promise<User | null> {
  const [, rows] = await sql.write([
    // Changes take turns: two admins who demote each other in one moment must not both succeed.
    { text: `update counters set value = value + 1 where name = 'users'` },
    {
      text: `update users set role = coalesce($2::text, role), disabled = coalesce($3::boolean, disabled), password_hash = coalesce($4::text, password_hash),
               token_version = token_version + case when $4::text is not null or coalesce($3::boolean, false) then 1 else 0 end
             where id = $1 and (
               role <> 'admin' or disabled
               or (coalesce($2::text, role) = 'admin' and not coalesce($3::boolean, disabled))
               or exists (select 1 from users other where other.id <> $1 and other.role = 'admin' and not other.disabled)
             )
             returning id, email, role, disabled, token_version, created_at, last_login_at`,
      values: [id, role ?? null, disabled ?? null, passwordHash ?? null],
    },
  ])
  const row = rows?.[0] as UserRow | undefined
  return row ? userOf(row) : null
}

/** What a login needs, in one look whether or not the user exists: the user, and what the dearest hash of all costs. */
export async function findLogin(sql: Sql, email: string): Promise<{ user: UserWithHash | null; topCost: number }> {
  const [row] = await sql.rows<Partial<UserRow> & { password_hash?: string; top_cost: string | null }>(
    `select ${userColumns}, u.password_hash, t.top_cost
     from (select max(substr(password_hash, 5, 2)) as top_cost from users) t
     left join users u on u.email = $1`,
    [email],
  )
  const topCost = Number(row?.top_cost ?? 0)
  if (!row?.id || !row.password_hash) return { user: null, topCost }
  return { user: { ...userOf(row as UserRow), passwordHash: row.password_hash }, topCost }
}

/** The e-mail address of the user of this address, else of the oldest admin, else null: who could log in already. */
export async function findAdminEmail(sql: Sql, email: string | null): Promise<string | null> {
  const [row] = await sql.rows<{ email: string }>(
    email === null
      ? `select email from users where role = 'admin' order by disabled, created_at, id limit 1`
      : 'select email from users where email = $1',
    email === null ? [] : [email],
  )
  return row?.email ?? null
}

/** Adds a user unless the e-mail address is taken; says whether it did. */
export async function insertUser(sql: Sql, user: UserWithHash): Promise<boolean> {
  const [rows] = await sql.write([
    {
      text: `insert into users (id, email, password_hash, role, disabled, token_version, created_at, last_login_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (email) do nothing returning id`,
      values: [user.id, user.email, user.passwordHash, user.role, user.disabled, user.tokenVersion, user.createdAt, user.lastLoginAt],
    },
  ])
  return rows?.length === 1
}

/** Notes a login at `at` (UTC ms) and, where given, a dearer hash of the same password. */
export async function noteLogin(sql: Sql, user: UserWithHash, at: number, newHash: string | null): Promise<void> {
  await sql.write([
    newHash === null
      ? { text: 'update users set last_login_at = $2 where id = $1', values: [user.id, at] }
      : {
          // Only in place of the hash that was checked: the password may have been changed meanwhile.
          text: `update users set last_login_at = $2,
                   password_hash = case when password_hash = $3 then $4 else password_hash end
                 where id = $1`,
          values: [user.id, at, user.passwordHash, newHash],
        },
  ])
}

/** Hash and id of every key that counts. */
export function liveKeys(sql: Sql, timeoutMs: number): Promise<{ id: string; key_hash: string }[]> {
  return sql.rows('select id, key_hash from ingest_keys where revoked_at is null', [], { timeoutMs })
}

/** Every key, revoked ones too, newest first. */
export async function allKeys(sql: Sql): Promise<IngestKey[]> {
  return (await sql.rows<KeyRow>(`select ${keyColumns} from ingest_keys order by created_at desc, id desc`)).map(keyOf)
}

/** Whether a key was ever made. */
export async function anyKey(sql: Sql): Promise<boolean> {
  return (await sql.rows('select id from ingest_keys limit 1')).length > 0
}

/** Adds a key unless its id is taken; says whether it did. */
export async function insertKey(sql: Sql, key: { id: string; name: string; keyHash: string; createdAt: number }): Promise<boolean> {
  const [rows] = await sql.write([
    {
      text: `insert into ingest_keys (id, name, key_hash, created_at) values ($1, $2, $3, $4) on conflict (id) do nothing returning id`,
      values: [key.id, key.name, key.keyHash, key.createdAt],
    },
  ])
  return rows?.length === 1
}

/** Revokes a key at `at`, last used at `usedAt` or later (UTC ms, 0 for never); one that is revoked stays so from its first time. Null where there is none. */
export async function revokeKey(sql: Sql, id: string, at: number, usedAt: number): Promise<IngestKey | null> {
  const [rows] = await sql.write([
    {
      text: `update ingest_keys set revoked_at = coalesce(revoked_at, $2),
               last_used_at = nullif(greatest(coalesce(last_used_at, 0), $3), 0)
             where id = $1 returning ${keyColumns}`,
      values: [id, at, usedAt],
    },
  ])
  const row = rows?.[0] as KeyRow | undefined
  return row ? keyOf(row) : null
}

/** Notes that keys were used at these times (UTC ms) or later. */
export async function noteUse(sql: Sql, uses: readonly { id: string; usedAt: number }[]): Promise<void> {
  const text = 'update ingest_keys set last_used_at = greatest(coalesce(last_used_at, 0), $2) where id = $1'
  await sql.write(uses.map(({ id, usedAt }) => ({ text, values: [id, usedAt] })))
}

interface UserRow {
  id: string
  email: string
  role: Role
  disabled: boolean
  token_version: number
  created_at: number
  last_login_at: number | null
}

interface KeyRow {
  id: string
  name: string
  created_at: number
  revoked_at: number | null
  last_used_at: number | null
}

function userOf(row: UserRow): User {
  return {
    id: row.id,
    email: row.email,
    role: row.role,
    disabled: row.disabled,
    tokenVersion: row.token_version,
    createdAt: row.created_at,
    lastLoginAt: row.last_login_at,
  }
}

function keyOf(row: KeyRow): IngestKey {
  return { id: row.id, name: row.name, createdAt: row.created_at, revokedAt: row.revoked_at, lastUsedAt: row.last_used_at }
}
