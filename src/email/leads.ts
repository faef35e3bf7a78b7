import { Fault, invalidField } from '../core/errors.ts'
import type { Sql } from '../store/sql.ts'
import { leadsFromCsv } from './csv.ts'
import type { Existence } from './existence.ts'
import type { LeadFollower } from './follower.ts'
import { type GivenLead, type Lead, type LeadData, leadData } from './lead.ts'
import { insertLeads, leadById, leadsByEmail, updateLead } from './store.ts'

/** What leads are kept with. */
export interface LeadsWorld {
  sql: Sql
  existence: Existence
  follower: LeadFollower
  /** Erases a person wherever there is something of them; handed over by `src/app.ts`. */
  erase: (email: string) => Promise<Record<string, number>>
  now: () => number
}

/** What became of one row of a list. */
export type ImportedRow = { row: number } & ({ status: 'created' | 'existing'; lead_id: number } | { status: 'failed'; field: string; error: string })

/** Makes a lead. Throws Fault 'invalid' that names the field, 'conflict' for an address that is there. */
export async function createLead({ sql, now }: LeadsWorld, given: GivenLead): Promise<Lead> {
  const [lead] = await insertLeads(sql, [wholeOf(given)], now())
  if (lead === undefined) throw taken()
  return lead
}

/** Changes a lead. `email_unsubscribed` can be set, never taken back. Throws Fault 'invalid', 'not_found', and 'conflict' for what cannot be. */
export async function changeLead(world: LeadsWorld, id: number, { email_unsubscribed: unsubscribed, ...given }: GivenLead & { email_unsubscribed?: boolean }): Promise<Lead> {
  const { email, ...change } = leadData(given)
  const { sql, now } = world
  const before = await leadOf(world, id)
  if (unsubscribed === false && before.email_unsubscribed) throw new Fault('conflict', 'email_unsubscribed stays true: nobody who has opted out is opted in again.')
  // An address that stays is not written: the engine would take it for a repeat.
  const moved = email === undefined || email === before.email ? {} : { email }
  const [holder] = moved.email === undefined ? [] : await leadsByEmail(sql, [moved.email])
  if (holder !== undefined) throw taken()
  const lead = await updateLead(sql, id, { ...change, ...moved }, unsubscribed === true, now())
  if (lead === null) throw missing()
  return lead
}

/** Erases a lead and all that is known of the person, wherever it is; gives the number of what went, by kind. Throws Fault 'not_found'. */
export async function eraseLead(world: LeadsWorld, id: number): Promise<Record<string, number>> {
  const { email } = await leadOf(world, id)
  return world.erase(email)
}

/** The lead, as it is with all that was acknowledged. Throws Fault 'not_found'. */
export async function leadOf({ sql, follower }: LeadsWorld, id: number): Promise<Lead> {
  await follower.caughtUp()
  const lead = await leadById(sql, id)
  if (lead === null) throw missing()
  return lead
}

/** Takes in a list of leads, row by row: a bad one costs its neighbours nothing. Of addresses that are there nothing changes. */
export async function importLeads({ sql, now }: LeadsWorld, bytes: Buffer, charset: string | null) {
  const read = (await leadsFromCsv(bytes, charset)).map((given) => {
    try {
      return wholeOf(given)
    } catch (error) {
      if (error instanceof Fault && error.code === 'invalid') return error.more.errors?.[0] ?? { field: 'row', error: error.message }
      throw error
    }
  })
  // Of an address that comes twice the first row counts.
  const good = new Map<string, LeadData>()
  for (const one of read) if ('email' in one && !good.has(one.email)) good.set(one.email, one)
  const created = new Map((good.size === 0 ? [] : await insertLeads(sql, [...good.values()], now())).map(({ id, email }) => [email, id]))
  const others = new Map((await leadsByEmail(sql, [...good.keys()].filter((email) => !created.has(email)))).map(({ id, email }) => [email, id]))
  const told = new Set<string>()
  const rows = read.map((one, at): ImportedRow => {
    if (!('email' in one)) return { row: at + 1, status: 'failed', field: one.field, error: one.error }
    const first = created.has(one.email) && !told.has(one.email)
    told.add(one.email)
    return { row: at + 1, status: first ? 'created' : 'existing', lead_id: (created.get(one.email) ?? others.get(one.email)) as number }
  })
  const count = (status: ImportedRow['status']): number => rows.filter((row) => row.status === status).length
  return { total: rows.length, created: count('created'), existing: count('existing'), failed: count('failed'), rows }
}

function wholeOf(given: GivenLead): LeadData {
  const data = leadData(given)
  if (data.email === undefined) throw invalidField('email', 'is required')
  return { first_name: null, last_name: null, fields: null, ...data, email: data.email }
}

function taken(): Fault {
  return new Fault('conflict', 'There is a lead with this email already.')
}

function missing(): Fault {
  return new Fault('not_found', 'There is no lead of that id.')
}
