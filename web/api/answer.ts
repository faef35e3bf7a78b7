import { QueryCache, QueryClient, keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Refusal, call } from './call.ts'

/** Who is signed in. */
export const ME = '/api/auth/me'
/** How long an answer is shown again without asking: whoever goes back and forth asks once. */
const FRESH_MS = 20_000

/** What has been answered, for all pages. */
export function createAnswers(): QueryClient {
  const answers = new QueryClient({
    queryCache: new QueryCache({
      // The session has ended: whoever asks who is signed in is told so, and shows the sign-in.
      onError(error, { queryKey: [url] }) {
        if (error instanceof Refusal && error.status === 401 && url !== ME) void answers.invalidateQueries({ queryKey: [ME] })
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: FRESH_MS,
        refetchOnWindowFocus: false,
        // A refusal stays one; a server that starts again is worth another try.
        retry: (count, error) => count < 2 && error instanceof Refusal && [0, 503].includes(error.status),
      },
    },
  })
  return answers
}

/**
 * What the API answers at an address, `null` to ask nothing yet. While another question of the same page is under way the answer
 * before it stays, so that nothing jumps.
 *
 * @param options.live asked anew when events come in
 * @param options.body a question that is sent by POST
 */
export function useAnswer<T>(url: string | null, options: { live?: boolean; body?: object; keep?: boolean } = {}) {
  const { live = false, body, keep = true } = options
  return useQuery<T, Refusal>({
    queryKey: [url, body ?? null],
    queryFn: ({ signal }) => call<T>(body ? 'POST' : 'GET', url as string, body, signal),
    enabled: url !== null,
    meta: { live },
    ...(keep ? { placeholderData: keepPreviousData } : {}),
  })
}

/** Something that changes what the API answers; afterwards all answers whose address begins with one of `changes` are asked for anew. */
export function useChange<Given, T>(work: (given: Given) => Promise<T>, changes: readonly string[]) {
  const answers = useQueryClient()
  return useMutation<T, Refusal, Given>({
    mutationFn: work,
    onSuccess: () => answers.invalidateQueries({ predicate: ({ queryKey: [url] }) => changes.some((prefix) => String(url).startsWith(prefix)) }),
  })
}
