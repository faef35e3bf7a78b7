import { expect, test } from 'vitest'
import { isPrivateHost } from './hosts.ts'

/** The host as a URL has it: what looks like another thing is the address that it is. */
const hostOf = (url: string) => new URL(url).hostname

test.each([
  'http://localhost/', 'http://LOCALHOST./', 'http://app.localhost/', 'http://127.0.0.1/', 'http://127.1/', 'http://2130706433/', 'http://0x7f.0.0.1/', 'http://0177.0.0.1/',
  'http://0.0.0.0/', 'http://10.0.0.1/', 'http://172.16.0.1/', 'http://172.31.255.255/', 'http://192.168.1.1/', 'http://169.254.169.254/', 'http://100.64.0.1/', 'http://198.18.0.1/',
  'http://192.0.2.1/', 'http://224.0.0.1/', 'http://255.255.255.255/', 'http://[::1]/', 'http://[::]/', 'http://[::127.0.0.1]/', 'http://[::ffff:127.0.0.1]/', 'http://[::ffff:a00:1]/',
  'http://[fe80::1]/', 'http://[fc00::1]/', 'http://[fd12::1]/', 'http://[fec0::1]/', 'http://[64:ff9b::7f00:1]/', 'http://[2002:7f00:1::]/', 'http://[2001:db8::1]/', 'http://[ff02::1]/',
])('%s is private', (url) => {
  expect(isPrivateHost(hostOf(url))).toBe(true)
})

test.each(['https://example.com/', 'https://8.8.8.8/', 'https://172.32.0.1/', 'https://192.169.0.1/', 'https://[2606:4700::1111]/', 'https://localhost.example.com/', 'https://notlocalhost/', 'https://10.0.0.1.example.com/'])(
  '%s is public',
  (url) => {
    expect(isPrivateHost(hostOf(url))).toBe(false)
  },
)
