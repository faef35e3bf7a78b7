import type { InputMigrations } from 'umzug'
import type { Dialect } from '../dialect.ts'
import type { Engine } from '../engine.ts'
import { links } from './0001-links.ts'
import { product } from './0002-product.ts'
import { accounts } from './0003-accounts.ts'
import { tracking } from './0004-tracking.ts'
import { partners } from './0005-partners.ts'
import { privacy } from './0006-privacy.ts'
import { feed } from './0007-feed.ts'
import { email } from './0008-email.ts'
import { webhooks } from './0009-webhooks.ts'
import { months } from './0010-months.ts'

/** Every step of the schema's life, oldest first. A step that has been released is never changed. */
const STEPS: readonly { name: string; statements: (dialect: Dialect) => string[] }[] = [
  { name: '0001-links', statements: links },
  { name: '0002-product', statements: product },
  { name: '0003-accounts', statements: accounts },
  { name: '0004-tracking', statements: tracking },
  { name: '0005-partners', statements: partners },
  { name: '0006-privacy', statements: privacy },
  { name: '0007-feed', statements: feed },
  { name: '0008-email', statements: email },
  { name: '0009-webhooks', statements: webhooks },
  { name: '0010-months', statements: months },
]

/**
 * Brings the store's schema up to this version and gives the names of the steps taken. A step and its entry in
 * `migrations` are one transaction, so a killed start is completed by the next one; nodes that start together take turns.
 */
export async function migrate(engine: Engine): Promise<string[]> {
  await engine.transaction('rows', async (tx) => {
    await tx.rows(engine.dialect.exclusive('migrations'))
    await tx.rows('create table if not exists migrations (name text primary key)')
  })
  const executed = await taken(engine)
  if (STEPS.every((step) => executed.includes(step.name))) return []
  // 25 MB and 300 ms that only a start with something to do needs.
  const { Umzug } = await import('umzug')
  const migrations: InputMigrations<Engine> = STEPS.map((step) => ({
    name: step.name,
    up: () => take(engine, step.name, step.statements(engine.dialect)),
  }))
  const umzug = new Umzug({
    migrations,
    context: engine,
    logger: undefined,
    storage: {
      executed: () => taken(engine),
      // `take` has written the entry with the step itself.
      logMigration: async () => undefined,
      unlogMigration: async () => undefined,
    },
  })
  return (await umzug.up()).map((step) => step.name)
}

async function taken(engine: Engine): Promise<string[]> {
  return (await engine.rows<{ name: string }>('select name from migrations order by name')).map((row) => row.name)
}

async function take(engine: Engine, name: string, statements: readonly string[]): Promise<void> {
  await engine.transaction('rows', async (tx) => {
    await tx.rows(engine.dialect.exclusive('migrations'))
    const done = await tx.rows('select name from migrations where name = $1', [name])
    if (done.length > 0) return
    for (const statement of statements) await tx.rows(statement)
    await tx.rows('insert into migrations (name) values ($1)', [name])
  })
}
