// Made by `npm run types` from /apispec.json; changed by nobody else.

export interface Numbers {
  from: string
  to: string
  timezone: string
  interval: 'hour' | 'day' | 'week' | 'month'
  sources: {
    source: 'link' | 'web' | 'product' | 'email'
    total: {
      events: number
      humanEvents: number
      machineEvents: number
      visitors: number
    }
    series: {
      timestamp: string
      events: number
      humanEvents: number
      machineEvents: number
    }[]
    before: {
      from: string
      to: string
      total: {
        events: number
        humanEvents: number
        machineEvents: number
        visitors: number
      }
      series: {
        timestamp: string
        events: number
        humanEvents: number
        machineEvents: number
      }[]
    }
    top: {
      name: string
      events: number
      humanEvents: number
      machineEvents: number
    }[]
  }[]
}
export type SourceNumbers = Numbers['sources'][number]
