import { expect, test } from 'vitest'
import { burstsIn } from './bursts.ts'
import type { Hit } from './store.ts'

/** Hits of one mail to one lead: a letter is a click on the link of that name, `open` an open. */
function hits(...steps: [what: string, ts: number][]): Hit[] {
  return steps.map(([what, ts], at) => {
    const open = what === 'open'
    return { id: `${what}@${ts}`, seq: at, ts, name: open ? 'email_opened' : 'email_clicked', lead_id: 1, campaign_id: 1, destination_url: open ? null : `https://example.com/${what}`, machine: false }
  })
}

test.each<[string, [string, number][], string[]]>([
  ['two links within a second', [['a', 0], ['b', 1_000]], ['a@0', 'b@1000']],
  ['three links within two seconds', [['a', 0], ['b', 1_001], ['c', 2_000]], ['a@0', 'b@1001', 'c@2000']],
  ['what lies between, and the opens beside', [['open', 0], ['a', 500], ['a', 600], ['b', 900], ['open', 2_900], ['open', 2_901]], ['a@500', 'a@600', 'b@900', 'open@0', 'open@2900']],
])('a gateway is seen by %s', (_, steps, found) => {
  expect(burstsIn(hits(...steps)).map(({ id }) => id)).toEqual(found)
})

test.each<[string, [string, number][]]>([
  ['two links more than a second apart', [['a', 0], ['b', 1_001]]],
  ['three links more than two seconds apart', [['a', 0], ['b', 1_001], ['c', 2_003]]],
  ['one link again and again', [['a', 0], ['a', 100], ['a', 200]]],
  ['an open and a link', [['open', 0], ['a', 100]]],
])('a reader is not, by %s', (_, steps) => {
  expect(burstsIn(hits(...steps))).toEqual([])
})
