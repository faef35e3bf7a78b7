import { MessageChannel } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { until } from '../../test/support/ask.ts'
import { Fault } from '../core/errors.ts'
import { type Remote, notify, offer, remote } from './remote.ts'

const heard: unknown[] = []
const offers = {
  echo: (...args: unknown[]) => args,
  later: async (value: number) => {
    await new Promise(setImmediate)
    return value * 2
  },
  fault: (): never => {
    throw new Fault('unavailable', 'The store is away.', { retryAfterSeconds: 2, errors: [{ field: 'f', error: 'e' }] })
  },
  broken: async () => {
    throw new TypeError('broken')
  },
  odd: (): never => {
    throw 'a text'
  },
  hear: (value: unknown) => {
    heard.push(value)
    if (value === 'fail') throw new Error('unheard')
  },
}

describe('a thread’s functions, called from another', () => {
  let channel: MessageChannel
  let far: Remote<typeof offers>
  beforeEach(() => {
    channel = new MessageChannel()
    offer(channel.port2 as never, offers as never)
    far = remote<typeof offers>(channel.port1 as never)
  })
  afterEach(() => channel.port1.close())

  test('take and give any value that can be cloned, each call its own answer', async () => {
    const value = { text: 'ü🙂', list: [1, null, true], bytes: new Uint32Array([1, 2]), nothing: undefined }
    expect(await far.echo(value, 7)).toEqual([value, 7])
    expect(await Promise.all([1, 2, 3].map((one) => far.later(one)))).toEqual([2, 4, 6])
  })

  test('fail here as they failed there: a fault stays the fault that it was', async () => {
    await expect(far.fault()).rejects.toBeInstanceOf(Fault)
    await expect(far.fault()).rejects.toMatchObject({ code: 'unavailable', message: 'The store is away.', more: { retryAfterSeconds: 2, errors: [{ field: 'f', error: 'e' }] } })
    await expect(far.broken()).rejects.toMatchObject({ message: 'broken', stack: expect.stringContaining('remote.test') })
    await expect(far.odd()).rejects.toThrow('a text')
    await expect((far as unknown as { missing(): Promise<unknown> }).missing()).rejects.toThrow(/function/)
    expect(await far.later(4)).toBe(8)
  })

  test('may be told something without an answer, and then nobody hears of a failure', async () => {
    heard.length = 0
    notify<typeof offers, 'hear'>(channel.port1 as never, 'hear', 'fail')
    notify<typeof offers, 'hear'>(channel.port1 as never, 'hear', 'second')
    await until('both are heard', () => heard.length === 2)
    expect([heard, await far.later(1)]).toEqual([['fail', 'second'], 2])
  })

  test('are gone when the thread ends: open calls and later ones fail in a sentence', async () => {
    const open = far.later(1)
    channel.port1.emit('exit', 1)
    for (const call of [open, far.later(2)]) await expect(call).rejects.toMatchObject({ code: 'unavailable', message: 'The store is closed.' })
  })
})
