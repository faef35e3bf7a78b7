import { appendFileSync } from 'node:fs'
import { openRecorder } from '../../clients/node/src/index.ts'

// A service that records until it is killed. What it was told to be kept goes into its ledger; what it set out to record, into another.
const { SERVER = '', KEY = '', PROJECT = '', FOLDER = '', RUN = '', LEDGER = '', MODE = '' } = process.env
const recorder = await openRecorder({ server: SERVER, key: KEY, folder: FOLDER, batchEvents: 20, batchWaitMs: 200, told: () => undefined })

if (MODE === 'drain') {
  while (!(await recorder.flush(60_000)));
  await recorder.close()
} else {
  for (let at = 0; ; at++) {
    const names = [`https://from.example/${RUN}/${at}`, `event-${RUN}-${at}`] as const
    appendFileSync(`${LEDGER}.tried`, `${names.join('\n')}\n`)
    const kept = await Promise.all([recorder.click({ tracking_id: 'one', referrer_url: names[0] }), recorder.track(PROJECT, { eventName: names[1], anonymousId: 'x' })])
    appendFileSync(LEDGER, names.flatMap((name, n) => (kept[n] ? [`${name}\n`] : [])).join(''))
    if (at % 50 === 0) console.log(at)
  }
}
