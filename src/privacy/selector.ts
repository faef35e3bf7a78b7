/** The names by which a person can be asked for. */
export const NAMES = ['email', 'userId', 'anonymousId', 'sessionId'] as const

/** Whom is asked for: one name, in one project or wherever it stands. `leadId` is for rooms that know people by it. */
export interface Selector {
  by: (typeof NAMES)[number] | 'leadId'
  value: string
  project: string | null
}

/** What another room holds of people; `src/app.ts` hands it over. */
export interface Keeper {
  /** What it holds, by kind, and the numbers by which events know the person. */
  find(selector: Selector): Promise<{ held: Record<string, object[]>; leadIds: number[] }>
  /** Removes it and counts what it removed, by kind. Must be repeatable. */
  erase(selector: Selector): Promise<Record<string, number>>
}

/** Who a person is to one project. */
export interface Identity {
  project: string
  users: string[]
  anonymous: string[]
  leads: number[]
  sessions: string[]
}
