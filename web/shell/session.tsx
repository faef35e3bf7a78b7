import { type ReactNode, createContext, useContext } from 'react'
import { Redirect, useLocation, useSearch } from 'wouter'
import type { User } from '../api/accounts.ts'
import { ME, useAnswer } from '../api/answer.ts'
import { Answered } from '../design/state.tsx'

const Person = createContext<User | null>(null)

/** Who is signed in, on every page but the public ones. */
export function useUser(): User {
  const user = useContext(Person)
  if (!user) throw new Error('only for pages of signed-in people')
  return user
}

/** Whether the signed-in person may change things. */
export function useIsAdmin(): boolean {
  return useUser().role === 'admin'
}

/** Shows its pages to signed-in people alone; others are sent to the sign-in, and back here afterwards. */
export function SignedIn({ children }: { children: ReactNode }) {
  const me = useAnswer<{ user: User }>(ME)
  const [path] = useLocation()
  const search = useSearch()
  if (me.error?.status === 401) {
    const here = search ? `${path}?${search}` : path
    return <Redirect to={here === '/' ? '/login' : `/login?next=${encodeURIComponent(here)}`} replace />
  }
  return (
    <Answered of={me} tall>
      {({ user }) => <Person value={user}>{children}</Person>}
    </Answered>
  )
}
