import { createHash } from 'node:crypto'
import type { FastifyReply } from 'fastify'

const PAGES = {
  malformed: { status: 400, title: 'This link is incomplete', text: 'Its tracking id is missing or has letters that no id has. Copy the whole link and try again.' },
  unknown: { status: 404, title: 'This link does not exist', text: 'It may have been mistyped. Ask whoever sent it to you for a new one.' },
  inactive: { status: 410, title: 'This link is no longer active', text: 'It was switched off or has expired. Ask whoever sent it to you for a new one.' },
  unavailable: { status: 503, title: 'This link cannot be opened just now', text: 'Please try again in a moment.' },
} as const

export type PageName = keyof typeof PAGES

/** Answers a visitor with a small page that says what is wrong with the link; nothing of the request is shown on it. */
export function sendPage(reply: FastifyReply, name: PageName): FastifyReply {
  const { status, title, text } = PAGES[name]
  if (status === 503) reply.header('retry-after', '2')
  return reply
    .code(status)
    .header('content-security-policy', `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; frame-ancestors 'none'; base-uri 'none'`)
    .header('x-content-type-options', 'nosniff')
    .header('cache-control', 'no-store')
    .type('text/html; charset=utf-8')
    .send(`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex"><title>${title}</title><style>${STYLE}</style><main><h1>${title}</h1><p>${text}</p></main></html>`)
}

const STYLE =
  ':root{color-scheme:light dark;font:1.0625rem/1.6 system-ui,sans-serif}body{margin:0;min-height:100vh;display:grid;place-items:center}main{padding:2rem;max-width:30rem}h1{font-size:1.5rem;line-height:1.25;margin:0 0 .5rem}p{margin:0;opacity:.75}'
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')
