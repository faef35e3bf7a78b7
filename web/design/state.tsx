import type { ReactNode } from 'react'
import type { Refusal } from '../api/call.ts'
import { Button, CopyButton } from './button.tsx'

/** A piece of code to take along. */
export function Snippet({ code, what }: { code: string; what: string }) {
  return (
    <div className="snippet">
      <pre tabIndex={0} aria-label={what}>
        {code}
      </pre>
      <CopyButton text={code} what={what} />
    </div>
  )
}

/** A place where there is nothing yet: what to do next, and what to do it with. */
export function Empty({ title, children, code, what = 'the example' }: { title: string; children: ReactNode; code?: string; what?: string }) {
  return (
    <div className="empty">
      <h2>{title}</h2>
      <p className="soft">{children}</p>
      {code && <Snippet code={code} what={what} />}
    </div>
  )
}

/** Something to know; `bad` where it went wrong. */
export function Notice({ bad = false, children }: { bad?: boolean; children: ReactNode }) {
  return (
    <div className={bad ? 'notice bad' : 'notice'} role={bad ? 'alert' : 'status'}>
      {children}
    </div>
  )
}

interface Asked<T> {
  data: T | undefined
  error: Refusal | null
  refetch: () => unknown
}

/** What an answer shows: itself, that it is coming, or why it is not. The room for it is kept meanwhile. */
export function Answered<T>({ of, children, tall = false }: { of: Asked<T>; children: (data: T) => ReactNode; tall?: boolean }) {
  const { data, error, refetch } = of
  if (error && (data === undefined || error.status === 403)) return <Failed error={error} again={refetch} />
  if (data !== undefined) return children(data)
  return (
    <p role="status" className="soft small" style={{ minHeight: tall ? '24rem' : '6rem' }}>
      Loading …
    </p>
  )
}

/** Why there is no answer, and what to do about it. */
export function Failed({ error, again }: { error: Refusal; again: () => unknown }) {
  if (error.status === 403) {
    return (
      <div className="empty" role="alert">
        <h2>You may not see this</h2>
        <p className="soft">{error.message} Ask an admin of this server for the role that you need.</p>
      </div>
    )
  }
  return (
    <div className="empty" role="alert">
      <h2>{error.status === 404 ? 'There is nothing here' : 'This could not be loaded'}</h2>
      <p className="soft">{error.message}</p>
      {error.status !== 404 && (
        <div>
          <Button onClick={() => void again()}>Try again</Button>
        </div>
      )}
    </div>
  )
}
