import type { Query } from '../api/call.ts'
import type { View } from '../shell/view.ts'

/** The parts of a question that every report has: as a query, and as a body. */
export interface Asked {
  query: Query
  body: { projectKey: string; from: string; to: string; timezone: string; filter?: Record<string, string> }
}

/** What a report's page is given. */
export interface ReportProps {
  projectKey: string
  view: View
  asked: Asked
  /** The names of the period's events, the most frequent first. */
  names: readonly string[]
}

/** The question that the address describes, about one project. */
export function askedOf(projectKey: string, view: View): Asked {
  const scope = { projectKey, from: view.from, to: view.to, timezone: view.zone }
  const [property, value] = [view.get('property'), view.get('value')]
  if (property === '') return { query: scope, body: scope }
  return { query: { ...scope, [`filter[${property}]`]: value }, body: { ...scope, filter: { [property]: value } } }
}
