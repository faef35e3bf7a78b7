/** A product whose events are counted. Times are UTC ms. */
export interface Project {
  project_key: string
  name: string
  created_at: number
  is_active: boolean
}

export const PROJECT_KEY_PATTERN = '^[0-9a-f]{12}$'
const PROJECT_KEY = new RegExp(PROJECT_KEY_PATTERN)

/** Whether a text can be a project key: 12 hex digits. */
export function isProjectKey(text: unknown): text is string {
  return typeof text === 'string' && PROJECT_KEY.test(text)
}
