import { start } from './index.ts'

export { LinkTrackingService, identify, start, track } from './index.ts'

// The settings are attributes of the element that loads the script; without one the page calls `waymark.start`.
const script = document.currentScript
if (script instanceof HTMLScriptElement) {
  const { dataset, src } = script
  const has = (name: string): boolean => name in dataset
  start({ server: dataset.server ?? new URL('.', src).href, project: dataset.project, pageviews: has('pageviews'), outbound: has('outbound'), campaigns: has('campaigns') })
}
