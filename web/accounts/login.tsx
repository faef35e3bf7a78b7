import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useLocation, useSearch } from 'wouter'
import { Refusal, call } from '../api/call.ts'
import { Button } from '../design/button.tsx'
import { Field } from '../design/field.tsx'
import { Notice } from '../design/state.tsx'
import { Brand, PageHead } from '../shell/shell.tsx'

/** The way in. The session is a cookie that no script can read. */
export function LoginPage() {
  const [problem, setProblem] = useState('')
  const [busy, setBusy] = useState(false)
  const [, go] = useLocation()
  const answers = useQueryClient()
  const next = new URLSearchParams(useSearch()).get('next')

  const enter = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    setBusy(true)
    try {
      await call('POST', '/api/auth/login', { email: form.get('email'), password: form.get('password') })
      answers.clear()
      go(ownAddress(next), { replace: true })
    } catch (error) {
      setProblem(error instanceof Refusal ? error.message : 'Signing in failed. Try again.')
      setBusy(false)
    }
  }

  return (
    <main className="narrow">
      <div className="stack">
        <Brand />
        <PageHead title="Sign in" />
        <form className="stack" onSubmit={(event) => void enter(event)}>
          <Field label="E-mail address" name="email" type="email" autoComplete="username" required />
          <Field label="Password" name="password" type="password" autoComplete="current-password" required />
          {problem && <Notice bad>{problem}</Notice>}
          <Button type="submit" kind="main" disabled={busy}>
            Sign in
          </Button>
          <p className="soft small">The first admin’s address and password were printed when the server first started.</p>
        </form>
      </div>
    </main>
  )
}

/** Where to go on: an address of this server, whatever the one in the address bar says. */
function ownAddress(next: string | null): string {
  if (next === null || !URL.canParse(next, location.origin)) return '/'
  const url = new URL(next, location.origin)
  return url.origin === location.origin && !url.pathname.startsWith('//') ? `${url.pathname}${url.search}` : '/'
}
