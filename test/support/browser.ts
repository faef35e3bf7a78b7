import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Where a Chromium is installed, or null: `CHROMIUM` names one elsewhere. */
export const browserPath = process.env.CHROMIUM ?? places.find((path) => existsSync(path)) ?? null
if (browserPath === null) console.error('\n!!! LEFT OUT: there is no Chromium on this machine (CHROMIUM). What is seen in a browser was not checked.\n')

/** Starts a browser without a window, which asks nobody but the pages it is shown. Throws where there is none. */
export async function startBrowser(): Promise<Browser> {
  if (browserPath === null) throw new Error('There is no Chromium on this machine. Install one, or say where it is in CHROMIUM.')
  // Root has no sandbox, and containers little shared memory.
  const args = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
  return chromium.launch({ executablePath: browserPath, args })
}
