import type { Dialect } from '../dialect.ts'

/** Projects, and who an anonymous id was later seen to be. */
export function product(dialect: Dialect): string[] {
  return [
    `create table projects (project_key text primary key, name text not null, created_at bigint not null, is_active boolean not null)`,
    `create table person_aliases (project ${dialect.text} not null, alias ${dialect.text} not null, person ${dialect.text} not null, created_at bigint not null, primary key (project, alias))`,
  ]
}
