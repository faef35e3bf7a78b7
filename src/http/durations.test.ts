import { expect, test } from 'vitest'
import { createMetrics } from './metrics.ts'

test('durations are written as a Prometheus histogram, one for each combination of labels', async () => {
  const metrics = createMetrics()
  const durations = metrics.durations('waiting_seconds', 'Duration of x', ['method', 'route', 'status'])
  for (const seconds of [0.0005, 0.0006, 0.3, 99]) durations.of('GET', '/a"b\\', 200).observe(seconds)
  durations.of('GET', '/a"b\\', 404).observe(0)
  const lines = (await metrics.text()).split('\n').filter((line) => line.includes('waiting_seconds'))
  expect(lines.slice(0, 2)).toEqual(['# HELP waiting_seconds Duration of x', '# TYPE waiting_seconds histogram'])
  const labels = String.raw`method="GET",route="/a\"b\\",status="200"`
  for (const line of [
    `waiting_seconds_bucket{le="0.0005",${labels}} 1`,
    `waiting_seconds_bucket{le="0.001",${labels}} 2`,
    `waiting_seconds_bucket{le="0.25",${labels}} 2`,
    `waiting_seconds_bucket{le="0.5",${labels}} 3`,
    `waiting_seconds_bucket{le="10",${labels}} 3`,
    `waiting_seconds_bucket{le="+Inf",${labels}} 4`,
    `waiting_seconds_sum{${labels}} 99.3011`,
    `waiting_seconds_count{${labels}} 4`,
    `waiting_seconds_count{${labels.replace('200', '404')}} 1`,
  ]) {
    expect(lines).toContain(line)
  }
})

test('a gauge is measured when it is read, and counters add up', async () => {
  const metrics = createMetrics()
  let depth = 1
  metrics.gauge('depth', 'Depth', () => depth)
  const counter = metrics.counter('things_total', 'Things', ['kind'])
  counter.inc({ kind: 'a' }, 2)
  counter.inc({ kind: 'a' })
  depth = 7
  const text = await metrics.text()
  expect(text).toContain('\ndepth 7\n')
  expect(text).toContain('\nthings_total{kind="a"} 3\n')
  expect(text).toContain('process_cpu_seconds_total')
  expect(metrics.contentType).toContain('text/plain')
})
