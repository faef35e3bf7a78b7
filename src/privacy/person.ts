import type { Sql } from '../store/sql.ts'
import type { Identity, Selector } from './selector.ts'
import { aliasesOf, seeds, sessionsOf } from './store.ts'

/**
 * Everybody that a name stands for, by project: an anonymous id seen with a user leads to the user, a user to all of them, and
 * all of them to their sessions. A session leads to its user; where several used it, each has to be asked for by name.
 */
export async function identitiesOf(sql: Sql, selector: Selector, leadIds: readonly number[]): Promise<Identity[]> {
  const byProject = new Map<string, Identity>()
  const identityIn = (project: string): Identity => {
    const known = byProject.get(project)
    if (known) return known
    const fresh = { project, users: [], anonymous: [], leads: [...leadIds], sessions: selector.by === 'sessionId' ? [selector.value] : [] }
    byProject.set(project, fresh)
    return fresh
  }
  for (const { project, user_id, anonymous_id } of await seeds(sql, selector, leadIds)) {
    const identity = identityIn(project)
    if (user_id !== null) add(identity.users, user_id)
    if (anonymous_id !== null) add(identity.anonymous, anonymous_id)
  }
  for (const identity of byProject.values()) {
    // Whose an anonymous id is comes first, then all that are theirs.
    for (const { person } of await aliasesOf(sql, { ...identity, users: [] })) add(identity.users, person.slice(2))
    if (selector.by === 'sessionId' && identity.users.length > 0) identity.anonymous = []
    for (const { alias } of await aliasesOf(sql, identity)) if (alias.startsWith('a:')) add(identity.anonymous, alias.slice(2))
    for (const session of await sessionsOf(sql, identity)) add(identity.sessions, session)
  }
  return [...byProject.values()]
}

/** Whether a session was several people's, so that it names none of them. */
export function isShared(selector: Selector, identities: readonly Identity[]): boolean {
  return selector.by === 'sessionId' && identities.some(({ users, anonymous }) => users.length > 1 || (users.length === 0 && anonymous.length > 1))
}

function add(to: string[], value: string): void {
  if (!to.includes(value)) to.push(value)
}
