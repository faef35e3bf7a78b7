// Made by `npm run types` from /apispec.json; changed by nobody else.

export interface Project {
  name: string
  projectKey: string
  createdAt: string
  isActive: boolean
}
export interface ProductOverview {
  projectKey: string
  from: string | null
  to: string | null
  totalEvents: number
  uniqueUsers: number
  uniqueEventNames: number
  before?: {
    projectKey: string
    from: string | null
    to: string | null
    totalEvents: number
    uniqueUsers: number
    uniqueEventNames: number
  }
  top?: {
    eventName: string
    count: number
    uniqueUsers: number
  }[]
}
export interface ProductSeries {
  projectKey: string
  interval: string
  series: {
    timestamp: string
    count: number
    uniqueUsers: number
  }[]
  before?: {
    timestamp: string
    count: number
    uniqueUsers: number
  }[]
}
export interface Funnel {
  projectKey: string
  steps: {
    step: number
    eventName: string
    users: number
    conversionRate: number
    stepConversionRate: number
    dropOff: number
    medianSeconds: number | null
  }[]
}
export interface Retention {
  projectKey: string
  interval: string
  cohorts: {
    cohort: string
    users: number
    periods: {
      period: number
      users: number
      rate: number
    }[]
  }[]
}
export interface Paths {
  projectKey: string
  eventName: string
  direction: string
  steps: {
    step: number
    events: {
      eventName: string | null
      count: number
    }[]
  }[]
}
