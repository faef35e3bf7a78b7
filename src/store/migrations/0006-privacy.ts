/** Which node does the work that is done once for all of them, and until when, unless it says so again. */
export function privacy(): string[] {
  return ['create table leases (name text primary key, holder text not null, expires_at bigint not null)']
}
