import type { Row, Sql, Statement, Value } from '../store/sql.ts'
import type { Identity, Selector } from './selector.ts'

/** What one transaction anonymises at most; the loader has its turn between two. */
const PIECE_EVENTS = 5_000
const PIECE_LETTERS = 500
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
  return sql.rows(`select * from events where (${whose}) and id > $${values.push(after)} order by id limit $${values.push(limit)}`, values)
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

/**
 * What erases a person, to run in one transaction: all or nothing. What goes is counted before, as rows of `kind` and `erased`.
 * Labels stand where names stood, made with a `salt` that nobody keeps, so that who was one stays one and no number changes.
 */
export function erasure(identities: readonly Identity[], texts: readonly string[], project: string | null, salt: string): Statement[] {
  const statements: Statement[] = []
  const add = (make: (values: Value[]) => string): void => {
    const values: Value[] = []
    statements.push({ text: make(values), values })
  }
  const label = (column: string, values: Value[]): string => `'e:' || md5($${values.push(salt)}::text || ${column})`
  for (const identity of identities) {
    add((values) => `select 'events' as kind, count(*) as erased from events where ${owned(identity, values)}`)
    add((values) => `delete from event_ids where project = $${values.push(identity.project)} and event_id in (select event_id from events where ${owned(identity, values)} and event_id is not null)`)
    add((values) => {
      const bare = (column: string): string => `${column} = split_part(split_part(${column}, '#', 1), '?', 1)`
      return `update events set event_id = null, user_id = null, anonymous_id = null, lead_id = null, ip_hash = null, ip_address = null, user_agent = null,
        referrer_url = null, properties = null, ${bare('landing_page')}, ${bare('destination_url')},
        session_id = ${label('session_id', values)}, person = ${label('person', values)}
        where ${owned(identity, values)}`
    })
    // Where somebody else used the same browser or session, that is all that goes.
    const mentioned = (values: Value[]): string =>
      `project = $${values.push(identity.project)} and (anonymous_id = any($${values.push(identity.anonymous)}::text[]) or session_id = any($${values.push(identity.sessions)}::text[]))`
    add((values) => `select 'mentions' as kind, count(*) as erased from events where ${mentioned(values)}`)
    add(
      (values) => `update events set anonymous_id = case when anonymous_id = any($${values.push(identity.anonymous)}::text[]) then null else anonymous_id end,
        session_id = case when session_id = any($${values.push(identity.sessions)}::text[]) then ${label('session_id', values)} else session_id end
        where ${mentioned(values)}`,
    )
    const related = (values: Value[]): string =>
      `project = $${values.push(identity.project)} and (alias = any($${values.push(identity.anonymous.map((id) => `a:${id}`))}::text[]) or person = any($${values.push(identity.users.map((id) => `u:${id}`))}::text[]))`
    add((values) => `select 'aliases' as kind, count(*) as erased from person_aliases where ${related(values)}`)
    add((values) => `update person_aliases set alias = ${label('alias', values)}, person = ${label('person', values)} where ${related(values)}`)
  }
  const letters = (values: Value[]): string => `${holds(['original', 'error'], texts, values)} and ($${values.push(project)}::text is null or project = $${values.length}::text)`
  add((values) => `select 'dead_letters' as kind, count(*) as erased from dead_letters where ${letters(values)}`)
  add((values) => `delete from dead_letters where ${letters(values)}`)
  add((values) => `select 'answers' as kind, count(*) as erased from answers where ${holds(['answer', 'key'], texts, values)}`)
  add((values) => `delete from answers where ${holds(['answer', 'key'], texts, values)}`)
  return statements
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
