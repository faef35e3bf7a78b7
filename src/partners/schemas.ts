import { Type } from '@sinclair/typebox'

const orNull = <T extends ReturnType<typeof Type.String>>(schema: T) => Type.Union([schema, Type.Null()])
const time = Type.String({ format: 'date-time' })
const success = Type.Literal(true)
const clicks = { clicks: Type.Integer(), humanClicks: Type.Integer(), machineClicks: Type.Integer() }

/** A partner, as the reference describes it. */
export const PartnerAnswer = Type.Object({
  id: Type.String(),
  trackingId: Type.String(),
  partnerName: orNull(Type.String()),
  email: orNull(Type.String()),
  createdAt: time,
  isActive: Type.Boolean({ description: 'False once revoked; an expired partner is told by `expiresAt`' }),
  expiresAt: time,
  lastSeenAt: orNull(Type.String({ format: 'date-time', description: 'When the token was last used, exact to the minute' })),
})

/** Every partner. */
export const PartnersAnswer = Type.Object({ partners: Type.Array(PartnerAnswer) })

/** A partner whose token was ended. */
export const RevokedAnswer = Type.Object({ success, partner: PartnerAnswer })

/** A token that was made just now. */
export const TokenAnswer = Type.Object({
  success,
  trackingId: Type.String(),
  accessToken: Type.String({ description: 'Shown in this answer alone' }),
  dashboardUrl: Type.String(),
  expiresAt: time,
  inviteSent: Type.Optional(Type.Boolean({ description: 'There when `sendInvite` was true' })),
  inviteError: Type.Optional(Type.String({ description: 'Why the invite was not sent' })),
})

/** A partner's numbers. */
export const EngagementAnswer = Type.Object({
  trackingId: Type.String(),
  access: Type.Union([Type.Literal('public'), Type.Literal('private')]),
  totalClicks: Type.Integer(),
  humanClicks: Type.Integer(),
  machineClicks: Type.Integer(),
  totalConversions: Type.Integer({ description: 'The outbound ones of all events' }),
  humanConversions: Type.Integer(),
  machineConversions: Type.Integer(),
  conversionRate: Type.Integer({ description: 'Percentage, rounded, of people alone' }),
  topCampaigns: Type.Array(Type.Object({ campaign: Type.String(), ...clicks })),
  destinations: Type.Array(Type.Object({ name: Type.String({ description: "The site's readable name" }), ...clicks }), { description: 'Sites of the outbound events' }),
  recentActivity: Type.Array(
    Type.Object({
      timestamp: time,
      campaign: orNull(Type.String()),
      destination: orNull(Type.String()),
      eventType: Type.Union([Type.Literal('inbound'), Type.Literal('outbound')]),
      machine: Type.Boolean(),
    }),
  ),
  clicksByDay: Type.Array(Type.Object({ date: Type.String({ format: 'date' }), ...clicks })),
})

/** The tracking family's error. */
export const Failure = Type.Object({
  success: Type.Literal(false),
  error: Type.String(),
  details: Type.Optional(Type.Array(Type.Object({ field: Type.String(), error: Type.String() }))),
})
