import { Type } from '@sinclair/typebox'

const orNull = <T extends ReturnType<typeof Type.String> | ReturnType<typeof Type.Object>>(schema: T) => Type.Union([schema, Type.Null()])
const time = Type.String({ format: 'date-time' })

/** A link, as the reference describes it. */
export const LinkAnswer = Type.Object({
  tracking_id: Type.String(),
  redirect_url: Type.String(),
  original_url: Type.String(),
  link_function: Type.String(),
  link_type: orNull(Type.String()),
  job_id: orNull(Type.String()),
  application_id: orNull(Type.String()),
  description: orNull(Type.String()),
  campaign: orNull(Type.String()),
  partner: orNull(Type.String()),
  metadata: orNull(Type.Object({})),
  is_active: Type.Boolean(),
  created_at: time,
  updated_at: time,
  expires_at: orNull(time),
})

const counts = { clicks: Type.Integer(), human_clicks: Type.Integer(), machine_clicks: Type.Integer(), unique_visitors: Type.Integer() }

/** A link's numbers, as the reference describes them. */
export const StatsAnswer = Type.Object({
  tracking_id: Type.String(),
  ...counts,
  by_day: Type.Array(Type.Object({ date: Type.String({ format: 'date' }), ...counts })),
  by_click_source: Type.Array(Type.Object({ click_source: orNull(Type.String()), ...counts })),
  by_referrer: Type.Array(Type.Object({ referrer: orNull(Type.String()), ...counts })),
  recent: Type.Array(
    Type.Object({
      click_id: Type.String(),
      clicked_at: time,
      click_source: orNull(Type.String()),
      referrer_url: orNull(Type.String()),
      session_id: orNull(Type.String()),
      country: orNull(Type.String()),
      browser: orNull(Type.String()),
      os: orNull(Type.String()),
      device: orNull(Type.String()),
      machine: Type.Boolean(),
      machine_reason: orNull(Type.String()),
    }),
  ),
})

/** The links family's error. */
export const Failure = Type.Object({
  success: Type.Literal(false),
  error: Type.String(),
  errors: Type.Optional(Type.Array(Type.Object({ index: Type.Optional(Type.Integer()), field: Type.String(), error: Type.String() }))),
})

/** What became of a batch. */
export const BatchAnswer = Type.Object({
  success: Type.Boolean(),
  message: Type.String(),
  results: Type.Object({
    total: Type.Integer(),
    successful: Type.Integer({ description: 'Stored, now or before: duplicates count as successful' }),
    duplicates: Type.Integer({ description: 'Of the successful ones, those that had come before' }),
    unmatched: Type.Integer({ description: 'Of the successful ones, those whose link does not exist yet' }),
    failed: Type.Integer(),
    errors: Type.Array(
      Type.Object({ index: Type.Integer(), tracking_id: orNull(Type.String()), field: Type.String(), error: Type.String() }),
    ),
  }),
})

const cursor = orNull(Type.String({ description: 'For the next page; null on the last' }))

const clicks = Type.Optional(Type.Integer({ description: 'There with `counts`' }))
const ListedLink = Type.Composite([LinkAnswer, Type.Object({ clicks, human_clicks: clicks, machine_clicks: clicks })])

/** A page of links. */
export const ListAnswer = Type.Object({ links: Type.Array(ListedLink), cursor })

/** What became of each link of a bulk request. */
export const BulkAnswer = Type.Object({
  success: Type.Boolean(),
  total: Type.Integer(),
  successful: Type.Integer(),
  failed: Type.Integer(),
  results: Type.Array(
    Type.Object({
      index: Type.Integer(),
      success: Type.Boolean(),
      link: Type.Optional(LinkAnswer),
      field: Type.Optional(Type.String()),
      error: Type.Optional(Type.String()),
    }),
  ),
})

/** A page of changes to links. */
export const SyncAnswer = Type.Object({
  links: Type.Array(
    Type.Object({
      tracking_id: Type.String(),
      destination_url: Type.String(),
      link_function: Type.String(),
      is_active: Type.Boolean(),
      expires_at: orNull(time),
      created_at: time,
      updated_at: time,
    }),
  ),
  cursor: Type.String({ description: 'For the next call' }),
})
