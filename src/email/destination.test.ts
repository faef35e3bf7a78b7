import { describe, expect, test } from 'vitest'
import { listedHosts } from '../core/hosts.ts'
import { destinationOf } from './destination.ts'
import { signUrl } from './signature.ts'

const secret = 'a secret of at least thirty-two bytes'
const listed = listedHosts(['example.com', '*.example.com', 'bücher.example.org', 'ports.example.net:8443', '8.8.8.8', 'example.com.evil.org'])
const sent = (url: unknown, signature?: unknown) => destinationOf('token', url, signature, { secret, listed })

describe('a click is sent to', () => {
  test.each([
    ['https://example.com', 'https://example.com/'],
    ['https://example.com/page?a=1&b=%20#there', 'https://example.com/page?a=1&b=%20#there'],
    ['HTTPS://EXAMPLE.COM/Page', 'https://example.com/Page'],
    ['https://example.com:443/', 'https://example.com/'],
    ['https://a.example.com/', 'https://a.example.com/'],
    ['https://a.b.c.example.com/', 'https://a.b.c.example.com/'],
    ['https://BÜCHER.example.org/ä', 'https://xn--bcher-kva.example.org/%C3%A4'],
    ['https://xn--bcher-kva.example.org/', 'https://xn--bcher-kva.example.org/'],
    ['https://ｅｘａｍｐｌｅ.com/', 'https://example.com/'],
    ['https://ports.example.net:8443/', 'https://ports.example.net:8443/'],
    ['https://8.8.8.8/', 'https://8.8.8.8/'],
    ['https://0x08080808/', 'https://8.8.8.8/'],
    ['https://:@example.com/', 'https://example.com/'],
    ['https:example.com/x', 'https://example.com/x'],
    [' https://example.com/ ', 'https://example.com/'],
    ['https://example.com/a/../b', 'https://example.com/b'],
    ['https://example.com/?to=//evil.org', 'https://example.com/?to=//evil.org'],
    ['https://example.com/%0d%0aSet-Cookie:a=b', 'https://example.com/%0d%0aSet-Cookie:a=b'],
  ])('%s', (url, expected) => {
    expect(sent(url)).toBe(expected)
  })
})

describe('a click is never sent to', () => {
  test.each([
    ['another scheme', 'http://example.com/'],
    ['a script', 'javascript:alert(1)'],
    ['a document of its own', 'data:text/html,x'],
    ['a file', 'file:///etc/passwd'],
    ['a view of a source', 'view-source:https://example.com/'],
    ['a scheme that is nearly one', 'https+x://example.com/'],
    ['no scheme', '//example.com/'],
    ['a path', '/page'],
    ['a name alone', 'example.com'],
    ['nothing', ''],
    ['no host', 'https://'],
    ['a host that is not listed', 'https://evil.org/'],
    ['a look-alike: the name as a label', 'https://example.com.evil.net/'],
    ['a look-alike: the name as an ending', 'https://evilexample.com/'],
    ['a look-alike: the dot before it', 'https://.example.com/'],
    ['a look-alike in Cyrillic', 'https://ехаmple.com/'],
    ['a trailing dot', 'https://example.com./'],
    ['a trailing dot below', 'https://a.example.com./'],
    ['user info', 'https://example.com@evil.org/'],
    ['user info on a listed host', 'https://user:secret@example.com/'],
    ['user info with a port', 'https://example.com:443@evil.org/'],
    ['a backslash', 'https://evil.org\\@example.com/'],
    ['backslashes for slashes', 'https:\\\\example.com/'],
    ['a backslash in the path', 'https://example.com/\\evil'],
    ['a tab', 'https://exa\tmple.com/'],
    ['a line feed', 'https://example.com/\nSet-Cookie: a=b'],
    ['a carriage return', 'https://example.com/\r\nSet-Cookie: a=b'],
    ['a NUL', 'https://example.com/\0'],
    ['an escape', 'https://example.com/\u001b'],
    ['a NEL', 'https://example.com/\u0085'],
    ['a port that is not listed', 'https://example.com:8443/'],
    ['port 80', 'https://example.com:80/'],
    ['the port of one without it', 'https://ports.example.net/'],
    ['a port beyond', 'https://example.com:65536/'],
    ['an encoded slash in the host', 'https://evil.org%2f.example.com/'],
    ['a fullwidth slash in the host', 'https://evil.org／.example.com/'],
    ['a bracketed host', 'https://[example.com]/'],
    ['too long a text', `https://example.com/${'a'.repeat(8_192)}`],
    ['a number', 7],
    ['a list', ['https://example.com/', 'https://evil.org/']],
    ['nothing at all', undefined],
  ])('%s', (_, url) => {
    expect(sent(url)).toBe(null)
  })

  test.each([
    'https://127.0.0.1/', 'https://127.1/', 'https://0177.0.0.1/', 'https://0x7f.1/', 'https://2130706433/', 'https://127.0.0.1./', 'https://①②⑦.0.0.1/',
    'https://0.0.0.0/', 'https://10.0.0.1/', 'https://172.16.0.1/', 'https://192.168.0.1/', 'https://169.254.169.254/latest/meta-data', 'https://100.64.0.1/', 'https://198.18.0.1/',
    'https://192.0.2.1/', 'https://224.0.0.1/', 'https://255.255.255.255/', 'https://[::1]/', 'https://[::]/', 'https://[::ffff:127.0.0.1]/', 'https://[::ffff:7f00:1]/',
    'https://[64:ff9b::7f00:1]/', 'https://[fe80::1]/', 'https://[fc00::1]/', 'https://[ff02::1]/', 'https://[2001:db8::1]/', 'https://[2002:7f00:1::]/', 'https://localhost/', 'https://LOCALHOST./',
    'https://a.localhost/', 'https://intranet/', 'https://printer.local/', 'https://db.internal/', 'https://router.home.arpa/', 'https://127.0.0.1:8443/',
  ])('%s, though it is signed', (url) => {
    expect(sent(url, signUrl('token', url, secret))).toBe(null)
  })

  test.each(['http://evil.org/', 'javascript:alert(1)', 'https://user@evil.org/', 'https://evil.org\\', 'https://evil.org/\n', 'https://evil.org./'])('%j, though it is signed', (url) => {
    expect(sent(url, signUrl('token', url, secret))).toBe(null)
  })
})

describe('a signed link', () => {
  const url = 'https://anywhere.org:8443/offer?x=1'
  test('needs no list', () => {
    expect(sent(url, signUrl('token', url, secret))).toBe(url)
  })

  test.each([
    ['of another token', signUrl('tokem', url, secret)],
    ['of another link', signUrl('token', `${url}2`, secret)],
    ['by another secret', signUrl('token', url, `${secret}!`)],
    ['cut', signUrl('token', url, secret).slice(1)],
    ['that is empty', ''],
    ['given twice', [signUrl('token', url, secret), signUrl('token', url, secret)]],
  ])('with a signature %s is as any other', (_, signature) => {
    expect(sent(url, signature)).toBe(null)
    expect(sent('https://example.com/', signature)).toBe('https://example.com/')
  })
})

test.each(['', '*', '*.', '*.com', 'https://example.com', 'example.com/', 'user@example.com', 'example.com.', 'exa mple.com', 'com', '**.example.com', 'a.*.com'])('%j is no host of the list', (entry) => {
  expect(() => listedHosts([entry])).toThrow(`'${entry}' is no host`)
})
