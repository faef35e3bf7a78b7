import type { Sql } from '../store/sql.ts'
import type { Existence } from './existence.ts'
import type { LeadFollower } from './follower.ts'
import type { Lead } from './lead.ts'
import { deleteLeads, leadById, leadsByEmail } from './store.ts'
import { view } from './view.ts'

/** By which name a person is asked for, as privacy has it. */
type Asked = { by: string; value: string }

/** What this room holds of people, for privacy: leads, found by address or number. */
export function leadKeeper({ sql, existence, follower }: { sql: Sql; existence: Existence; follower: LeadFollower }) {
  const found = async ({ by, value }: Asked): Promise<Lead[]> => {
    if (by === 'email') return leadsByEmail(sql, [value.trim().toLowerCase()])
    if (by !== 'leadId') return []
    const lead = await leadById(sql, Number(value))
    return lead === null ? [] : [lead]
  }
  return {
    async find(asked: Asked) {
      await follower.caughtUp()
      const leads = await found(asked)
      return { held: { leads: leads.map(view) }, leadIds: leads.map(({ id }) => id) }
    },
    async erase(asked: Asked): Promise<Record<string, number>> {
      const ids = (await found(asked)).map(({ id }) => id)
      if (ids.length === 0) return { leads: 0 }
      const gone = await deleteLeads(sql, ids)
      existence.forget(ids)
      return { leads: gone.length }
    },
  }
}
