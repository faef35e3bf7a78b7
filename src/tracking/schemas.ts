import { Type } from '@sinclair/typebox'

const Count = Type.Integer()
const Counts = Type.Record(Type.String(), Count, { description: 'The 100 largest' })
const TextOrNull = Type.Union([Type.String(), Type.Null()])

export const Failure = Type.Object({
  success: Type.Literal(false),
  error: Type.String(),
  details: Type.Optional(Type.Array(Type.Object({ field: Type.String(), error: Type.String() }))),
})

const CapturedEvent = Type.Object({
  id: Type.String(),
  referrer: Type.String(),
  campaign: TextOrNull,
  timestamp: Type.String({ format: 'date-time' }),
  landingPage: TextOrNull,
  originalSource: TextOrNull,
  destinationUrl: TextOrNull,
  eventType: Type.String({ enum: ['inbound', 'outbound'] }),
  machine: Type.Boolean(),
})

const Truncated = Type.Boolean({ description: 'Whether there are more than the maps hold' })

export const StatsAnswer = Type.Object({
  totalEvents: Count,
  humanEvents: Count,
  machineEvents: Count,
  byReferrer: Counts,
  humanByReferrer: Counts,
  machineByReferrer: Counts,
  byCampaign: Counts,
  humanByCampaign: Counts,
  machineByCampaign: Counts,
  byLandingPage: Counts,
  humanByLandingPage: Counts,
  machineByLandingPage: Counts,
  byUtmSource: Type.Optional(Counts),
  humanByUtmSource: Type.Optional(Counts),
  machineByUtmSource: Type.Optional(Counts),
  byUtmMedium: Type.Optional(Counts),
  humanByUtmMedium: Type.Optional(Counts),
  machineByUtmMedium: Type.Optional(Counts),
  byUtmCampaign: Type.Optional(Counts),
  humanByUtmCampaign: Type.Optional(Counts),
  machineByUtmCampaign: Type.Optional(Counts),
  truncated: Truncated,
  recent: Type.Array(CapturedEvent),
})

export const ReferrerAnswer = Type.Object({
  referrerId: Type.String(),
  totalClicks: Count,
  humanClicks: Count,
  machineClicks: Count,
  campaigns: Counts,
  humanCampaigns: Counts,
  machineCampaigns: Counts,
  truncated: Truncated,
  events: Type.Array(CapturedEvent),
  cursor: Type.Union([Type.String(), Type.Null()], { description: 'For the next page of events; null on the last' }),
})
