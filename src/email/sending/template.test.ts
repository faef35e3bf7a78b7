import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cpuMs } from '../../../test/support/cpu.ts'
import { isSigned } from '../signature.ts'
import { type MailWorld, readTemplate } from './template.ts'

const BASE = 'https://mail.example.com'
const world: MailWorld = { base: BASE, secret: 'secret', counted: (url) => (URL.canParse(url) && url.startsWith('https://') ? new URL(url).href : null) }
const TOKEN = 'tok-en_1'
const PIXEL = `<img src="${BASE}/api/v1/tracking/open/${TOKEN}" width="1" height="1" alt="" style="display:none">`
const UNSUBSCRIBE = `<p style="font-size:12px;color:#666"><a href="${BASE}/api/v1/tracking/unsubscribe/${TOKEN}">Unsubscribe</a></p>`
const OWN = UNSUBSCRIBE + PIXEL
/** What is put in behind a counted link, given by its address as it stands in the mail. */
const ownBehind = (href: string) => `${UNSUBSCRIBE}<a href="${href}&amp;h=1" aria-hidden="true" tabindex="-1" style="display:none"></a>${PIXEL}`
const ADA = { first_name: 'Ada', email: 'ada@example.com', company: '<Lovelace & "Sons">', site: 'https://ada.example/?a=1&b=2', evil: 'javascript:alert(1)', quote: `' onload=x` }

const html = async (source: string, fields: Record<string, string> = ADA) => (await readTemplate({ subject: '', html: source, text: null }, world)).write(TOKEN, fields).html ?? ''
const text = async (source: string, given: string | null = null) => (await readTemplate({ subject: '', html: source, text: given }, world)).write(TOKEN, ADA).text

/** Where a counted address leads to, with its signature checked. */
function target(href: string): string | null {
  const url = new URL(href.replaceAll('&amp;', '&'))
  const to = url.searchParams.get('url') ?? ''
  return url.pathname === `/api/v1/tracking/click/${TOKEN}` && isSigned(TOKEN, to, url.searchParams.get('s') ?? '', world.secret) ? to : null
}

describe('what is put in', () => {
  test.each([
    ['<p>Hi</p>', `<p>Hi</p>${OWN}`],
    ['', OWN],
    ['<html><body><p>Hi</p></body></html>', `<html><body><p>Hi</p>${OWN}</body></html>`],
    ['<BODY>a</BODY >b</body\n> c', `<BODY>a</BODY >b${OWN}</body\n> c`],
    ['<p>Hi</p><!-- </body> -->', `<p>Hi</p>${OWN}<!-- </body> -->`],
    ['<p>Hi</p><!-- never closed', `<p>Hi</p>${OWN}<!-- never closed`],
    ['<p>Hi</p><a href="https://never.closed', `<p>Hi</p>${OWN}<a href="https://never.closed`],
    ['<p>Hi</p><style>p { color: red', `<p>Hi</p>${OWN}<style>p { color: red`],
    ['<p>Hi</p><style>p { }</style>', `<p>Hi</p><style>p { }</style>${OWN}`],
    ['<script>"</body>"</script><p>Hi', `<script>"</body>"</script><p>Hi${OWN}`],
    [`<img src='${BASE}/api/v1/tracking/open/x'>Hi`, `<img src='${BASE}/api/v1/tracking/open/x'>Hi${UNSUBSCRIBE}`],
    ['<img src="https://mail.example.com/api/v1/tracking/open/{{tracking_token}}">Hi', `<img src="${BASE}/api/v1/tracking/open/${TOKEN}">Hi${UNSUBSCRIBE}`],
    ['<a href="{{unsubscribe_url}}">Bye</a>', `<a href="${BASE}/api/v1/tracking/unsubscribe/${TOKEN}">Bye</a>${PIXEL}`],
    [`<a href='${BASE}/api/v1/tracking/unsubscribe/{{ tracking_token }}'>Bye</a>`, `<a href='${BASE}/api/v1/tracking/unsubscribe/${TOKEN}'>Bye</a>${PIXEL}`],
  ])('%s', async (source, expected) => expect(await html(source)).toBe(expected))
})

describe('a link', () => {
  test.each([
    ['<a href="https://example.com">', 'https://example.com/'],
    ['<A HREF=https://example.com/a?b=c>', 'https://example.com/a?b=c'],
    ["<a class='x' href = 'https://example.com/?a=1&amp;b=2'>", 'https://example.com/?a=1&b=2'],
    ['<area href="https://example.com/ü">', 'https://example.com/%C3%BC'],
    ['<a href="https://example.com/?n={{first_name}}&c={{company}}">', 'https://example.com/?n=Ada&c=%3CLovelace%20%26%20%22Sons%22%3E'],
    ['<a href="{{site}}">', 'https://ada.example/?a=1&b=2'],
    ['<a href="https://example.com" href="https://other.example">', 'https://example.com/'],
  ])('%s is counted and leads on', async (source, to) => {
    const written = await html(source)
    const [, href = ''] = /href\s*=\s*["']?([^"'>\s]+)/i.exec(written) ?? []
    expect(target(href)).toBe(to)
    // All around the address is as it was written.
    const around = /^(.*?href\s*=\s*["']?)[^"'>]*(.*)$/is.exec(source) as RegExpExecArray
    // What is not the same for all readers leads nobody astray.
    const own = source.includes('{{') ? OWN : ownBehind(href)
    expect(written.startsWith(around[1] as string) && written.endsWith(around[2] + own)).toBe(true)
  })

  test('that nobody sees leads where the first leads that is the same for all', async () => {
    const written = await html('<a href="{{site}}">a</a><a href="https://example.com/b">b</a><a href="https://example.com/c">c</a>')
    const [, href = ''] = /<a href="([^"]+)" aria-hidden="true" tabindex="-1" style="display:none"><\/a>/.exec(written) ?? []
    expect([target(href), href.endsWith('&amp;h=1'), written.match(/aria-hidden/g)?.length]).toEqual(['https://example.com/b', true, 1])
  })

  test.each([
    '<a href="mailto:ada@example.com">', '<a href="tel:+49">', '<a href="#top">', '<a href="/relative">', '<a href="">', '<a href>', '<a>', '<a href="http://example.com">', '<link href="https://example.com">',
    '<a href="https://example.com" data-no-track>', '<a data-no-track="" href="https://example.com">', `<a href="${BASE}/api/v1/tracking/click/x?url=https%3A%2F%2Fexample.com">`, '<a href="javascript:alert(1)">',
    '<!--[if mso]><a href="https://example.com"><![endif]-->x', '<textarea><a href="https://example.com"></textarea>', '<td background="https://example.com/x.png">',
  ])('%s stays', async (source) => expect(await html(source)).toBe(source + OWN))
})

describe('a field', () => {
  test.each([
    ['<p>Hello {{first_name}}, {{ company }}</p>', '<p>Hello Ada, &lt;Lovelace &amp; &quot;Sons&quot;&gt;</p>'],
    ['{{unknown}}{{constructor}}{{__proto__}}|', '|'],
    ['{{first name}} {{}} {{{first_name}}} {{first_name', '{{first name}} {{}} {Ada} {{first_name'],
    ['<img alt="{{company}}">', '<img alt="&lt;Lovelace&#32;&amp;&#32;&quot;Sons&quot;&gt;">'],
    ['<img alt={{quote}}>', '<img alt=&#39;&#32;onload=x>'],
    ['<img src="https://cdn.example/{{company}}.png">', '<img src="https://cdn.example/%3CLovelace%20%26%20%22Sons%22%3E.png">'],
    ['<img src="{{evil}}">', '<img src="">'],
    ['<a href="{{evil}}">x</a>', '<a href="">x</a>'],
    ['<a href="mailto:{{email}}">', '<a href="mailto:ada%40example.com">'],
    ['<b {{quote}}>', '<b  onloadx>'],
    ['<style>.{{evil}}{}</style>', '<style>.javascriptalert1{}</style>'],
    ['<p style="color:{{evil}}">', '<p style="color:javascriptalert1">'],
    ['<!-- {{company}} -->', '<!-- &lt;Lovelace &amp; &quot;Sons&quot;&gt; -->'],
    ['<title>{{company}}</title>', '<title>&lt;Lovelace &amp; &quot;Sons&quot;&gt;</title>'],
    ['&amp;{{first_name}}&amp;', '&amp;Ada&amp;'],
  ])('%s', async (source, expected) => {
    const written = await html(source)
    expect(written.replace(OWN, '')).toBe(expected)
  })

  test('in subject and text is filled in as it is', async () => {
    const template = await readTemplate({ subject: 'For {{first_name}} of {{company}}', html: null, text: 'Dear {{first_name}},\n{{unsubscribe_url}}' }, world)
    expect(template.write(TOKEN, ADA)).toEqual({ subject: 'For Ada of <Lovelace & "Sons">', html: null, text: `Dear Ada,\n${BASE}/api/v1/tracking/unsubscribe/${TOKEN}`, unsubscribeUrl: `${BASE}/api/v1/tracking/unsubscribe/${TOKEN}` })
  })
})

describe('the text part', () => {
  const end = `\n\nUnsubscribe: ${BASE}/api/v1/tracking/unsubscribe/${TOKEN}\n`
  test.each([
    ['<title>No</title><h1>Hello {{first_name}}</h1><p>See  <a href="https://example.com/?n={{company}}">this\n offer</a> &amp; more</p><ul><li>a<li>b</ul>', `Hello Ada\n\nSee this offer (https://example.com/?n=%3CLovelace%20%26%20%22Sons%22%3E) & more\n\n- a\n- b${end}`],
    ['<a href="https://example.com">https://example.com</a><br>x<style>p{}</style><script>1</script>', `https://example.com\nx${end}`],
    ['<a href="{{unsubscribe_url}}">Bye</a>', `Bye (${BASE}/api/v1/tracking/unsubscribe/${TOKEN})\n`],
    ['', end],
  ])('of %s', async (source, expected) => expect(await text(source)).toBe(expected))
  test('that was given stays', async () => expect(await text('<p>x</p>', 'Mine, {{first_name}}')).toBe(`Mine, Ada${end}`))
})

/** What is put in, with or without a link that nobody sees. */
const OWN_ANYWHERE = new RegExp(`${literally(UNSUBSCRIBE)}(<a href="[^"]+" aria-hidden="true" tabindex="-1" style="display:none"></a>)?${literally(PIXEL)}`, 'g')

function literally(words: string): string {
  return words.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

test('whatever the HTML, all that its author wrote stays, byte for byte', async () => {
  const bits = fc.constantFrom('<', '>', '"', "'", '=', '/', '<a href=', 'https://example.com', '</a>', '<!--', '-->', '<body>', '</body>', '<style>', '</style>', '<script>', '</script>', '<title>', '&amp;', '&', '&#x41;', ' ', '\n', 'x', 'ü', '🙂', '<![CDATA[', ']]>', '<?', '<!', '<svg>', '<textarea>', '\0', '<img src=x>')
  await fc.assert(
    fc.asyncProperty(fc.array(bits, { maxLength: 40 }), async (pieces) => {
      const source = pieces.join('')
      const written = await html(source)
      const own = written.match(OWN_ANYWHERE) ?? []
      expect(own).toHaveLength(1)
      const counted = new RegExp(`${BASE.replaceAll('.', '\\.')}/api/v1/tracking/click/[^"'>\\s]*`, 'g')
      const back = written.replace(OWN_ANYWHERE, '').replace(counted, (url) => (target(url) === null ? url : 'LINK'))
      // What stands in a link's place is what the address leads to.
      const parts = back.split('LINK')
      let at = 0
      for (const part of parts) {
        const found = source.indexOf(part, at)
        expect(found).toBeGreaterThanOrEqual(at)
        at = found + part.length
      }
      expect(at).toBeLessThanOrEqual(source.length)
    }),
    { numRuns: 1_000 },
  )
})

test.each([
  ['nested', '<b>'.repeat(1_700_000)],
  ['of links', '<a href="https://example.com/?{{first_name}}">x</a>'.repeat(100_000)],
  ['of attributes', `<a ${'a b=c '.repeat(700_000)}>`],
  ['never closed', `<a href="${'{{'.repeat(2_500_000)}`],
  ['of entities', '&amp;{{first_name}}'.repeat(250_000)],
  ['of comments', '<!--{{'.repeat(800_000)],
  ['of quotes', `<a href='"`.repeat(500_000)],
])('5 MB %s are read in pieces, in bounded time', { timeout: 300_000 }, async (_, source) => {
  const start = performance.now()
  const used = cpuMs()
  let [last, slowest] = [start, 0]
  const watch = setInterval(() => {
    const now = performance.now()
    slowest = Math.max(slowest, now - last)
    last = now
  }, 1)
  const template = await readTemplate({ subject: '', html: source, text: null }, world)
  const read = cpuMs() - used
  const began = performance.now()
  const written = template.write(TOKEN, ADA).html as string
  clearInterval(watch)
  console.log(`${source.slice(0, 20)}… ${Math.round(read)} ms of computing, longest turn ${Math.round(slowest)} ms, written in ${Math.round(performance.now() - began)} ms`)
  expect(written.length).toBeGreaterThan(0)
  expect(read).toBeLessThan(10_000)
})
