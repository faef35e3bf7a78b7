/** Who may see a referrer's numbers. */
export function partners(): string[] {
  return [
    `create table partner_access (
      id text primary key, tracking_id text not null unique, partner_name text, email text, token_hash text not null,
      is_active boolean not null, created_at bigint not null, expires_at bigint not null, last_seen_at bigint
    )`,
  ]
}
