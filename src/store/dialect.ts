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
  /** How rows that several parts of one query read are best had: kept once they are read, or read by each part through indexes. */
  readonly shared: 'materialized' | 'not materialized'
  /** A secondary index on the events, or null where the engine does better without. */
  index(statement: string): string | null
  /** A statement that makes transactions of this name take turns, until each ends. */
  exclusive(name: string): string
}

export const duckdbDialect: Dialect = {
  json: 'json',
  shared: 'materialized',
  text: 'text',
  timestamp: (ms) => `epoch_ms(${ms})`,
  milliseconds: (timestamp) => `epoch_ms(${timestamp})`,
  property: (json, key) => `(${json} ->> ${key}::text)`,
  // A JSON pointer (RFC 6901): a bare name that begins with $ or / would be taken for a path.
  propertyKey: (name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`,
  divide: (dividend, divisor) => `((${dividend}) // ${divisor})`,
  // An index on the events would cost half the append rate, and scans of sorted columns do without.
  index: () => null,
  // One process has the file, and its row writes take turns already.
  exclusive: () => 'select 1',
}

export const postgresDialect: Dialect = {
  json: 'jsonb',
  // Kept rows have no index and are read by one process.
  shared: 'not materialized',
  text: 'text collate "C"',
  timestamp: (ms) => `(to_timestamp(${ms} / 1000.0) at time zone 'UTC')`,
  milliseconds: (timestamp) => `(extract(epoch from ${timestamp}) * 1000)::bigint`,
  property: (json, key) => `(${json} ->> ${key}::text)`,
  propertyKey: (name) => name,
  divide: (dividend, divisor) => `((${dividend}) / ${divisor})`,
  index: (statement) => statement,
  exclusive: (name) => `select pg_advisory_xact_lock(hashtext('waymark.${name}'))`,
}

/** The dialect of an engine, by the name it goes by. */
export function dialectOf(engine: 'duckdb' | 'postgres'): Dialect {
  return engine === 'duckdb' ? duckdbDialect : postgresDialect
}
