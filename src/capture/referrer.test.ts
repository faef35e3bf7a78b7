import { expect, test } from 'vitest'
import { referrerHost } from './referrer.ts'

test.each([
  ['https://www.linkedin.com/feed/', 'linkedin.com'],
  ['android-app://com.linkedin.android/', 'com.linkedin.android'],
  ['not a url', null],
  [`https://example.com/${'a'.repeat(1000)}`, null],
  ['', null],
  [null, null],
  [undefined, null],
])('%s comes from %s', (url, host) => expect([referrerHost(url), referrerHost(url)]).toEqual([host, host]))
