import Bowser from 'bowser'
import { LRUCache } from 'lru-cache'
import { machineAgent, type AgentReason } from './machine-agents.ts'

/** What a user agent says of itself. */
export interface Agent {
  browser: string | null
  os: string | null
  device: Device | null
  /** Why its name alone makes it a machine's, null for a person's. */
  machine: AgentReason | null
}

export type Device = 'desktop' | 'mobile' | 'tablet' | 'tv' | 'bot'

/** As much of a user agent as is read; no browser's is longer, and what parses it must not meet a hostile one of any length. */
export const AGENT_MAX = 1024

const agents = new LRUCache<string, Agent>({ max: 5000, memoMethod: parse })
const nothing: Agent = Object.freeze({ browser: null, os: null, device: null, machine: null })

const browsers = new Set(Object.values(Bowser.BROWSER_MAP))
const devices = new Set<string>(['desktop', 'mobile', 'tablet', 'tv', 'bot'] satisfies Device[])

/** Apps that show pages themselves: to a click, where it was made tells more than the engine that drew the page. */
const apps: readonly [name: string, sign: RegExp][] = [
  ['LinkedIn', /\[LinkedInApp\]/],
  ['Instagram', /\bInstagram \d/],
  ['Facebook', /\[FB(?:AN|_IAB)\/|MetaIAB Facebook/],
  ['X', /\bTwitter(?:Android| for )/],
  ['TikTok', /\bmusical_ly_|\btrill_|BytedanceWebview/],
  ['Snapchat', /\bSnapchat\/\d/],
  ['Pinterest', /\[Pinterest\//],
  ['Line', /\bLine\/\d/],
]

/**
 * Browser, system, device and machine reason of a user agent, of which the first 1,024 UTF-16 units are read; all null for none. The
 * last 5,000 agents are remembered.
 */
export function readAgent(userAgent: string | null): Agent {
  if (!userAgent) return nothing
  return agents.memo(userAgent.length > AGENT_MAX ? cut(userAgent) : userAgent)
}

/** A copy: a slice would keep the whole text alive for as long as it is remembered. */
function cut(userAgent: string): string {
  return Buffer.from(userAgent.slice(0, AGENT_MAX)).toString()
}

function parse(text: string): Agent {
  const { browser, os, platform } = Bowser.parse(text)
  return Object.freeze({
    browser: apps.find(([, sign]) => sign.test(text))?.[0] ?? knownBrowser(browser.name),
    os: os.name || null,
    device: deviceOf(platform.type, os.name),
    machine: machineAgent(text),
  })
}

/** Of an agent it does not know, the parser gives the first words for a name: anyone could write into a report's list. */
function knownBrowser(name: string | undefined): string | null {
  return name !== undefined && browsers.has(name) ? name : null
}

function deviceOf(platform: string | undefined, os: string | undefined): Device | null {
  if (platform !== undefined && devices.has(platform)) return platform as Device
  return os === 'Chrome OS' ? 'desktop' : null
}
