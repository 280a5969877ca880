/** Serves the woven site on this machine, and weaves again when a chapter changes. */
import { watch } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import sirv from 'sirv'
import { themeFolder, type Weaver } from './site.ts'

/**
 * Starts the server. Resolves with its port; rejects if it cannot listen.
 * Port 0 asks for any free one.
 */
export function serve(out: string, port: number): Promise<{ port: number, close(): void }> {
  const files = sirv(out, { dev: true, etag: true })
  const server = createServer((request, response) => files(request, response, () => {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('No such page\n')
  }))
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      const address = server.address() as { port: number }
      resolve({ port: address.port, close: () => server.close() })
    })
  })
}

/** Calls `done` after each weave that a change under journey/ or site/theme/ set off. */
export function reweave(root: string, weaver: Weaver, done: (ms: number, error?: unknown) => void): void {
  let timer: NodeJS.Timeout | undefined
  const again = async () => {
    const start = performance.now()
    try {
      await weaver.weave()
      done(performance.now() - start)
    } catch (error) {
      done(performance.now() - start, error)
    }
  }
  for (const folder of [join(root, 'journey'), themeFolder]) {
    watch(folder, { recursive: true }, () => {
      clearTimeout(timer)
      timer = setTimeout(again, 20)
    })
  }
}
