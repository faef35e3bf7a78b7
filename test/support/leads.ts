import { migrate } from '../../src/store/migrations/index.ts'
import type { FreshStore } from './engines.ts'
import { engineOn } from './store.ts'

/** A lead to begin with; what is left out is null. */
export interface SeedLead {
  email: string
  first_name?: string
  fields?: Record<string, unknown>
}

/** Writes leads into a store that no server has open, numbered from 1. */
export async function seedLeads(store: FreshStore, leads: readonly SeedLead[]): Promise<void> {
  const engine = await engineOn(store)
  try {
    await migrate(engine)
    await engine.transaction('rows', async (tx) => {
      await tx.rows(
        `insert into leads (id, email, first_name, fields, status, email_opened, email_clicked, email_unsubscribed, created_at, updated_at)
         select u.id, u.email, nullif(u.name, ''), cast(u.fields as ${engine.dialect.json}), 'active', false, false, false, 0, 0
         from (select unnest($1::bigint[]) as id, unnest($2::text[]) as email, unnest($3::text[]) as name, unnest($4::text[]) as fields) u`,
        [leads.map((_, at) => at + 1), leads.map(({ email }) => email), leads.map((lead) => lead.first_name ?? ''), leads.map((lead) => JSON.stringify(lead.fields ?? {}))],
      )
      await tx.rows(`update counters set value = $1 where name = 'leads'`, [leads.length])
    })
  } finally {
    await engine.close()
  }
}

/** So many leads, `reader-1@example.com` and so on. */
export function readers(count: number): SeedLead[] {
  return Array.from({ length: count }, (_, at) => ({ email: `reader-${at + 1}@example.com`, first_name: `Reader ${at + 1}` }))
}
