/** Projects, and who an anonymous id was later seen to be. */
export function product(): string[] {
  return [
    `create table projects (project_key text primary key, name text not null, created_at bigint not null, is_active boolean not null)`,
    `create table person_aliases (project text not null, alias text not null, person text not null, created_at bigint not null, primary key (project, alias))`,
  ]
}
