import { LRUCache } from 'lru-cache'
import { Fault } from '../core/errors.ts'
import type { Sql } from '../store/sql.ts'
import { type Project, isProjectKey } from './project.ts'
import { projects } from './store.ts'

/** How long a project is taken from memory where other nodes may change it, and one that does not exist. */
const FRESH_MS = 1_000
const PROJECTS = 10_000

/** The projects in memory: events come by the thousand for few of them. */
export class ProjectDirectory {
  readonly #sql: Sql
  readonly #known: LRUCache<string, { project: Project | null }>
  readonly #stale = new LRUCache<string, Project>({ max: PROJECTS })

  /** `shared`: other nodes may change projects. */
  constructor(sql: Sql, shared: boolean) {
    this.#sql = sql
    this.#known = new LRUCache({ max: PROJECTS, ...(shared ? { ttl: FRESH_MS } : {}) })
  }

  /** Takes in a project as it is now. */
  put(project: Project): void {
    this.#known.set(project.project_key, { project })
    this.#stale.set(project.project_key, project)
  }

  /** The active project of a key. Throws Fault 'forbidden' when there is none; with the store away, what was known last holds. */
  async active(key: unknown): Promise<Project> {
    const project = isProjectKey(key) ? await this.#find(key) : null
    if (project?.is_active) return project
    throw new Fault('forbidden', `Project with key '${String(key).slice(0, 100)}' not found`)
  }

  async #find(key: string): Promise<Project | null> {
    const known = this.#known.get(key)
    if (known) return known.project
    try {
      const [project = null] = await projects(this.#sql, key)
      if (project) this.put(project)
      // One that was made while the question was under way is known by now.
      else if (!this.#known.has(key)) this.#known.set(key, { project: null })
      return project
    } catch (error) {
      const stale = this.#stale.get(key)
      if (stale) return stale
      throw error
    }
  }
}
