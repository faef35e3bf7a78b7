// Made by `npm run types` from /apispec.json; changed by nobody else.

export interface Partner {
  id: string
  trackingId: string
  partnerName: string | null
  email: string | null
  createdAt: string
  isActive: boolean
  expiresAt: string
  lastSeenAt: string | null
}
export interface PartnerToken {
  success: true
  trackingId: string
  accessToken: string
  dashboardUrl: string
  expiresAt: string
  inviteSent?: boolean
  inviteError?: string
}
export interface Engagement {
  trackingId: string
  access: 'public' | 'private'
  totalClicks: number
  humanClicks: number
  machineClicks: number
  totalConversions: number
  humanConversions: number
  machineConversions: number
  conversionRate: number
  topCampaigns: {
    campaign: string
    clicks: number
    humanClicks: number
    machineClicks: number
  }[]
  destinations: {
    name: string
    clicks: number
    humanClicks: number
    machineClicks: number
  }[]
  recentActivity: {
    timestamp: string
    campaign: string | null
    destination: string | null
    eventType: 'inbound' | 'outbound'
    machine: boolean
  }[]
  clicksByDay: {
    date: string
    clicks: number
    humanClicks: number
    machineClicks: number
  }[]
}
