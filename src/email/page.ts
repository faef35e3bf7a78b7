import { createHash } from 'node:crypto'
import type { FastifyReply } from 'fastify'
import { UNCACHED } from './tracking-routes.ts'

/** A page for readers of mails: a sentence or two and, where there is something to do, a form that sends to `action`. */
export interface Page {
  status: number
  title: string
  /** Paragraphs, as plain text. */
  text: readonly string[]
  form?: { action: string; button: string; asksForAddress: boolean }
}

/** What is said once somebody is opted out; `email` is null where it is not known just now. */
export function donePage(email: string | null): Page {
  return {
    status: 200,
    title: "You've Been Unsubscribed",
    text: [`${email === null ? 'Your address' : `The email address ${email}`} has been successfully removed from our mailing list.`, 'You will no longer receive marketing emails from us.'],
  }
}

/** What is said while the store is away: it is noted, and safe. */
export const NOTED_PAGE: Page = {
  status: 200,
  title: 'Your Wish Is Noted',
  text: ['We have noted that you want no more emails. It is carried out as soon as our database is back, without anything more from you.'],
}

/** What is said where nothing has been changed yet. */
export function askPage(email: string | null, action: string): Page {
  return {
    status: 200,
    title: 'Unsubscribe',
    text: [`Do you want ${email === null ? 'your address' : `the email address ${email}`} to be removed from our mailing list?`],
    form: { action, button: 'Unsubscribe', asksForAddress: false },
  }
}

/** The manual form, with what led to it. */
export function formPage(status: number, ...text: string[]): Page {
  return { status, title: 'Unsubscribe', text: [...text, 'Enter your email address and we will remove it from our mailing list.'], form: { action: MANUAL_PATH, button: 'Unsubscribe', asksForAddress: true } }
}

export const MANUAL_PATH = '/api/v1/tracking/unsubscribe-confirm'

/** Answers with a page that loads nothing and whose address is told to nobody. */
export function sendPage(reply: FastifyReply, { status, title, text, form }: Page): FastifyReply {
  const field = form?.asksForAddress ? '<label for="email">Email address</label><input id="email" name="email" type="email" autocomplete="email" required maxlength="254">' : ''
  const asked = form ? `<form method="post" action="${escaped(form.action)}">${field}<button>${escaped(form.button)}</button></form>` : ''
  return reply
    .code(status)
    .headers(UNCACHED)
    .header('content-security-policy', `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`)
    .header('x-content-type-options', 'nosniff')
    .header('referrer-policy', 'no-referrer')
    .type('text/html; charset=utf-8')
    .send(
      `<!DOCTYPE html><html lang="en"><head><meta charset="UTF-8"><meta name="viewport" content="width=device-width, initial-scale=1.0"><meta name="robots" content="noindex"><title>${escaped(title)}</title><style>${STYLE}</style></head><body><main class="container"><h1>${escaped(title)}</h1>${text.map((one) => `<p>${escaped(one)}</p>`).join('')}${asked}</main></body></html>`,
    )
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => ENTITIES[letter] as string)
}

const STYLE =
  ':root{color-scheme:light dark;font:1.0625rem/1.6 system-ui,sans-serif}body{margin:0;min-height:100vh;display:grid;place-items:center}main{padding:2rem;max-width:32rem;overflow-wrap:anywhere}h1{font-size:1.5rem;line-height:1.25;margin:0 0 .5rem}p{margin:0 0 .5rem}label{display:block;margin-top:1rem}input,button{font:inherit;padding:.5rem .75rem;margin-top:.5rem;box-sizing:border-box}input{width:100%}'
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')
