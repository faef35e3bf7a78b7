import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from '@sinclair/typebox'
import { parseEmail } from '../accounts/index.ts'
import { Fault } from '../core/errors.ts'
import type { Limiter } from '../http/limits.ts'
import { route } from '../http/route.ts'
import { fields } from '../http/validate.ts'
import { MANUAL_PATH, NOTED_PAGE, askPage, donePage, formPage, sendPage } from './page.ts'
import { leadById } from './store.ts'
import { readToken } from './token.ts'
import { type UnsubscribeWorld, isReader, unsubscribe, unsubscribeAddress } from './unsubscribe.ts'

/** What unsubscribing is answered with. */
export interface UnsubscribeRoutesWorld extends UnsubscribeWorld {
  secret: string
  /** Whether the button must be pressed. */
  confirms: boolean
  manualLimiter: Limiter
  limitKeyOf: (request: FastifyRequest) => string
}

const html = (description: string) => Type.Unsafe<string>({ type: 'string', description })
const TOKEN = { params: fields({ token: Type.Unknown({ description: 'Token of the mail; it never expires here' }) }) }
const PAGES = { 400: html('The token is none: the manual form'), 503: html('Neither store nor journal can take it: a page that says to try again') }
const PRODUCES = ['text/html']
/** What a form, RFC 8058 or a programme sends; nothing in it is needed but the address of the manual form. */
const Form = Type.Unsafe<Record<string, unknown> | null>({ type: ['object', 'null'] })
const BAD_TOKEN = 'This link is incomplete or was changed on its way.'

/** Registers unsubscribing by the link of a mail, by its button, by RFC 8058, and by hand. */
export function unsubscribeRoutes(app: FastifyInstance, world: UnsubscribeRoutesWorld): void {
  const url = '/api/v1/tracking/unsubscribe/:token'
  route(app, {
    method: 'GET',
    url,
    family: 'email',
    who: 'public',
    summary: 'Unsubscribe by the link of a mail',
    description: 'HEAD, prefetches, known scanners and whatever else is told for a machine change nothing, and get a page with a button; so does everybody with `UNSUBSCRIBE_MODE=confirm`. Repeating it is harmless.',
    schema: { ...TOKEN, response: { 200: html('It is done, and for which address; or the page with the button'), ...PAGES } },
    produces: PRODUCES,
    handler: async (request, reply) => {
      const text = String(request.params.token)
      const token = readToken(text, world.secret)
      if (token === null) return sendPage(reply, formPage(400, BAD_TOKEN))
      if (isReader(world, request, text, token) && !world.confirms) return carryOut(world, request, reply, text)
      const lead = world.ingest.storeAway ? null : await leadById(world.sql, token.leadId).catch(forgiven)
      return sendPage(reply, lead?.email_unsubscribed ? donePage(lead.email) : askPage(lead?.email ?? null, `/api/v1/tracking/unsubscribe/${text}`))
    },
  })

  route(app, {
    method: 'POST',
    url,
    family: 'email',
    who: 'public',
    summary: 'Unsubscribe by one click (RFC 8058), or by the button of the page',
    description: 'Needs no cookie and no body. Repeating it is harmless.',
    schema: { ...TOKEN, body: Form, response: { 200: html('It is done, and for which address'), ...PAGES } },
    takes: 'form',
    produces: PRODUCES,
    handler: (request, reply) => carryOut(world, request, reply, String(request.params.token)),
  })

  route(app, {
    method: 'GET',
    url: MANUAL_PATH,
    family: 'email',
    who: 'public',
    summary: 'The manual form to unsubscribe',
    schema: { response: { 200: html('The form') } },
    produces: PRODUCES,
    handler: (_, reply) => sendPage(reply, formPage(200)),
  })

  route(app, {
    method: 'POST',
    url: MANUAL_PATH,
    family: 'email',
    who: 'public',
    summary: 'Unsubscribe an address by hand',
    description: 'Answers the same whether or not the address is known. 5 a minute by address.',
    schema: { body: Form, response: { 200: html('It is done, where the address was on the list'), 400: html('That is no address'), 429: html('Too many'), 503: PAGES[503] } },
    takes: 'form',
    produces: PRODUCES,
    handler: async (request, reply) => {
      const given = request.body?.email
      const email = typeof given === 'string' ? parseEmail(given) : null
      if (email === null) return sendPage(reply, formPage(400, 'That is no email address.'))
      const taken = await world.manualLimiter.take(world.limitKeyOf(request))
      reply.headers(world.manualLimiter.headers(taken))
      if (!taken.allowed) return sendPage(reply, formPage(429, 'That was too often. Please try again in a minute.'))
      return safely(reply, async () => {
        await unsubscribeAddress(world, request, email)
        return sendPage(reply, {
          status: 200,
          title: 'Unsubscribed',
          text: ['If this address is on our mailing list, it has been removed.', 'It will no longer receive marketing emails from us.'],
        })
      })
    },
  })
}

function carryOut(world: UnsubscribeRoutesWorld, request: FastifyRequest, reply: FastifyReply, text: string): FastifyReply | Promise<FastifyReply> {
  const token = readToken(text, world.secret)
  if (token === null) return sendPage(reply, formPage(400, BAD_TOKEN))
  return safely(reply, async () => {
    const outcome = await unsubscribe(world, request, token)
    return sendPage(reply, outcome.kind === 'noted' ? NOTED_PAGE : donePage(outcome.email))
  })
}

/** People read a page, not JSON, also where nothing could be written. */
async function safely(reply: FastifyReply, work: () => Promise<FastifyReply>): Promise<FastifyReply> {
  try {
    return await work()
  } catch (error) {
    forgiven(error)
    return sendPage(reply.header('retry-after', '5'), { status: 503, title: 'Please Try Again', text: ['We could not note this just now. Please try again in a moment.'] })
  }
}

/** A store that is away is no fault of ours here; anything else is. */
function forgiven(error: unknown): null {
  if (error instanceof Fault && error.code === 'unavailable') return null
  throw error
}
