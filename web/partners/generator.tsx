import { useId, useState } from 'react'
import type { Partner } from '../api/partners.ts'
import { CopyButton } from '../design/button.tsx'
import { Field } from '../design/field.tsx'
import { Snippet } from '../design/state.tsx'

const FIELDS = [
  ['ref', 'Tracking id', 'Whose recommendation it is'],
  ['campaign', 'Campaign', 'As your landing page reports it'],
  ['utm_source', 'UTM source', 'Such as newsletter'],
  ['utm_medium', 'UTM medium', 'Such as email'],
  ['utm_campaign', 'UTM campaign', ''],
  ['utm_term', 'UTM term', ''],
  ['utm_content', 'UTM content', ''],
] as const
type Name = (typeof FIELDS)[number][0]

/** Makes addresses of a landing page that say who sent the visitor; nothing is stored. */
export function LinkGenerator({ partners }: { partners: readonly Partner[] }) {
  const [page, setPage] = useState('')
  const [values, setValues] = useState<Partial<Record<Name, string>>>({})
  const names = useId()
  const made = addressOf(page, values)
  return (
    <section className="stack">
      <h2>Make an address to spread</h2>
      <p className="soft small">Fill in your landing page and what its visitors shall be counted by. The page reports it with a capture; see the script on the campaigns page.</p>
      <div className="form">
        <div className="whole">
          <Field label="Landing page" type="url" value={page} onChange={({ target }) => setPage(target.value)} placeholder="https://example.com/offer" wrong={page !== '' && made === null ? 'must be a whole address, with https://' : undefined} />
        </div>
        {FIELDS.map(([name, label, hint]) => (
          <Field key={name} label={label} hint={hint} list={name === 'ref' ? names : undefined} value={values[name] ?? ''} maxLength={255} onChange={({ target }) => setValues({ ...values, [name]: target.value })} />
        ))}
        <datalist id={names}>
          {partners.map(({ trackingId }) => (
            <option key={trackingId} value={trackingId} />
          ))}
        </datalist>
      </div>
      {made && (
        <>
          <Snippet code={made} what="the address" />
          <div className="row">
            <CopyButton text={`<a href="${made.replaceAll('&', '&amp;')}">${new URL(made).hostname}</a>`} what="the address as HTML" label="Copy as HTML" />
            <CopyButton text={`[${new URL(made).hostname}](${made})`} what="the address as Markdown" label="Copy as Markdown" />
          </div>
        </>
      )}
    </section>
  )
}

/** The address with what was filled in, null where the page is no address. */
function addressOf(page: string, values: Partial<Record<Name, string>>): string | null {
  if (!/^https?:\/\//i.test(page.trim()) || !URL.canParse(page.trim())) return null
  const url = new URL(page.trim())
  for (const [name] of FIELDS) {
    const value = values[name]?.trim()
    if (value) url.searchParams.set(name, value)
  }
  return url.href
}
