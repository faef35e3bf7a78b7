import type { Dialect } from '../store/dialect.ts'
import { EVENTS_STATE, EVENT_COLUMN_NAMES } from '../store/events.ts'
import type { Row, Sql, Statement, Value } from '../store/sql.ts'
import type { Identity, Selector } from './selector.ts'

/** What one transaction anonymises at most; the loader has its turn between two. */
const PIECE_EVENTS = 500
const PIECE_LETTERS = 500
const DELETED_EVENTS = 5_000
/** How many events of a person are looked up at a time. */
const LOOK_EVENTS = 20_000
const TRACES = 'ip_hash is not null or ip_address is not null or user_agent is not null'

/** When the last event of the next piece to anonymise was received, null when there is none; from a moment, before another. */
export async function nextPiece(sql: Sql, from: number, before: number): Promise<number | null> {
  const [row] = await sql.rows<{ last: number | null }>(
    `select max(received_at) as last from
      (select received_at from events where received_at >= $1 and received_at < $2 and (${TRACES}) order by received_at limit $3) piece`,
    [from, before, PIECE_EVENTS],
  )
  return row?.last ?? null
}

/** Anonymises the events received from one moment to another, both included. */
export async function anonymiseEvents(sql: Sql, from: number, last: number): Promise<void> {
  const text = `update events set ip_hash = null, ip_address = null, user_agent = null where received_at >= $1 and received_at <= $2 and (${TRACES})`
  await sql.write([{ text, values: [from, last] }], 'events')
}

/** When the last of the next events to delete was received, of those before a moment; null when there are none. */
export async function nextOldEvents(sql: Sql, before: number): Promise<number | null> {
  const [row] = await sql.rows<{ last: number | null }>('select max(received_at) as last from (select received_at from events where received_at < $1 order by received_at limit $2) piece', [before, DELETED_EVENTS])
  return row?.last ?? null
}

/** Deletes the events received up to a moment, it included. */
export async function deleteOldEvents(sql: Sql, last: number): Promise<void> {
  await sql.write([{ text: 'delete from events where received_at <= $1', values: [last] }], 'events')
}

/** Deletes some dead letters received before a moment, and gives their number. */
export async function deleteLetters(sql: Sql, before: number): Promise<number> {
  const ids = await sql.rows<{ id: string }>('select id from dead_letters where received_at < $1 limit $2', [before, PIECE_LETTERS])
  if (ids.length > 0) await sql.write([{ text: 'delete from dead_letters where id = any($1::text[])', values: [ids.map(({ id }) => id)] }], 'events')
  return ids.length
}

/** Where a name stands: the projects, and the ids that stand with it. */
export function seeds(sql: Sql, { by, value, project }: Selector, leadIds: readonly number[]): Promise<{ project: string; user_id: string | null; anonymous_id: string | null }[]> {
  const of = (term: string): string => `select distinct project, user_id, anonymous_id from events where ${term} and ($2::text is null or project = $2::text)`
  const alias = (term: string, user: string, anonymous: string): string =>
    `union select project, ${user}, ${anonymous} from person_aliases where ${term} and ($2::text is null or project = $2::text)`
  const none = 'cast(null as text)'
  const named = 'select distinct project, user_id, cast(null as text) as anonymous_id from events where'
  const here = 'and ($2::text is null or project = $2::text)'
  switch (by) {
    case 'userId':
      return sql.rows(`${named} user_id = $1 ${here} ${alias("person = 'u:' || $1", 'substr(person, 3)', none)}`, [value, project])
    case 'anonymousId':
      return sql.rows(
        `select distinct project, ${none} as user_id, anonymous_id from events where anonymous_id = $1 ${here} ${alias("alias = 'a:' || $1", none, 'substr(alias, 3)')}`,
        [value, project],
      )
    case 'sessionId':
      return sql.rows(of('session_id = $1'), [value, project])
    default:
      return sql.rows(
        `${named} (lower(user_id) = lower($1) or lead_id = any($3::bigint[])) ${here} ${alias("lower(person) = 'u:' || lower($1)", 'substr(person, 3)', none)}`,
        [by === 'email' ? value : '', project, leadIds],
      )
  }
}

/** The aliases of a person in a project. */
export function aliasesOf(sql: Sql, { project, users, anonymous }: Identity): Promise<{ alias: string; person: string; created_at: number }[]> {
  return sql.rows('select alias, person, created_at from person_aliases where project = $1 and (alias = any($2::text[]) or person = any($3::text[])) order by alias', [
    project,
    anonymous.map((id) => `a:${id}`),
    users.map((id) => `u:${id}`),
  ])
}

/** The sessions of a person in a project. */
export async function sessionsOf(sql: Sql, identity: Identity): Promise<string[]> {
  const values: Value[] = []
  const found = await sql.rows<{ session_id: string }>(`select distinct session_id from events where ${owned(identity, values)} and session_id is not null`, values)
  return found.map(({ session_id }) => session_id)
}

/** A person's events in all projects by their id, after one. */
export function eventsOf(sql: Sql, identities: readonly Identity[], after: string, limit: number): Promise<Row[]> {
  if (identities.length === 0) return Promise.resolve([])
  const values: Value[] = []
  const whose = identities.map((identity) => `(${owned(identity, values)})`).join(' or ')
  return sql.rows(`select ${EVENT_COLUMN_NAMES.join(', ')} from events where (${whose}) and id > $${values.push(after)} order by id limit $${values.push(limit)}`, values)
}

/** Refused events in which one of these texts stands, by their id, after one. */
export function lettersWith(sql: Sql, texts: readonly string[], project: string | null, after: string, limit: number): Promise<Row[]> {
  const values: Value[] = [project, after, limit]
  return sql.rows(`select * from dead_letters where ${holds(['original', 'error'], texts, values)} and ($1::text is null or project = $1::text) and id > $2 order by id limit $3`, values)
}

/** Kept answers in which one of these texts stands. */
export function answersWith(sql: Sql, texts: readonly string[]): Promise<Row[]> {
  const values: Value[] = []
  return sql.rows(`select scope, key, status, answer, created_at from answers where ${holds(['answer', 'key'], texts, values)} order by scope, key`, values)
}

/** An erasure under way: whom, who that is in each project, the last event that was in the store then, and what their labels are made with. */
export interface Erasure {
  id: string
  selector: Selector
  identities: Identity[]
  through: number
  salt: string
}

/** Erasures lie among the answers: each is one that is still owed. */
const OWED = 'erasure'

/** Notes an erasure before anything of it is done, so that one that is cut off can be completed. */
export async function beginErasure(sql: Sql, erasure: Omit<Erasure, 'through'>, now: number): Promise<Erasure> {
  const [row] = await sql.rows<{ state: number }>(EVENTS_STATE)
  const begun = { ...erasure, through: row?.state ?? 0 }
  const text = `insert into answers (scope, key, body_hash, status, answer, created_at) values ('${OWED}', $1, '', 202, $2, $3)`
  await sql.write([{ text, values: [erasure.id, JSON.stringify(begun), now] }])
  return begun
}

/** The erasures under way, the first one first. */
export async function erasuresUnderWay(sql: Sql): Promise<Erasure[]> {
  const rows = await sql.rows<{ answer: string }>(`select answer from answers where scope = '${OWED}' order by key`)
  return rows.map(({ answer }) => JSON.parse(answer) as Erasure)
}

/** What is removed of events, and where: `own` all of a person's own; `mentions` the browser and session alone, where somebody else used the same. */
export type Removal = 'own' | 'mentions'

/** Where some events lie of which something is still to be removed; none when it is done. */
export function eventsToErase(sql: Sql, dialect: Dialect, removal: Removal, identity: Identity, { through }: Erasure): Promise<{ place: string | number; event_id: string | null }[]> {
  const values: Value[] = []
  const whose = TERMS[removal](identity, values)
  return sql.rows(`select ${dialect.place} as place, event_id from events where ${whose} and (seq is null or seq <= $${values.push(through)}) limit ${LOOK_EVENTS}`, values)
}

/**
 * Removes a person from events that lie in these places, in one transaction. Labels stand where names stood, made with a salt
 * that nobody keeps, so that who was one stays one and no number changes.
 */
export async function eraseEvents(sql: Sql, dialect: Dialect, removal: Removal, identity: Identity, { salt }: Erasure, events: readonly { place: string | number; event_id: string | null }[]): Promise<void> {
  const values: Value[] = []
  const there = dialect.placedAt(`$${values.push(events.map(({ place }) => place) as string[])}`)
  const label = (column: string): string => labelOf(column, salt, values)
  const bare = (column: string): string => `${column} = split_part(split_part(${column}, '#', 1), '?', 1)`
  const changes =
    removal === 'own'
      ? `event_id = null, user_id = null, anonymous_id = null, lead_id = null, ip_hash = null, ip_address = null, user_agent = null,
        referrer_url = null, utm_term = null, utm_content = null, properties = null, ${bare('landing_page')}, ${bare('destination_url')}, session_id = ${label('session_id')}, person = ${label('person')}`
      : `anonymous_id = case when anonymous_id = any($${values.push(identity.anonymous)}::text[]) then null else anonymous_id end,
        session_id = case when session_id = any($${values.push(identity.sessions)}::text[]) then ${label('session_id')} else session_id end`
  // What lay there may have made room for something else.
  const update = { text: `update events set ${changes} where ${there} and ${TERMS[removal](identity, values)}`, values }
  const ids = removal === 'own' ? events.flatMap(({ event_id }) => event_id ?? []) : []
  const forget = { text: 'delete from event_ids where project = $1 and event_id = any($2::text[])', values: [identity.project, ids] }
  await sql.write([...(ids.length > 0 ? [forget] : []), update], 'events')
}

/** Erases, once the events are done, all that stands elsewhere, and with it the erasure itself; counts what goes as rows of `kind` and `erased`. */
export function endErasure({ id, identities, selector: { project }, salt }: Erasure, texts: readonly string[]): Statement[] {
  const statements: Statement[] = []
  const add = (make: (values: Value[]) => string): void => {
    const values: Value[] = []
    statements.push({ text: make(values), values })
  }
  for (const identity of identities) {
    const related = (values: Value[]): string =>
      `project = $${values.push(identity.project)} and (alias = any($${values.push(identity.anonymous.map((name) => `a:${name}`))}::text[]) or person = any($${values.push(identity.users.map((name) => `u:${name}`))}::text[]))`
    add((values) => `select 'aliases' as kind, count(*) as erased from person_aliases where ${related(values)}`)
    add((values) => `update person_aliases set alias = ${labelOf('alias', salt, values)}, person = ${labelOf('person', salt, values)} where ${related(values)}`)
  }
  const letters = (values: Value[]): string => `${holds(['original', 'error'], texts, values)} and ($${values.push(project)}::text is null or project = $${values.length}::text)`
  const answers = (values: Value[]): string => `scope <> '${OWED}' and ${holds(['answer', 'key'], texts, values)}`
  add((values) => `select 'dead_letters' as kind, count(*) as erased from dead_letters where ${letters(values)}`)
  add((values) => `delete from dead_letters where ${letters(values)}`)
  add((values) => `select 'answers' as kind, count(*) as erased from answers where ${answers(values)}`)
  add((values) => `delete from answers where ${answers(values)}`)
  add((values) => `delete from answers where scope = '${OWED}' and key = $${values.push(id)}`)
  return statements
}

function labelOf(column: string, salt: string, values: Value[]): string {
  return `'e:' || md5($${values.push(salt)}::text || ${column})`
}

const TERMS: Record<Removal, (identity: Identity, values: Value[]) => string> = {
  own: owned,
  mentions: ({ project, anonymous, sessions }, values) =>
    `project = $${values.push(project)} and (anonymous_id = any($${values.push(anonymous)}::text[]) or session_id = any($${values.push(sessions)}::text[]))`,
}

/** The events that are a person's own: by name, and where there is none by browser or lead, and where there is none by session. */
function owned({ project, users, anonymous, leads, sessions }: Identity, values: Value[]): string {
  const place = (value: Value): string => `$${values.push(value)}`
  return `project = ${place(project)} and (user_id = any(${place(users)}::text[])
    or user_id is null and (anonymous_id = any(${place(anonymous)}::text[]) or lead_id = any(${place(leads)}::bigint[])
    or anonymous_id is null and lead_id is null and person like 's:%' and session_id = any(${place(sessions)}::text[])))`
}

/** Whether one of these texts stands in one of these columns. */
function holds(columns: readonly string[], texts: readonly string[], values: Value[]): string {
  const places = texts.map((text) => `$${values.push(text)}`)
  return `(${columns.flatMap((column) => places.map((place) => `strpos(${column}, ${place}) > 0`)).join(' or ')})`
}
