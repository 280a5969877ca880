/** Serves the woven site on this machine, and weaves again when a chapter changes. */
import { realpathSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { basename, dirname, join, sep } from 'node:path'
import sirv from 'sirv'
import { Folders } from '../tangle/folders.ts'
import { Live } from './live.ts'
import { Overtaken, themeFolder, type Weave, type Weaver } from './site.ts'

/** A status and what it says. */
type Refusal = [number, string]

/** This machine by its own names: a page from elsewhere may call itself by another that leads here. */
const ownNames = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/i

/** Extensions that an address may leave out, as sirv tries them. */
const endings = ['', '.html', '.htm', '/index.html', '/index.htm']

/**
 * Starts the server, on this machine's own address alone. Resolves with its
 * port; rejects if it cannot listen. Port 0 asks for any free one. At /live
 * pages that were woven for it hear of each new weave.
 */
export function serve(out: string, port: number, live = new Live()): Promise<{ port: number, close(): void }> {
  const files = sirv(out, { dev: true, etag: true })
  const server = createServer((request, response) => {
    const refuse = ([status, text]: Refusal): void => {
      response.writeHead(status, { 'content-type': 'text/plain', ...(status === 405 ? { allow: 'GET, HEAD' } : {}) }).end(`${text}\n`)
    }
    const wrong = whatIsWrongWith(request, out)
    delete request.headers.range // sirv ends in a RangeError if one runs backwards, and pages are asked for whole
    if (wrong) refuse(wrong)
    else if (request.url === '/live' && request.method === 'GET') live.listen(response)
    else files(request, response, () => refuse([404, 'No such page']))
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      const address = server.address() as { port: number }
      resolve({ port: address.port, close: () => { live.close(); server.close() } })
    })
  })
}

function whatIsWrongWith({ method = '', headers, url = '/' }: IncomingMessage, out: string): Refusal | undefined {
  if (!ownNames.test(headers.host ?? '')) return [403, 'This site answers to localhost alone']
  if (!['GET', 'HEAD'].includes(method)) return [405, 'This site can be read alone']
  const path = decoded(url.replace(/[?#].*$/s, ''))
  if (path === undefined) return [400, 'No address']
  const hidden = path.split(/[/\\]/).some((step) => step.startsWith('.'))
  if (hidden || endings.some((ending) => leadsOut(out, path.replace(/\/$/, '') + ending))) return [404, 'No such page']
  return undefined
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}

/** Whether a file is there and, by links, is one outside the folder. */
function leadsOut(out: string, path: string): boolean {
  try {
    const real = realpathSync(join(out, path))
    return real !== realpathSync(out) && !real.startsWith(realpathSync(out) + sep)
  } catch {
    return false // there is none
  }
}

/**
 * Calls `done` after each weave that a change of the chapters or of the site's own programs set off.
 * One that is still busy when the next change comes is not finished.
 */
export function reweave(root: string, weaver: Weaver, done: (ms: number, weave: Weave | Error) => void): () => void {
  let busy = Promise.resolve()
  let waiting = false
  weaver.overtaken = () => waiting
  const again = async (): Promise<void> => {
    waiting = false
    const start = performance.now()
    const weave = await weaver.weave().catch((error: Error) => error)
    if (!(weave instanceof Overtaken)) done(performance.now() - start, weave)
  }
  const changed = (): void => {
    if (!waiting) busy = busy.then(again)
    waiting = true
  }
  const all = [new Folders(root, ['journey'], changed), new Folders(dirname(themeFolder), [basename(themeFolder), 'src'], changed)]
  for (const folders of all) folders.watch()
  return () => { for (const folders of all) folders.close() }
}
