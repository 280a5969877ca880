/** Tells open pages what was woven anew and what is wrong, by server-sent events. */
import type { ServerResponse } from 'node:http'
import type { Diagnostic } from '../tangle/diagnostics.ts'
import type { Weave } from './site.ts'

/** An error as the page's banner shows it. */
interface Shown { place: string, message: string, hint?: string }

const shown = ({ file, line, column, message, hint }: Diagnostic): Shown =>
  ({ place: `${file}:${line}:${column}`, message, hint })

export class Live {
  private readonly readers = new Set<ServerResponse>()
  private errors: Shown[] = []

  /** Keeps the answer open, and says first what is wrong at present. */
  listen(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    this.readers.add(response)
    response.on('close', () => this.readers.delete(response))
    response.write(event([], this.errors))
  }

  /** Says which pages a weave changed since it was last told of, and its errors; or why it failed. */
  tell(weave: Weave | Error): void {
    const pages = weave instanceof Error ? [] : weave.written.slice(weave.told)
    this.errors = weave instanceof Error ? [{ place: '', message: weave.message }] : weave.errors.map(shown)
    for (const reader of this.readers) reader.write(event(pages, this.errors))
  }

  close(): void {
    for (const reader of this.readers) reader.end()
  }
}

const event = (pages: string[], errors: Shown[]) => `data: ${JSON.stringify({ pages, errors })}\n\n`
