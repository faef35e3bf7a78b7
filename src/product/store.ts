import type { Sql, Value } from '../store/sql.ts'
import type { Project } from './project.ts'

const PROJECT = 'project_key, name, created_at, is_active'

/** Stores a new project. Throws Fault 'conflict' for a taken key. */
export async function insertProject(sql: Sql, project: Project): Promise<void> {
  await sql.write([
    { text: `insert into projects (${PROJECT}) values ($1, $2, $3, $4)`, values: [project.project_key, project.name, project.created_at, project.is_active] },
  ])
}

/** Stores projects of which some may be there, and gives the keys of those that were not. */
export async function insertProjects(sql: Sql, made: readonly Project[]): Promise<Set<string>> {
  const inserted = await sql.write(
    made.map((project) => ({
      text: `insert into projects (${PROJECT}) values ($1, $2, $3, $4) on conflict (project_key) do nothing returning project_key`,
      values: [project.project_key, project.name, project.created_at, project.is_active],
    })),
  )
  return new Set(inserted.flat().map((row) => row.project_key as string))
}

/** All projects, newest first, or the one of a key. */
export function projects(sql: Sql, key: string | null): Promise<Project[]> {
  return sql.rows<Project>(`select ${PROJECT} from projects where $1::text is null or project_key = $1::text order by created_at desc, project_key limit 10000`, [key])
}

/** Changes a project and gives it as it is now, or null when there is none. */
export async function updateProject(sql: Sql, key: string, change: Partial<Pick<Project, 'name' | 'is_active'>>): Promise<Project | null> {
  const values: Value[] = [key]
  const sets = Object.entries(change).map(([column, value]) => `${column} = $${values.push(value)}`)
  if (sets.length === 0) return (await projects(sql, key))[0] ?? null
  const [rows] = await sql.write([{ text: `update projects set ${sets.join(', ')} where project_key = $1 returning ${PROJECT}`, values }])
  return (rows?.[0] as Project | undefined) ?? null
}
