import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { START, type TestApp, testApp } from '../support/app.ts'
import { onEveryEngine } from '../support/engines.ts'
import { type LeadAnswer, clickPath, givenLead, leadNow, recorded, tokenOf, withCampaign } from '../support/mails.ts'
import { readStore } from '../support/store.ts'

const CSV = { headers: { 'content-type': 'text/csv' } }

onEveryEngine('leads', (engine) => {
  let app: TestApp
  const start = async () => {
    app = await testApp(engine, { before: withCampaign, clock: { at: START }, env: { EMAIL_REDIRECT_ALLOWED_DOMAINS: 'example.com' } })
  }
  const close = () => app.close()

  const list = async (query = '') => {
    const { status, body } = await app.get(`/api/v1/leads${query}`)
    return [status, (body as { leads?: LeadAnswer[] }).leads?.map(({ email }) => email) ?? body]
  }
  const bring = (csv: string | Buffer, type = 'text/csv') => app.post('/api/v1/leads/import', csv, { headers: { 'content-type': type } })

  describe('on one server, without a lead at each one’s begin', () => {
    beforeAll(start)
    afterEach(async () => {
      const { leads } = (await app.get('/api/v1/leads')).body as { leads: LeadAnswer[] }
      for (const { id } of leads) await app.ask('DELETE', `/api/v1/leads/${id}`, { headers: await app.as('key') })
    })
    afterAll(close)

    const idIn = (body: unknown): number => (body as { rows: { lead_id: number }[] }).rows[0]?.lead_id as number

    test.each<[body: object, detail: string]>([
      [{}, 'email'],
      [{ email: 'no address' }, 'email'],
      [{ email: 'a@example.com\r\nBcc: b@example.com' }, 'email'],
      [{ email: `${'a'.repeat(250)}@example.com` }, 'email'],
      [{ email: 7 }, 'email'],
      [{ email: 'a@example.com', first_name: 'a\u0000b' }, 'first_name'],
      [{ email: 'a@example.com', last_name: 'x'.repeat(256) }, 'last_name'],
      [{ email: 'a@example.com', fields: [] }, 'fields'],
      [{ email: 'a@example.com', fields: { x: 'y'.repeat(33_000) } }, 'fields'],
      [{ email: 'a@example.com', fields: { x: '\ud800' } }, 'fields'],
    ])('of %j are refused by the field’s name', async (body, field) => {
      expect(await app.post('/api/v1/leads', body)).toMatchObject({ status: 400, body: { detail: expect.stringContaining(field) } })
      expect(await list()).toEqual([200, []])
    })

    test('that are not there are told so', async () => {
      for (const id of ['1', '9007199254740991']) expect(await app.get(`/api/v1/leads/${id}`)).toMatchObject({ status: 404, body: { detail: 'There is no lead of that id.' } })
      expect((await app.patch('/api/v1/leads/1', {})).status).toBe(404)
      expect((await app.ask('DELETE', '/api/v1/leads/1', { headers: await app.as('key') })).status).toBe(404)
      for (const id of ['x', '0', '-1', '1.5', '9007199254740993']) expect([id, (await app.get(`/api/v1/leads/${id}`)).status]).toEqual([id, 400])
    })

    describe('from a CSV', () => {
      test.each<[what: string, bytes: Buffer, type: string]>([
        ['UTF-8', Buffer.from('email,first_name\njo@example.com,Jörg\n'), 'text/csv'],
        ['UTF-8 with a byte order mark', Buffer.from('\ufeffemail,first_name\njo@example.com,Jörg\n'), 'text/csv'],
        ['UTF-16 with a byte order mark', Buffer.from('\ufeffemail\tfirst_name\njo@example.com\tJörg\n', 'utf16le'), 'text/csv'],
        ['Windows-1252 that says nothing', Buffer.from('email;first_name\r\njo@example.com;Jörg\r\n', 'latin1'), 'text/csv'],
        ['a charset that is named', Buffer.from('email,first_name\njo@example.com,Jörg\n', 'latin1'), 'text/csv; charset=iso-8859-1'],
        ['no line feed at its end', Buffer.from('email,first_name\njo@example.com,Jörg'), 'text/csv; charset=utf-8'],
        ['carriage returns', Buffer.from('email,first_name\rjo@example.com,Jörg\r'), 'text/csv'],
      ])('are read from %s', async (_, bytes, type) => {
        const { body } = await bring(bytes, type)
        expect(body).toMatchObject({ total: 1, created: 1 })
        expect(await leadNow(app, idIn(body))).toMatchObject({ email: 'jo@example.com', first_name: 'Jörg' })
      })

      test('are data, also where they look like a formula', async () => {
        const { body } = await bring(`email,first_name,note\neve@example.com,"=HYPERLINK(""http://evil"")",'=1+1\n`)
        expect(await leadNow(app, idIn(body))).toMatchObject({ first_name: '=HYPERLINK("http://evil")', fields: { note: '=1+1' } })
      })

      test.each<[what: string, csv: string, detail: string]>([
        ['nothing', '', 'header'],
        ['a header alone', 'email,first_name\n', 'row'],
        ['no column of addresses', 'name\nAda\n', 'email'],
        ['a column twice', 'email,City,City\na@example.com,x,y\n', 'twice'],
        ['a million columns', `email${',x'.repeat(900_000)}\n`, 'at most 100 columns'],
        ['101 columns', `email${Array.from({ length: 100 }, (_, i) => `,c${i}`).join('')}\na@example.com\n`, 'at most 100 columns'],
        ['a quote that is never closed', 'email\n"a@example.com\n', 'quote'],
        ['a column named after a prototype', 'email,__proto__\na@example.com,x\n', '__proto__'],
        ['10,001 rows', `email\n${'a@example.com\n'.repeat(10_001)}`, 'at most 10000 rows'],
      ])('with %s are refused', async (_, csv, detail) => {
        expect(await bring(csv)).toMatchObject({ status: 400, body: { detail: expect.stringContaining(detail) } })
      })

      test('must be CSV, in a charset that is known, and not too large', async () => {
        expect((await app.post('/api/v1/leads/import', { email: 'a@example.com' })).status).toBe(415)
        expect((await bring('email\na@example.com\n', 'text/csv; charset=klingon')).status).toBe(400)
        expect((await bring('x'.repeat(2 * 1024 * 1024 + 1))).status).toBe(413)
        expect((await app.post('/api/v1/leads', 'email\na@example.com\n', CSV)).status).toBe(415)
      })
    })
  })

  describe('on servers of their own', () => {
    beforeEach(start)
    afterEach(close)

    test('are made, shown and changed', async () => {
      const made = await app.post('/api/v1/leads', { email: ' Ada@Example.COM ', first_name: ' Ada ', last_name: '', fields: { city: 'London', n: [1] }, status: 'opted_out', id: 99 })
      const lead = {
        id: 1, email: 'ada@example.com', first_name: 'Ada', last_name: null, fields: { city: 'London', n: [1] }, status: 'active', email_opened: false, email_opened_at: null, email_clicked: false,
        email_clicked_at: null, email_unsubscribed: false, email_unsubscribed_at: null, bounced_at: null, bounce_reason: null, created_at: '2026-11-22T14:30:00.000Z', updated_at: '2026-11-22T14:30:00.000Z',
      }
      expect([made.status, made.body]).toEqual([201, lead])
      expect(await app.get('/api/v1/leads/1')).toMatchObject({ status: 200, body: lead })
      app.clock.at += 1_000
      const changed = await app.patch('/api/v1/leads/1', { email: 'ada@example.com', last_name: 'Lovelace', fields: {} })
      expect([changed.status, changed.body]).toEqual([200, { ...lead, last_name: 'Lovelace', fields: {}, updated_at: '2026-11-22T14:30:01.000Z' }])
      expect((await app.patch('/api/v1/leads/1', { email: 'Countess@example.com', first_name: null })).body).toMatchObject({ email: 'countess@example.com', first_name: null, last_name: 'Lovelace' })
      expect((await app.patch('/api/v1/leads/1', { email_unsubscribed: true })).body).toMatchObject({ status: 'opted_out', email_unsubscribed_at: '2026-11-22T14:30:01.000Z' })
    })

    test('are there once, however the address is spelled, also when many come at once', async () => {
      const answers = await Promise.all(['ada@example.com', 'ADA@example.com', 'Ada@Example.com', 'ada@EXAMPLE.com'].map((email) => app.post('/api/v1/leads', { email })))
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409])
      await givenLead(app, { email: 'bob@example.com' })
      const bob = ((await app.get('/api/v1/leads?q=bob')).body as { leads: LeadAnswer[] }).leads[0]
      expect(await app.patch(`/api/v1/leads/${bob?.id}`, { email: 'ADA@example.com' })).toMatchObject({ status: 409, body: { detail: 'There is a lead with this email already.' } })
    })

    test('are listed newest first, by what they did, by a part of their names, and page by page', async () => {
      const [ada, bob, cy] = [await givenLead(app, { first_name: 'Ada' }), await givenLead(app, { email: 'bob@example.com', last_name: 'O%Neil' }), await givenLead(app, { email: 'cy@example.com' })]
      await app.click(`/api/v1/tracking/open/${tokenOf(app, ada.id)}`)
      await app.click(clickPath(tokenOf(app, bob.id), 'https://example.com/'))
      await app.click(`/api/v1/tracking/unsubscribe/${tokenOf(app, cy.id)}`)
      expect(await list()).toEqual([200, ['cy@example.com', 'bob@example.com', 'ada@example.com']])
      expect(await list('?email_opened=true')).toEqual([200, ['ada@example.com']])
      expect(await list('?email_clicked=true')).toEqual([200, ['bob@example.com']])
      expect(await list('?email_unsubscribed=true')).toEqual([200, ['cy@example.com']])
      expect(await list('?email_opened=false&email_unsubscribed=false')).toEqual([200, ['bob@example.com']])
      expect(await list('?q=ADA')).toEqual([200, ['ada@example.com']])
      expect(await list('?q=%25')).toEqual([200, ['bob@example.com']])
      const first = (await app.get('/api/v1/leads?limit=2')).body as { leads: object[]; cursor: string }
      expect(await list(`?limit=2&cursor=${first.cursor}`)).toEqual([200, ['ada@example.com']])
      expect((await app.get(`/api/v1/leads?limit=2&cursor=${first.cursor}`)).body).toMatchObject({ cursor: null })
      expect(await list('?status=opted_out')).toEqual([200, ['cy@example.com']])
      expect((await app.get('/api/v1/leads?limit=1&counts=true')).body).toMatchObject({ counts: { leads: 3, mailable: 2 } })
      expect((await app.get('/api/v1/leads?q=bob&counts=true')).body).toMatchObject({ counts: { leads: 1, mailable: 1 } })
      for (const query of ['?status=gone', '?limit=0', '?cursor=x', '?email_opened=maybe', `?q=${'x'.repeat(255)}`]) expect((await list(query))[0]).toBe(400)
    })

    test('that are erased leave no trace; counts stay, and a mail that lies about records nothing more', async () => {
      const email = 'ada.lovelace@example.com'
      const made = { email, first_name: 'Augusta', fields: { city: 'Marylebone' } }
      const { id } = (await app.post('/api/v1/leads', made, { headers: { 'idempotency-key': 'a key of hers' } })).body as LeadAnswer
      expect(await app.post('/api/v1/leads', made, { headers: { 'idempotency-key': 'a key of hers' } })).toMatchObject({ status: 201, body: { id } })
      const token = tokenOf(app, id)
      await app.click(`/api/v1/tracking/open/${token}`)
      await app.click(`/api/v1/tracking/unsubscribe/${token}`)
      const found = (await app.get(`/api/privacy/person?email=${email}`, { as: 'admin' })).body as { leads: LeadAnswer[]; events: object[] }
      expect([found.leads, found.events.length]).toEqual([[await leadNow(app, id)], 2])
      const { status, body } = await app.ask('DELETE', `/api/v1/leads/${id}`, { headers: await app.as('key') })
      expect([status, body]).toEqual([200, { erased: { events: 2, mentions: 0, aliases: 0, dead_letters: 0, answers: 1, leads: 1 } }])
      await app.click(`/api/v1/tracking/open/${token}`)
      expect((await app.click(clickPath(token, 'https://example.com/'))).status).toBe(404)
      expect((await app.get(`/api/privacy/person?email=${email}`, { as: 'admin' })).body).toMatchObject({ leads: [], events: [] })
      await app.stop()
      const rest: unknown[] = []
      for (const table of ['leads', 'messages', 'dead_letters', 'answers', 'event_ids']) rest.push(await readStore(app.store, `select * from ${table}`))
      expect(JSON.stringify(rest)).not.toMatch(/lovelace|Augusta|Marylebone/i)
      expect(await readStore(app.store, `select name, lead_id, ip_hash, user_agent, event_id, properties from events where source = 'email' order by name`)).toEqual(
        ['email_opened', 'email_unsubscribed'].map((name) => ({ name, lead_id: null, ip_hash: null, user_agent: null, event_id: null, properties: null })),
      )
    })

    describe('from a CSV', () => {
      test('come row by row, and a bad one costs its neighbours nothing', async () => {
        await givenLead(app)
        const { status, body } = await bring('Email,First Name,last_name,City\r\nbob@example.com,Bob,"O""Neil, Jr.",Cork\r\nADA@example.com,Changed,,\r\nnobody,,,\r\n,,,\r\n\r\nBOB@example.com,Robert,,\r\ncy@example.com\r\ndo@example.com,,,,more,cells\r\n')
        expect([status, body]).toEqual([
          207,
          {
            total: 7, created: 3, existing: 2, failed: 2,
            rows: [
              { row: 1, status: 'created', lead_id: expect.any(Number) },
              { row: 2, status: 'existing', lead_id: 1 },
              { row: 3, status: 'failed', field: 'email', error: 'must be an e-mail address' },
              { row: 4, status: 'failed', field: 'email', error: 'is required' },
              { row: 5, status: 'existing', lead_id: expect.any(Number) },
              { row: 6, status: 'created', lead_id: expect.any(Number) },
              { row: 7, status: 'created', lead_id: expect.any(Number) },
            ],
          },
        ])
        const { leads } = (await app.get('/api/v1/leads?q=bob')).body as { leads: LeadAnswer[] }
        expect(leads).toMatchObject([{ first_name: 'Bob', last_name: 'O"Neil, Jr.', fields: { City: 'Cork' } }])
        expect(await leadNow(app, 1)).toMatchObject({ first_name: null })
      })

      test('come 10,000 at once, each told of, and again without harm', async () => {
        const csv = `email,first_name\n${Array.from({ length: 10_000 }, (_, i) => `lead${i}@example.com,Lead ${i}`).join('\n')}\n`
        const first = (await bring(csv)).body as { created: number; rows: { row: number; lead_id: number }[] }
        expect([first.created, first.rows.length, new Set(first.rows.map(({ lead_id: id }) => id)).size, first.rows.at(-1)]).toEqual([10_000, 10_000, 10_000, { row: 10_000, status: 'created', lead_id: 10_000 }])
        expect((await bring(csv)).body).toMatchObject({ created: 0, existing: 10_000, failed: 0 })
        expect(await leadNow(app, 10_000)).toMatchObject({ email: 'lead9999@example.com' })
      })
    })

    test('opened in another server’s time show it there too', async () => {
      const { id } = await givenLead(app)
      await app.click(`/api/v1/tracking/open/${tokenOf(app, id)}`)
      await app.restart()
      expect(await leadNow(app, id)).toMatchObject({ email_opened: true })
      expect(await recorded(app)).toEqual([['email_opened', false, null]])
    })
  })
})
