/** The woven site for browsers that are not told from outside what goes wrong in a page: each page keeps it. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import sirv from 'sirv'
import { wovenJourney } from '../support/woven.ts'

/** Stands before all other scripts of a page. One that does not load is an event of its element, without a message. */
const watch = `<script>
window.errors = []
addEventListener('error', ({ message, target }) => errors.push(message ?? 'not loaded: ' + (target.src ?? target.href)), true)
addEventListener('unhandledrejection', ({ reason }) => errors.push(String(reason)))
</script>`

/**
 * Serves it on any free port of this machine; its pages keep their errors, as text, in `window.errors`.
 * @param own answers what is not of the site; false: it was not asked for such
 */
export async function watchedSite(own = (_: IncomingMessage, __: ServerResponse): boolean => false): Promise<{ port: number, close(): void }> {
  const { dist } = await wovenJourney()
  const files = sirv(dist)
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url!, 'http://site')
    if (own(request, response)) return
    if (!pathname.endsWith('.html')) return files(request, response)
    const page = readFileSync(join(dist, pathname), 'utf8')
    response.setHeader('content-type', 'text/html;charset=utf-8').end(page.replace('<head>', `$&${watch}`))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, close: () => { server.closeAllConnections(); server.close() } }
}
