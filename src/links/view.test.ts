import { expect, test } from 'vitest'
import type { Link } from './link.ts'
import { linkView, syncView } from './view.ts'

const NOW = Date.UTC(2026, 10, 22, 14, 30)
const link: Link = {
  tracking_id: 'x',
  job_id: null,
  application_id: 'a',
  link_function: 'LinkedIn',
  link_type: null,
  original_url: 'https://bücher.example',
  redirect_url: 'https://go.example.com/linkedin?uuid=x',
  description: 'd',
  campaign: null,
  partner: null,
  is_active: true,
  expires_at: NOW + 1_000,
  metadata: '{"a": [1]}',
  created_at: NOW,
  updated_at: NOW + 1,
  version: 7,
}

test('a link is shown with its times, and without its version', () => {
  const { version: _, ...rest } = link
  expect(linkView(link)).toEqual({ ...rest, metadata: { a: [1] }, created_at: '2026-11-22T14:30:00.000Z', updated_at: '2026-11-22T14:30:00.001Z', expires_at: '2026-11-22T14:30:01.000Z' })
  expect(linkView({ ...link, metadata: null, expires_at: null })).toMatchObject({ metadata: null, expires_at: null })
})

test('a redirect domain is told where a link leads as it is sent, and whether it is open now', () => {
  const shown = { tracking_id: 'x', destination_url: 'https://xn--bcher-kva.example/', link_function: 'LinkedIn', is_active: true, expires_at: '2026-11-22T14:30:01.000Z', created_at: '2026-11-22T14:30:00.000Z', updated_at: '2026-11-22T14:30:00.001Z' }
  expect(syncView(link, NOW)).toEqual(shown)
  expect(syncView(link, NOW + 1_000)).toEqual({ ...shown, is_active: false })
  expect(syncView({ ...link, is_active: false, expires_at: null }, NOW)).toEqual({ ...shown, is_active: false, expires_at: null })
})
