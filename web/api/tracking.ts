// Made by `npm run types` from /apispec.json; changed by nobody else.

export interface CampaignStats {
  totalEvents: number
  humanEvents: number
  machineEvents: number
  byReferrer: {
    [k: string]: number
  }
  humanByReferrer: {
    [k: string]: number
  }
  machineByReferrer: {
    [k: string]: number
  }
  byCampaign: {
    [k: string]: number
  }
  humanByCampaign: {
    [k: string]: number
  }
  machineByCampaign: {
    [k: string]: number
  }
  byLandingPage: {
    [k: string]: number
  }
  humanByLandingPage: {
    [k: string]: number
  }
  machineByLandingPage: {
    [k: string]: number
  }
  byUtmSource?: {
    [k: string]: number
  }
  humanByUtmSource?: {
    [k: string]: number
  }
  machineByUtmSource?: {
    [k: string]: number
  }
  byUtmMedium?: {
    [k: string]: number
  }
  humanByUtmMedium?: {
    [k: string]: number
  }
  machineByUtmMedium?: {
    [k: string]: number
  }
  byUtmCampaign?: {
    [k: string]: number
  }
  humanByUtmCampaign?: {
    [k: string]: number
  }
  machineByUtmCampaign?: {
    [k: string]: number
  }
  truncated: boolean
  recent: {
    id: string
    referrer: string
    campaign: string | null
    timestamp: string
    landingPage: string | null
    originalSource: string | null
    destinationUrl: string | null
    eventType: 'inbound' | 'outbound'
    machine: boolean
  }[]
}
export interface ReferrerStats {
  referrerId: string
  totalClicks: number
  humanClicks: number
  machineClicks: number
  campaigns: {
    [k: string]: number
  }
  humanCampaigns: {
    [k: string]: number
  }
  machineCampaigns: {
    [k: string]: number
  }
  truncated: boolean
  events: {
    id: string
    referrer: string
    campaign: string | null
    timestamp: string
    landingPage: string | null
    originalSource: string | null
    destinationUrl: string | null
    eventType: 'inbound' | 'outbound'
    machine: boolean
  }[]
  cursor: string | null
}
export type CapturedEvent = CampaignStats['recent'][number]
