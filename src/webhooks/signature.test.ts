import { expect, test } from 'vitest'
import { newSigningSecret, signedHeaders } from './signature.ts'

test('a message is signed as the libraries of Standard Webhooks sign it', () => {
  expect(signedHeaders('msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330_999, '{"test": 2432232314}', ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'])).toEqual({
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  })
})

test('two secrets sign one after the other, each as it would alone', () => {
  const secrets = [newSigningSecret(), newSigningSecret()]
  const alone = secrets.map((secret) => signedHeaders('msg_1', 0, '{}', [secret])['webhook-signature'])
  expect(signedHeaders('msg_1', 0, '{}', secrets)['webhook-signature']).toBe(alone.join(' '))
  expect(new Set(alone).size).toBe(2)
})

test('a secret has 256 random bits, in base64 as every library reads it', () => {
  const secret = newSigningSecret()
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
  expect(newSigningSecret()).not.toBe(secret)
})
