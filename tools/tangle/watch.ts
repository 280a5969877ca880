/**
 * Watches chapters and tests: each save tangles, and runs the tests of what
 * was saved.
 *
 * Invariant: it never ends by itself. A half-written chapter shows its errors,
 * the last good output stays, and the next save is awaited. What counts as
 * changed is told by content, not by time or by the number of events.
 */
import type { ChildProcess } from 'node:child_process'
import { existsSync, readdirSync, watch as watchFolder, type FSWatcher } from 'node:fs'
import { join } from 'node:path'
import { findChapters } from './chapters.ts'
import { format } from './diagnostics.ts'
import { startTests } from './run-tests.ts'
import { tangle } from './tangle.ts'
import { testOf } from './tags.ts'
import { readIfThere } from './files.ts'
import { hash } from './hash.ts'

/** Milliseconds in which further events belong to the same save. */
const together = 15

export class Watch {
  private readonly root: string
  private readonly say: (line: string) => void
  private readonly watchers = new Map<string, FSWatcher>()
  private contents: Map<string, string>
  private timer: NodeJS.Timeout | undefined
  private busy: Promise<void> = Promise.resolve()
  private tests: ChildProcess | undefined
  /** Chapters and tests saved since tests were last started. */
  private readonly saved = new Set<string>()

  constructor(root: string, say: (line: string) => void) {
    this.root = root
    this.say = say
    this.contents = this.readContents()
  }

  /** Tangles once, then watches until close(). */
  async start(): Promise<void> {
    await import('./markdown.ts') // now: when a tool changes, its parts not loaded yet may go
    await this.tangle()
    this.watchFolders()
    this.say('watching journey/ and test/ (^C ends)')
  }

  close(): void {
    clearTimeout(this.timer)
    for (const watcher of this.watchers.values()) watcher.close()
    this.tests?.kill()
  }

  /** Each folder on its own: an editor's rename is seen, and so is a new folder. */
  private watchFolders(): void {
    for (const folder of this.folders()) {
      if (this.watchers.has(folder)) continue
      const watcher = watchFolder(folder, () => this.changed())
      watcher.on('error', () => this.forget(folder))
      this.watchers.set(folder, watcher)
    }
    for (const folder of this.watchers.keys()) if (!existsSync(folder)) this.forget(folder)
  }

  private forget(folder: string): void {
    this.watchers.get(folder)?.close()
    this.watchers.delete(folder)
  }

  private folders(): string[] {
    const tops = ['journey', 'test'].map((name) => join(this.root, name)).filter(existsSync)
    const below = tops.flatMap((top) => readdirSync(top, { withFileTypes: true })
      .filter((entry) => entry.isDirectory()).map((entry) => join(top, entry.name)))
    return [...tops, ...below]
  }

  private changed(): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => { this.busy = this.busy.then(() => this.look()) }, together)
  }

  private async look(): Promise<void> {
    try {
      this.watchFolders()
      const before = this.contents
      this.contents = this.readContents()
      const paths = [...new Set([...before.keys(), ...this.contents.keys()])]
      const changed = paths.filter((path) => before.get(path) !== this.contents.get(path))
      if (changed.length > 0) await this.handle(changed)
    } catch (error) {
      this.say(`could not read the chapters: ${(error as Error).message}`)
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
    const tests = [...this.saved].map((path) => path.replace(/^journey\/(.*)\.md$/, 'test/$1.test.ts'))
    const there = [...new Set(tests)].filter((path) => existsSync(join(this.root, path)))
    if (there.length === 0) return this.saved.clear()
    const child = startTests(this.root, there)
    child.on('close', (status) => { if (status !== null) this.saved.clear() })
    this.tests = child
  }

  /** The hashes of all chapters and of the tests of chapters. */
  private readContents(): Map<string, string> {
    const paths = findChapters(this.root).flatMap((chapter) => [chapter.path, testOf(chapter)])
    const texts = paths.map((path) => [path, readIfThere(join(this.root, path))] as const)
    return new Map(texts.flatMap(([path, text]) => (text === undefined ? [] : [[path, hash(text)]])))
  }
}
