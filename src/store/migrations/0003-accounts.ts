/** The sessions of people, and the turn that changes of accounts take. */
export function accounts(): string[] {
  return [
    `create table sessions (id text primary key, user_id text not null, created_at bigint not null, last_used_at bigint not null)`,
    `insert into counters (name, value) values ('users', 0)`,
  ]
}
