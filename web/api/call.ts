/** An answer that is no success: its status, its sentence for people, what is wrong with which field, and itself. */
export class Refusal extends Error {
  readonly status: number
  readonly fields: Readonly<Record<string, string>>
  readonly answer: unknown

  constructor(status: number, message: string, fields: Record<string, string> = {}, answer: unknown = null) {
    super(message)
    this.name = 'Refusal'
    this.status = status
    this.fields = fields
    this.answer = answer
  }
}

/** Values of a query string; what is undefined or empty is left out, a list is written once for each. */
export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>

/** An address of the API with its query. */
export function address(path: string, query: Query = {}): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === '') continue
    for (const one of [value].flat()) search.append(name, String(one))
  }
  return search.size === 0 ? path : `${path}?${search}`
}

/** Asks the API and gives what it answers. Who asks is told by the session cookie alone; a file is sent as it is. Throws Refusal; status 0 means that no answer came. */
export async function call<T>(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, body?: object | Blob, signal?: AbortSignal): Promise<T> {
  let response: Response
  try {
    response = await fetch(url, {
      method,
      credentials: 'same-origin',
      ...(signal ? { signal } : {}),
      ...(body === undefined ? {} : body instanceof Blob ? { body } : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new Refusal(0, 'The server does not answer. Check your connection and try again.')
  }
  const json = response.headers.get('content-type')?.includes('json') ?? false
  const answer: unknown = json ? await response.json() : await response.text()
  if (response.ok) return answer as T
  throw refusalOf(response, answer)
}

interface Failure {
  error?: string
  detail?: string
  details?: { field: string; error: string }[]
  errors?: { field: string; error: string }[]
}

function refusalOf(response: Response, answer: unknown): Refusal {
  const { error, detail, details, errors } = (typeof answer === 'object' && answer !== null ? answer : {}) as Failure
  const fields = Object.fromEntries((details ?? errors ?? []).map((one) => [one.field, one.error]))
  const wait = response.headers.get('retry-after')
  const again = response.status === 429 && wait ? ` Try again in ${wait} seconds.` : ''
  return new Refusal(response.status, (error ?? detail ?? `The server answered ${response.status}.`) + again, fields, answer)
}
