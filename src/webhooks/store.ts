import type { Row, Sql, Statement, Value } from '../store/sql.ts'
import type { Delivery } from './delivery.ts'
import type { Endpoint } from './endpoint.ts'

const ENDPOINT =
  'id, url, description, events, goals, include_machines, secret, old_secret, old_secret_until, is_active, disabled_reason, failing_since, created_at, updated_at'
const DELIVERY = 'id, webhook_id, event_type, subject, place, state, attempts, since, due_at, status, reason, created_at, attempted_at'

/** Adds an endpoint. */
export async function insertEndpoint(sql: Sql, endpoint: Endpoint): Promise<void> {
  const values = cellsOf(endpoint)
  await sql.write([{ text: `insert into webhooks (${ENDPOINT}) values (${values.map((_, at) => `$${at + 1}`).join(', ')})`, values }])
}

/** Every endpoint, oldest first. */
export async function allEndpoints(sql: Sql): Promise<Endpoint[]> {
  return (await sql.rows<EndpointRow>(`select ${ENDPOINT} from webhooks order by created_at, id`)).map(endpointOf)
}

/** One endpoint, or null. */
export async function endpointById(sql: Sql, id: string): Promise<Endpoint | null> {
  const [row] = await sql.rows<EndpointRow>(`select ${ENDPOINT} from webhooks where id = $1`, [id])
  return row ? endpointOf(row) : null
}

/** What people change of an endpoint. */
export type EndpointChange = Partial<Omit<Endpoint, 'id' | 'createdAt'>>

/** Changes an endpoint and gives it as it is now, or null when there is none. */
export async function updateEndpoint(sql: Sql, id: string, change: EndpointChange): Promise<Endpoint | null> {
  const [rows] = await sql.write([changeOf(id, change)])
  const row = rows?.[0] as EndpointRow | undefined
  return row ? endpointOf(row) : null
}

/** Removes an endpoint and its deliveries; says whether there was one. */
export async function deleteEndpoint(sql: Sql, id: string): Promise<boolean> {
  const [rows] = await sql.write([
    { text: 'delete from webhooks where id = $1 returning id', values: [id] },
    { text: 'delete from webhook_deliveries where webhook_id = $1', values: [id] },
  ])
  return rows?.length === 1
}

/** Queues deliveries; one that is there already stays as it is. */
export function insertDeliveries(deliveries: readonly Delivery[]): Statement[] {
  const statements: Statement[] = []
  for (let from = 0; from < deliveries.length; from += ROWS_A_STATEMENT) {
    const values: Value[] = []
    const rows = deliveries.slice(from, from + ROWS_A_STATEMENT).map((delivery) => {
      const { id, webhookId, eventType, subject, place, state, attempts, since, dueAt, status, reason, createdAt, attemptedAt } = delivery
      return `(${[id, webhookId, eventType, subject, place, state, attempts, since, dueAt, status, reason, createdAt, attemptedAt].map((cell) => `$${values.push(cell)}`).join(', ')})`
    })
    statements.push({ text: `insert into webhook_deliveries (${DELIVERY}) values ${rows.join(', ')} on conflict (id) do nothing`, values })
  }
  return statements
}

const ROWS_A_STATEMENT = 100

/** How many deliveries wait for each endpoint that is on, and when the first is due (UTC ms). */
export function waiting(sql: Sql): Promise<{ webhook_id: string; count: number; due_at: number }[]> {
  return sql.rows(
    `select d.webhook_id, count(*) as count, min(d.due_at) as due_at from webhook_deliveries d join webhooks w on w.id = d.webhook_id
     where d.state = 'pending' and w.is_active group by d.webhook_id`,
  )
}

/** The deliveries of an endpoint that are due, in the order in which they became so, and within one moment in the order of what they tell of. */
export async function dueDeliveries(sql: Sql, webhookId: string, now: number, limit: number): Promise<Delivery[]> {
  const rows = await sql.rows<DeliveryRow>(
    `select ${DELIVERY} from webhook_deliveries where webhook_id = $1 and state = 'pending' and due_at <= $2 order by due_at, place, event_type, id limit $3`,
    [webhookId, now, limit],
  )
  return rows.map(deliveryOf)
}

/** Notes what became of an attempt, and what that means for the endpoint; a delivery that is gone stays gone. */
export async function recordAttempt(sql: Sql, delivery: Delivery, change: EndpointChange | null): Promise<void> {
  const { id, state, attempts, dueAt, status, reason, attemptedAt } = delivery
  await sql.write([
    {
      text: 'update webhook_deliveries set state = $2, attempts = $3, due_at = $4, status = $5, reason = $6, attempted_at = $7 where id = $1',
      values: [id, state, attempts, dueAt, status, reason, attemptedAt],
    },
    ...(change ? [changeOf(delivery.webhookId, change)] : []),
  ])
}

/** Makes a delivery due anew and gives it, or null when there is none. */
export async function requeue(sql: Sql, id: string, now: number): Promise<Delivery | null> {
  const [rows] = await sql.write([
    { text: `update webhook_deliveries set state = 'pending', attempts = 0, since = $2, due_at = $2 where id = $1 returning ${DELIVERY}`, values: [id, now] },
  ])
  const row = rows?.[0] as DeliveryRow | undefined
  return row ? deliveryOf(row) : null
}

/** One delivery, or null. */
export async function deliveryById(sql: Sql, id: string): Promise<Delivery | null> {
  const [row] = await sql.rows<DeliveryRow>(`select ${DELIVERY} from webhook_deliveries where id = $1`, [id])
  return row ? deliveryOf(row) : null
}

/** The deliveries of an endpoint, newest first, after a place in the list. */
export async function deliveriesOf(
  sql: Sql,
  webhookId: string,
  { state, limit, after }: { state: string | null; limit: number; after: [number, string] | null },
): Promise<Delivery[]> {
  const rows = await sql.rows<DeliveryRow>(
    `select ${DELIVERY} from webhook_deliveries
     where webhook_id = $1 and ($2::text is null or state = $2::text) and ($3::bigint is null or created_at < $3::bigint or (created_at = $3::bigint and id < $4::text))
     order by created_at desc, id desc limit $5`,
    [webhookId, state, after?.[0] ?? null, after?.[1] ?? null, limit],
  )
  return rows.map(deliveryOf)
}

/** Deletes deliveries that were queued before a moment (UTC ms), whatever became of them. */
export async function dropDeliveries(sql: Sql, before: number): Promise<void> {
  await sql.write([{ text: 'delete from webhook_deliveries where created_at < $1', values: [before] }])
}

const COLUMNS: Record<keyof EndpointChange, string> = {
  url: 'url', description: 'description', events: 'events', goals: 'goals', includeMachines: 'include_machines', secret: 'secret', oldSecret: 'old_secret',
  oldSecretUntil: 'old_secret_until', isActive: 'is_active', disabledReason: 'disabled_reason', failingSince: 'failing_since', updatedAt: 'updated_at',
}

function changeOf(id: string, change: EndpointChange): Statement {
  const values: Value[] = [id]
  const sets = Object.entries(change).map(([name, value]) => `${COLUMNS[name as keyof EndpointChange]} = $${values.push(cellOf(value))}`)
  return { text: `update webhooks set ${sets.join(', ')} where id = $1 returning ${ENDPOINT}`, values }
}

/** Lists are kept as JSON text. */
function cellOf(value: string | number | boolean | null | readonly string[]): Value {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value
}

function cellsOf(endpoint: Endpoint): Value[] {
  const { id, url, description, events, goals, includeMachines, secret, oldSecret, oldSecretUntil, isActive, disabledReason, failingSince, createdAt, updatedAt } = endpoint
  return [id, url, description, events, goals, includeMachines, secret, oldSecret, oldSecretUntil, isActive, disabledReason, failingSince, createdAt, updatedAt].map(cellOf)
}

interface EndpointRow extends Row {
  id: string
  url: string
  description: string | null
  events: string
  goals: string
  include_machines: boolean
  secret: string
  old_secret: string | null
  old_secret_until: number | null
  is_active: boolean
  disabled_reason: string | null
  failing_since: number | null
  created_at: number
  updated_at: number
}

function endpointOf(row: EndpointRow): Endpoint {
  return {
    id: row.id,
    url: row.url,
    description: row.description,
    events: JSON.parse(row.events) as Endpoint['events'],
    goals: JSON.parse(row.goals) as string[],
    includeMachines: row.include_machines,
    secret: row.secret,
    oldSecret: row.old_secret,
    oldSecretUntil: row.old_secret_until,
    isActive: row.is_active,
    disabledReason: row.disabled_reason,
    failingSince: row.failing_since,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

interface DeliveryRow extends Row {
  id: string
  webhook_id: string
  event_type: string
  subject: string
  place: number
  state: Delivery['state']
  attempts: number
  since: number
  due_at: number
  status: number | null
  reason: string | null
  created_at: number
  attempted_at: number | null
}

function deliveryOf(row: DeliveryRow): Delivery {
  return {
    id: row.id,
    webhookId: row.webhook_id,
    eventType: row.event_type,
    subject: row.subject,
    place: row.place,
    state: row.state,
    attempts: row.attempts,
    since: row.since,
    dueAt: row.due_at,
    status: row.status,
    reason: row.reason,
    createdAt: row.created_at,
    attemptedAt: row.attempted_at,
  }
}
