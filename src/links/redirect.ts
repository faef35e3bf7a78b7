import type { Target } from './directory.ts'

/** What a visitor gets. */
export type Decision =
  | { kind: 'redirect'; target: Target }
  | { kind: 'unknown' }
  | { kind: 'inactive' }

/** Decides a redirect from what is known of the link; `now` is UTC ms. An expired link is an inactive one. */
export function decide(target: Target | null, now: number): Decision {
  if (target === null) return { kind: 'unknown' }
  if (!isOpen(target, now)) return { kind: 'inactive' }
  return { kind: 'redirect', target }
}

/** Whether a link leads anywhere at this moment. */
export function isOpen(target: { active: boolean; expiresAt: number | null }, now: number): boolean {
  return target.active && (target.expiresAt === null || target.expiresAt > now)
}
