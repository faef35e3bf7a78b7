import { readAgent } from './agent.ts'
import type { AgentReason } from './machine-agents.ts'

/** Why an event counts as a machine's. */
export type MachineReason = AgentReason | 'agent_missing' | 'prefetch' | MailReason

/** Why what happened to a mail counts as a machine's; told by what came before it, not by one request. */
export type MailReason = 'soon_after_sending' | 'head_before_get' | 'invisible_link' | 'every_link'

/** Whether a machine made an event, and why. */
export interface Verdict {
  machine: boolean
  reason: MachineReason | null
}

/** What there is to judge by. */
export interface Signs {
  userAgent: string | null
  /** Whether the agent would be there if there was one: true for the visitor's own request, false for a batch event that left it out. */
  agentKnown: boolean
  /** What the request said it was for; see `purposeOf`. */
  purpose?: string | undefined
}

const person: Verdict = Object.freeze({ machine: false, reason: null })

const early = /prefetch|prerender|preview|instant/i

/** Machine or human, from what one request says. The agent's own name comes first, being the most particular. */
export function judge(signs: Signs): Verdict {
  const { userAgent, agentKnown, purpose } = signs
  const named = readAgent(userAgent).machine
  if (named !== null) return machine(named)
  if (purpose !== undefined && early.test(purpose)) return machine('prefetch')
  if (agentKnown && !userAgent) return machine('agent_missing')
  return person
}

/** Why a browser asks, where it says so: `Sec-Purpose` (Fetch Standard) or its forerunners. Undefined for an ordinary request. */
export function purposeOf(headers: Readonly<Record<string, string | string[] | undefined>>): string | undefined {
  const value = headers['sec-purpose'] ?? headers['purpose'] ?? headers['x-purpose'] ?? headers['x-moz']
  return Array.isArray(value) ? value.join() : value
}

function machine(reason: MachineReason): Verdict {
  return { machine: true, reason }
}
