import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'

/** The least time between two rounds of questions, for each question of the page: so a page asks at most 20 times a minute. */
const GAP_MS = 3_000

/**
 * Asks a page's live answers anew when events of its sources have come in. The stream is there while the page is looked at:
 * a browser keeps few connections to a server, and a hidden page needs none.
 */
export function useLive(sources: readonly string[]): void {
  const answers = useQueryClient()
  const wanted = sources.join()
  useEffect(() => {
    if (wanted === '') return
    let stream: EventSource | null = null
    let timer: number | undefined
    let last = 0

    const refresh = (): void => {
      timer = undefined
      last = Date.now()
      void answers.invalidateQueries({ predicate: ({ meta }) => meta?.live === true, refetchType: 'active' })
    }
    const hear = (event: MessageEvent<string>): void => {
      const news = JSON.parse(event.data) as Record<string, number>
      if (timer !== undefined || !wanted.split(',').some((source) => source in news)) return
      const asked = answers.getQueryCache().findAll({ type: 'active', predicate: ({ meta }) => meta?.live === true }).length
      timer = window.setTimeout(refresh, Math.max(0, last + GAP_MS * asked - Date.now()))
    }
    const follow = (): void => {
      if (document.hidden) {
        stream?.close()
        stream = null
      } else if (stream === null) {
        stream = new EventSource('/api/live')
        stream.addEventListener('loaded', hear)
      }
    }
    const seen = (): void => {
      // What came while nobody looked.
      if (!document.hidden && stream === null && Date.now() - last > GAP_MS) refresh()
      follow()
    }
    follow()
    document.addEventListener('visibilitychange', seen)
    return () => {
      document.removeEventListener('visibilitychange', seen)
      window.clearTimeout(timer)
      stream?.close()
    }
  }, [answers, wanted])
}
