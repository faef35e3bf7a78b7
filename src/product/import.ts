import { Type } from '@sinclair/typebox'
import type { FieldError } from '../core/errors.ts'
import { parseTime } from '../core/time.ts'
import { type Static, checkOf, fields, maybe } from '../http/validate.ts'
import type { Adopter, Reader } from '../ingest/index.ts'
import type { Sql } from '../store/sql.ts'
import { readBatch } from './batch.ts'
import type { ProjectDirectory } from './directory.ts'
import { PROJECT_KEY_PATTERN, type Project } from './project.ts'
import { insertProjects, projects } from './store.ts'

/** What imports are taken in with. */
export interface ImportWorld {
  sql: Sql
  directory: ProjectDirectory
  now: () => number
}

/** A project as the API and the documents of old have it. */
const ProjectRow = fields({
  projectKey: Type.String({ pattern: PROJECT_KEY_PATTERN }),
  name: Type.String({ minLength: 1, maxLength: 255 }),
  createdAt: maybe(Type.String()),
  isActive: maybe(Type.Boolean()),
})
const check = checkOf(ProjectRow)
const NOBODY = { address: null, userAgent: null, country: null }

/** Reads product events that happened elsewhere. Their projects must be here. */
export function eventReader({ sql }: ImportWorld): Reader {
  return async (records) => {
    const known = new Set((await projects(sql, null)).map(({ project_key }) => project_key))
    return records.map((record) => {
      const { projectKey, ...event } = record
      if (typeof projectKey !== 'string' || !known.has(projectKey)) return { field: 'projectKey', error: 'must be the key of a project that is here; import the projects first' }
      const { drafts, errors } = readBatch(projectKey, [event], NOBODY, () => undefined)
      return drafts[0] ?? { field: errors[0]?.field ?? '', error: errors[0]?.error ?? '' }
    })
  }
}

/** Takes in projects with their keys. One whose key is taken stays as it is here. */
export function projectAdopter({ sql, directory, now }: ImportWorld): Adopter {
  return async (records) => {
    const read = records.map((record) => projectOf(record, now()))
    const fresh = new Map(read.flatMap((project) => ('name' in project ? [[project.project_key, project] as const] : [])))
    if (fresh.size === 0) return read as FieldError[]
    const inserted = await insertProjects(sql, [...fresh.values()])
    for (const project of fresh.values()) if (inserted.has(project.project_key)) directory.put(project)
    return read.map((project) => ('name' in project ? inserted.delete(project.project_key) : project))
  }
}

function projectOf(record: Record<string, unknown>, now: number): Project | FieldError {
  const issue = check(record)
  if (issue) return issue
  const { projectKey, name, createdAt, isActive } = record as Static<typeof ProjectRow>
  const created = createdAt ? parseTime(createdAt) : now
  if (created === null) return { field: 'createdAt', error: 'must be an ISO 8601 time, such as 2026-11-22T14:30:00Z' }
  return { project_key: projectKey, name, created_at: created, is_active: isActive ?? true }
}
