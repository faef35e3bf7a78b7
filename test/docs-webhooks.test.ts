import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { newSigningSecret, signedHeaders } from '../src/webhooks/signature.ts'
import { until } from './support/ask.ts'
import { root } from './support/documents.ts'
import { freePort } from './support/process.ts'

const samples = join(root, 'docs/guide/samples')
const python = ['python3', 'python'].find((name) => (spawnSync(name, ['--version'], { encoding: 'utf8' }).stdout ?? '').startsWith('Python 3'))

describe('the samples that check webhooks', () => {
  test.each<readonly [string, string]>([
    ['verify-webhook.mjs', process.execPath],
    ...(python ? [['verify_webhook.py', python] as const] : []),
  ])('%s takes what the server signed, once, and nothing else', async (name, command) => {
    const secrets = [newSigningSecret(), newSigningSecret()] as const
    const port = await freePort()
    const sample = spawn(command, [join(samples, name)], { env: { PATH: process.env.PATH, WEBHOOK_SECRET: secrets[0], PORT: String(port) }, stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    sample.stdout.on('data', (chunk: Buffer) => (said += chunk))
    await until('it listens', () => said.includes('listening'))
    const text = JSON.stringify({ event_type: 'email_opened', note: 'ä' })
    const send = async (headers: Record<string, string>, body = text) => (await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body })).status
    const signed = (id: string, at: number, by: readonly string[] = [secrets[0]]) => signedHeaders(id, at, text, by)
    const { 'webhook-signature': signature = '', ...others } = signed('c', Date.now())
    expect([
      await send(signed('a', Date.now())),
      await send(signed('a', Date.now())),
      await send(signed('b', Date.now(), [secrets[1], secrets[0]])),
      await send(signed('c', Date.now(), [secrets[1]])),
      await send(signed('c', Date.now() - 6 * 60_000)),
      await send(signed('c', Date.now()), `${text} `),
      await send({ ...others, 'webhook-signature': signature.slice(0, -4) }),
      await send(others),
      await send({}),
    ]).toEqual([204, 204, 204, 401, 401, 401, 401, 401, 401])
    await until('it has said so', () => said.trim().split('\n').length === 3)
    expect(said.trim().split('\n')).toEqual(['listening', 'email_opened', 'email_opened'])
    sample.kill('SIGTERM')
    await once(sample, 'exit')
  })
})
