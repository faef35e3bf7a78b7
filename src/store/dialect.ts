/**
 * The expressions in which DuckDB and PostgreSQL differ. SQL text is written once and calls these where it must;
 * a third engine adds a third value here, not a second text elsewhere.
 */
export interface Dialect {
  /** Column type for JSON kept as a document. */
  readonly json: string
  /** Column type for texts that reports group and order by: by their bytes, in every engine and whatever a database's language. */
  readonly text: string
  /** UTC milliseconds as a UTC `timestamp` without time zone. */
  timestamp(ms: string): string
  /** A UTC `timestamp` as UTC milliseconds. */
  milliseconds(timestamp: string): string
  /** The text of a property of a JSON document; `key` is the place of a parameter that holds a `propertyKey`. Null where it is none. */
  property(json: string, key: string): string
  /** What finds a property by its name, whatever letters the name has. */
  propertyKey(name: string): string
  /** Division of whole numbers, rounded towards zero. */
  divide(dividend: string, divisor: number): string
  /** A number that grows with the first of two numbers, then with the second one, over all rows of a select; a null second comes last. */
  ordered(first: string, second: string): string
  /** Where a row lies, until something moves it, and what finds the rows at such places; `places` is a parameter that holds them. */
  readonly place: string
  placedAt(places: string): string
  /** A secondary index on the events, or null where the engine does better without. */
  index(statement: string): string | null
  /** What gives each month of events a table of its own; null where the engine does better with one. */
  readonly month: MonthTables | null
  /** Behind a query: its rows are this transaction's own until that ends. */
  readonly locked: string
  /** A statement that makes transactions of this name take turns, until each ends. */
  exclusive(name: string): string
  /** What tells the server that answers, since its start, from every other; one that takes over may give numbers again that are lost. */
  readonly server: string
  /** First statements of a transaction that reads everything as of one moment, with pauses as long as they come. */
  readonly oneMoment: readonly string[]
}

/** A month of events: those that the server received from one moment, its first, up to another (UTC ms). */
export interface Month {
  /** Its table, where the engine gives each month one. */
  table: string
  from: number
  to: number
}

/** The tables of months: those that there are by `name`, and what makes one, unless its events have a place already. */
interface MonthTables {
  readonly list: string
  make(month: Month): string
  /** What goes before a statement that must wait for all who read events, so that nobody waits long behind it. */
  readonly patience: string
}

export const duckdbDialect: Dialect = {
  json: 'json',
  text: 'text',
  timestamp: (ms) => `epoch_ms(${ms})`,
  milliseconds: (timestamp) => `epoch_ms(${timestamp})`,
  property: (json, key) => `(${json} ->> ${key}::text)`,
  // A JSON pointer (RFC 6901): a bare name that begins with $ or / would be taken for a path.
  propertyKey: (name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`,
  divide: (dividend, divisor) => `((${dividend}) // ${divisor})`,
  // Both in one number of 128 bits, the second in 53 of them: no sorting, which takes half of a funnel of four steps.
  ordered: (first, second) => `${first}::hugeint * ${2 ** 53} + coalesce(${second}, ${2 ** 53 - 1})`,
  place: 'rowid',
  placedAt: (places) => `rowid in (select unnest(${places}::bigint[]))`,
  // An index on the events would cost half the append rate, and scans of sorted columns do without.
  index: () => null,
  // It leaves out what lies elsewhere by the least and greatest value of each block.
  month: null,
  // One process has the file, and its writes take turns already.
  locked: '',
  exclusive: () => 'select 1',
  // What is remembered of it ends with this process, as it does.
  server: `''`,
  // Every transaction does.
  oneMoment: [],
}

export const postgresDialect: Dialect = {
  json: 'jsonb',
  text: 'text collate "C"',
  timestamp: (ms) => `(to_timestamp(${ms} / 1000.0) at time zone 'UTC')`,
  milliseconds: (timestamp) => `(extract(epoch from ${timestamp}) * 1000)::bigint`,
  property: (json, key) => `(${json} ->> ${key}::text)`,
  propertyKey: (name) => name,
  divide: (dividend, divisor) => `((${dividend}) / ${divisor})`,
  ordered: (first, second) => `row_number() over (order by ${first}, ${second})`,
  // In its table, which is that of a month, and there.
  place: "tableoid::text || ctid::text",
  placedAt: (places) =>
    `ctid = any (array(select substring(place from '[(].*')::tid from unnest(${places}::text[]) place)) and tableoid::text || ctid::text = any(${places}::text[])`,
  index: (statement) => statement,
  month: {
    list: `select relname as name from pg_class join pg_inherits on inhrelid = pg_class.oid where inhparent = 'events'::regclass`,
    make: ({ table, from, to }) => `do $$ begin
      set local lock_timeout = '2s';
      create table ${table} partition of events for values from (${from}) to (${to});
    exception when duplicate_table or unique_violation or check_violation or invalid_object_definition then null; end $$`,
    patience: `set local lock_timeout = '2s'`,
  },
  locked: ' for update',
  exclusive: (name) => `select pg_advisory_xact_lock(hashtext('waymark.${name}'))`,
  server: 'pg_postmaster_start_time()::text',
  oneMoment: ['set transaction isolation level repeatable read, read only', 'set local idle_in_transaction_session_timeout = 0'],
}

/** The dialect of an engine, by the name it goes by. */
export function dialectOf(engine: 'duckdb' | 'postgres'): Dialect {
  return engine === 'duckdb' ? duckdbDialect : postgresDialect
}
