// Made by `npm run types` from /apispec.json; changed by nobody else.

export interface User {
  id: string
  email: string
  role: 'admin' | 'viewer'
}
export interface Account {
  id: string
  email: string
  role: 'admin' | 'viewer'
  disabled: boolean
  createdAt: string
  lastLoginAt: string | null
}
export interface IngestKey {
  id: string
  name: string
  created_at: string
  revoked_at: string | null
  last_used_at: string | null
}
export interface HeldOfPerson {
  success: true
  identities: {
    project: string
    user_ids: string[]
    anonymous_ids: string[]
    session_ids: string[]
  }[]
  aliases: {
    [k: string]: unknown
  }[]
  answers: {
    [k: string]: unknown
  }[]
  events: {
    [k: string]: unknown
  }[]
  dead_letters: {
    [k: string]: unknown
  }[]
  cursor: string | null
  [k: string]: unknown
}
