import { isDeepStrictEqual } from 'node:util'
import type { TestApp } from '../support/app.ts'
import { oracleOf } from './product.ts'
import { type Scene, sceneOf } from './scenes.ts'

/** A report that a server answered otherwise than the oracle. */
export interface Difference {
  /** `SEED=… SETS=1` replays it. */
  seed: number
  report: string
  asked: unknown
  expected: unknown
  answered: unknown
}

const SIDE_BY_SIDE = 4
/** A failing run shows this many differences; the rest are alike. */
const SHOWN = 3

/** Plays the scenes of seeds from `first` on, each in a project of its own, and compares every report. */
export async function compareScenes(app: TestApp, first: number, scenes: number): Promise<{ reports: number; differences: Difference[] }> {
  const differences: Difference[] = []
  let reports = 0
  let next = first
  const worker = async (): Promise<void> => {
    while (next < first + scenes && differences.length < SHOWN) {
      const scene = sceneOf(next++)
      for (const { report, asked, expected, answered } of await play(app, scene)) {
        reports++
        if (!isDeepStrictEqual(expected, answered)) differences.push({ seed: scene.seed, report, asked, expected, answered })
      }
    }
  }
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker))
  return { reports, differences: differences.slice(0, SHOWN) }
}

async function play(app: TestApp, scene: Scene): Promise<Omit<Difference, 'seed'>[]> {
  const { projectKey } = (await send(app, 'POST', '/v1/projects', { name: `Scene ${scene.seed}` })) as { projectKey: string }
  for (const events of scene.batches) await send(app, 'POST', '/v1/events/batch', { projectKey, events })

  const oracle = oracleOf(scene.batches.flat(), app.clock.at)
  const { scope, top, series, funnel, conversion, retention, paths, query } = scene
  const from = scope.from === null ? null : new Date(scope.from).toISOString()
  const to = scope.to === null ? null : new Date(scope.to).toISOString()
  const asked = { projectKey, timezone: scope.timezone, ...(from === null ? {} : { from }), ...(to === null ? {} : { to }) }
  const filters = Object.entries(scope.filter).map(([key, value]): [string, string] => [`filter[${key}]`, value])
  const get = async (report: string, more: object, expected: object): Promise<Omit<Difference, 'seed'>> => {
    const fields = [...Object.entries({ ...asked, ...more }).map(([name, value]): [string, string] => [name, String(value)]), ...filters]
    const path = `/v1/reports/${report}?${new URLSearchParams(fields)}`
    return { report, asked: path, expected: { projectKey, ...expected }, answered: await send(app, 'GET', path) }
  }
  const post = async (report: string, more: object, expected: object): Promise<Omit<Difference, 'seed'>> => {
    const body = { ...asked, filter: scope.filter, ...more }
    return { report, asked: body, expected: { projectKey, ...expected }, answered: await send(app, 'POST', `/v1/reports/${report}`, body) }
  }

  const { interval, eventName } = series
  const { steps, windowSeconds } = funnel
  return Promise.all([
    get('overview', {}, { from, to, ...oracle.overview(scope) }),
    get('top-events', top, oracle.topEvents(scope, top.limit)),
    get('events-timeseries', { interval, ...(eventName === null ? {} : { eventName }) }, { interval, ...oracle.series(scope, interval, eventName) }),
    post('funnel', { steps, ...(windowSeconds === null ? {} : { windowSeconds }) }, oracle.funnel(scope, steps, windowSeconds === null ? null : windowSeconds * 1000)),
    get('conversion', conversion, oracle.conversion(scope, conversion.eventName)),
    get('retention', retention, oracle.retention(scope, retention.interval, retention.periods)),
    post('paths', paths, oracle.paths(scope, paths)),
    post('query', { metrics: ['events', 'users', 'event_names'], by: [query.by], interval: query.interval }, oracle.query(scope, query.by, query.interval)),
  ])
}

async function send(app: TestApp, method: 'GET' | 'POST', url: string, payload?: object): Promise<unknown> {
  const { statusCode, body } = await app.app.server.inject({ method, url, ...(payload ? { payload } : {}) })
  return statusCode === 200 ? JSON.parse(body) : `${statusCode} ${body}`
}
