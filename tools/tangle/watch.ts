/**
 * Watches chapters and tests: each save tangles, and runs the tests of what
 * was saved.
 *
 * Invariant: it never ends by itself. A half-written chapter shows its errors,
 * the last good output stays, and the next save is awaited. What counts as
 * changed is told by content, not by time or by the number of events.
 */
import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { findChapters } from './chapters.ts'
import { format } from './diagnostics.ts'
import { startTests } from './run-tests.ts'
import { tangle } from './tangle.ts'
import { testOf } from './tags.ts'
import { explain } from './door.ts'
import { bytesIfThere } from './files.ts'
import { Folders } from './folders.ts'
import { hash } from './hash.ts'

export class Watch {
  private readonly root: string
  private readonly say: (line: string) => void
  private readonly folders: Folders
  private contents: Map<string, string>
  private busy: Promise<void> = Promise.resolve()
  private tests: ChildProcess | undefined
  /** Chapters and tests saved since tests were last started. */
  private readonly saved = new Set<string>()
  /** What the last run was started for; empty once it has come to its end. */
  private testing = new Set<string>()

  constructor(root: string, say: (line: string) => void) {
    this.root = root
    this.say = say
    this.folders = new Folders(root, ['journey', 'test'], () => { this.busy = this.busy.then(() => this.look()) })
    this.contents = this.readContents()
  }

  /** Tangles once, then watches until close(). */
  async start(): Promise<void> {
    await import('./markdown.ts') // now: when a tool changes, its parts not loaded yet may go
    await this.tangle()
    this.folders.watch()
    this.say('watching journey/ and test/ (^C ends)')
  }

  close(): void {
    this.folders.close()
    this.tests?.kill()
  }

  private async look(): Promise<void> {
    try {
      const before = this.contents
      this.contents = this.readContents()
      const paths = [...new Set([...before.keys(), ...this.contents.keys()])]
      const changed = paths.filter((path) => before.get(path) !== this.contents.get(path))
      if (changed.length > 0) await this.handle(changed)
    } catch (error) {
      this.say(explain(error))
    }
  }

  private async handle(changed: string[]): Promise<void> {
    for (const path of changed) this.saved.add(path)
    this.say(`${new Date().toTimeString().slice(0, 8)} ${changed.join(', ')}`)
    if (await this.tangle()) this.runTests()
  }

  /** True if the chapters tangle. */
  private async tangle(): Promise<boolean> {
    const start = performance.now()
    const { errors, result } = await tangle(this.root)
    for (const error of errors) this.say(format(error))
    if (!result) {
      this.say(`${errors.length === 1 ? '1 error' : `${errors.length} errors`}; the last good output stays`)
      return false
    }
    this.say(`tangled ${result.written.length} of ${result.total} files in ${Math.round(performance.now() - start)} ms`)
    return true
  }

  /** A run that is still going is dropped: it tests what is no longer there. */
  private runTests(): void {
    this.tests?.kill()
    const testing = new Set([...this.testing, ...this.saved])
    this.testing = testing
    this.saved.clear()
    const tests = [...testing].map((path) => path.replace(/^journey\/(.*)\.md$/, 'test/$1.test.ts'))
    const there = [...new Set(tests)].filter((path) => existsSync(join(this.root, path)))
    if (there.length === 0) return testing.clear()
    const child = startTests(this.root, there)
    child.on('close', (status) => { if (status !== null) testing.clear() })
    this.tests = child
  }

  /** The hashes of all chapters and of the tests of chapters. */
  private readContents(): Map<string, string> {
    const paths = findChapters(this.root).flatMap((chapter) => [chapter.path, testOf(chapter)])
    const texts = paths.map((path) => [path, bytesIfThere(join(this.root, path))] as const)
    return new Map(texts.flatMap(([path, text]) => (text === undefined ? [] : [[path, hash(text)]])))
  }
}
