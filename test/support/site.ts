import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Somebody's own site, on an origin that is not the server's. */
export interface Site {
  origin: string
  /** The document that every address of it shows. */
  html: string
  close(): Promise<void>
}

/** Starts a site of one document. */
export async function startSite(): Promise<Site> {
  const site: Site = { origin: '', html: '', close: () => Promise.resolve() }
  const server: Server = createServer((_, answer) => void answer.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(site.html))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  site.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  site.close = () =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return site
}
