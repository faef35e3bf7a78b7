import { useAnswer } from '../api/answer.ts'
import { Figure, Figures } from '../design/figure.tsx'
import { bytes, duration, number } from '../design/format.ts'
import { Answered } from '../design/state.tsx'

/** What runs here, and whether it keeps up. */
export function SystemPart() {
  const server = useAnswer<{ version: string; uptimeSeconds: number }>('/health')
  const store = useAnswer<{ engine: string; latencyMs: number }>('/db/health')
  const metrics = useAnswer<string>('/metrics')
  // One below the other as they come, so that none pushes the next.
  return (
    <Answered of={server} tall>
      {({ version, uptimeSeconds }) => (
        <>
          <p>
            Waymark {version}, up for {duration(uptimeSeconds)}. The <a href="/swagger">API reference</a> and the <a href="/metrics">metrics</a> are open to programs.
          </p>
          <Answered of={store}>
            {({ engine, latencyMs }) => (
              <>
                <p>
                  The store is {engine === 'duckdb' ? 'the embedded one (DuckDB)' : 'PostgreSQL'} and commits in {number(latencyMs)} ms.
                </p>
                <Answered of={metrics}>
                  {(text) => (
                    <>
                      <Waiting text={text} />
                      <p className="soft small">
                        Node.js {label(text, 'nodejs_version_info').replace(/^v/, '')}, {engine === 'duckdb' ? `DuckDB ${label(text, 'waymark_store_info').replace(/^v/, '')}` : label(text, 'waymark_store_info').split(' ', 2).join(' ')}.
                      </p>
                    </>
                  )}
                </Answered>
              </>
            )}
          </Answered>
        </>
      )}
    </Answered>
  )
}

/** What is acknowledged and not in the store yet. */
function Waiting({ text }: { text: string }) {
  const lag = figure(text, 'waymark_loader_lag_seconds')
  return (
    <Figures>
      <Figure name="Waiting for the store" value={figure(text, 'waymark_journal_records')} note="records in the journal" />
      <Figure name="On disk for it" value={figure(text, 'waymark_journal_bytes')} shown={bytes(figure(text, 'waymark_journal_bytes'))} note={`of ${bytes(figure(text, 'waymark_journal_max_bytes'))} that may be`} />
      <Figure name="Age of the oldest" value={lag} shown={duration(lag, 'short')} note="" />
    </Figures>
  )
}

/** A figure without labels, in the Prometheus text format; 0 where it is missing. */
function figure(text: string, name: string): number {
  const line = text.split('\n').find((one) => one.startsWith(`${name} `))
  return line ? Number(line.slice(name.length)) : 0
}

/** The version that is the first label of a metric; empty where it is missing. */
function label(text: string, name: string): string {
  return new RegExp(`^${name}\\{version="([^"]*)"`, 'm').exec(text)?.[1] ?? ''
}
