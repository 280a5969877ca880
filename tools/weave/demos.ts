/** The demos of a book, run and woven: the weaver's one door to them. */
import type { Book, ParsedChapter } from '../tangle/book.ts'
import { Diagnostics, type Diagnostic } from '../tangle/diagnostics.ts'
import { tangle } from '../tangle/tangle.ts'
import { demoHtml, demosOf, type Demo } from './demo.ts'
import { Recorder, sessionModule, type Recording } from './demo-run.ts'
import { keyOf, relative, urlOf, type Page, type Site } from './model.ts'

export class Demos {
  private readonly root: string
  private readonly recorder: Recorder

  constructor(root: string) {
    this.root = root
    this.recorder = new Recorder(root)
  }

  /**
   * The recording of each .demo. A book with errors cannot be
   * tangled and so not run; its last recordings stand. A run gone wrong is one more error.
   * With `live` somebody waits for a page: only what was never run is.
   */
  async recorded(book: Book, chapters: ParsedChapter[], errors: Diagnostic[], live: boolean): Promise<Map<Demo, Recording>> {
    if (!book.roots.has(sessionModule)) return new Map()
    const demos = demosOf(chapters)
    const stands = live && demos.every((demo) => this.recorder.knows(demo))
    const tangled = errors.length === 0 && !stands ? await tangle(this.root) : undefined
    errors.push(...tangled?.errors ?? [])
    const out = new Diagnostics()
    const recordings = await this.recorder.record(demos, tangled?.result !== undefined, out, live)
    errors.push(...out.all)
    return recordings
  }
}

/** What stands for each .demo, in HTML, by `chapter:line`. */
export function demosWoven({ tags }: Site, recordings: Map<Demo, Recording>): Map<string, string> {
  return new Map([...recordings].map(([{ place, ...demo }, recording]) =>
    [keyOf(place.file, place.line), demoHtml(demo, recording, (tag) => {
      const url = tags.get(tag)?.url
      return url && relative(urlOf(place.file), url)
    })]))
}

/** All that a page's demos show; it changes with the system, not with the page's text. */
export const demosOn = (site: Site, page: Page): string =>
  [...site.demos].filter(([key]) => key.startsWith(`${page.path}:`)).flat().join('\n')
