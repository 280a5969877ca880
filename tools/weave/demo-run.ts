/**
 * Transcripts: each demo is run, with time counted in instructions, by the
 * session that runs it in the page; here it runs under Node.
 *
 * Invariant: a recording is kept with a hash of the code that made it. As long
 * as the code is the same, nothing is run again.
 */
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { Counts } from '../../generated/launcher/browser/counter.ts'
import type { Diagnostics } from '../tangle/diagnostics.ts'
import { readIfThere, writeWhole } from '../tangle/files.ts'
import { hash } from '../tangle/hash.ts'
import { complaintAbout, type Demo } from './demo.ts'
import type { Figure } from '../../site/src/figures/camera.ts'

/** What a run printed, what the Host did meanwhile, and how it ended. */
export interface Recording {
  screen: string
  /** What a second Guest printed meanwhile. */
  beside?: string
  /** Lines of the trace since the script began; the first ones, if they are many. */
  trace: string[]
  counts?: { before: Counts, after: Counts }
  /** What an observer noted while the script was typed. */
  figure?: Figure
  /** The kernel that ran instead of Puppy, in base64, and its memory in bytes. */
  image?: { kernel: string, memory: number }
  status: number
}

interface Kept { code: string, recording: Recording }

/** What is bundled to record, with the system itself. */
const entry = fileURLToPath(new URL('./demo-thread.ts', import.meta.url))
/** The module that runs sessions, relative to generated/. */
export const sessionModule = 'launcher/browser/session.ts'

const keyOf = ({ script, show, beside }: Demo) => hash(JSON.stringify([script, show, beside]))

export class Recorder {
  private readonly root: string
  private readonly file: string
  private readonly kept: Map<string, Kept>
  private runner?: { code: string, path: string }

  constructor(root: string) {
    this.root = root
    this.file = join(root, '.cache', 'demos.json')
    this.kept = new Map(JSON.parse(readIfThere(this.file) ?? '[]'))
  }

  /**
   * The recording of each demo; what did not go as its fence says goes to `out`.
   * Without `fresh` code nothing is run, and what was recorded last stands; with `late`
   * it stands, too, whatever code recorded it.
   */
  async record(demos: Demo[], fresh: boolean, out: Diagnostics, late = false): Promise<Map<Demo, Recording>> {
    const recordings = new Map<Demo, Recording>()
    if (demos.length === 0) return recordings
    const code = fresh ? await this.bundled() : undefined
    const used = new Map<string, Kept>()
    const standsFor = (demo: Demo) => {
      const known = this.kept.get(keyOf(demo))
      return known && (late || known.code === code) ? known : undefined
    }
    const made = code === undefined ? new Map<Demo, Recording>() : await this.runAll(demos.filter((demo) => !standsFor(demo)))
    for (const demo of demos) {
      const key = keyOf(demo)
      const known = this.kept.get(key)
      if (code === undefined) {
        if (known) recordings.set(demo, known.recording)
        continue
      }
      const stands = standsFor(demo)
      const recording = stands?.recording ?? made.get(demo)!
      const wrong = complaintAbout(demo, recording)
      if (wrong) out.error(demo.place, wrong, 'mend the system, or say what it does: ends=… says=…')
      recordings.set(demo, recording)
      used.set(key, stands ?? { code, recording })
    }
    if (fresh) this.keep(used)
    return recordings
  }

  /** Was it ever run? */
  knows(demo: Demo): boolean {
    return this.kept.has(keyOf(demo))
  }

  private keep(used: Map<string, Kept>): void {
    const text = JSON.stringify([...used])
    this.kept.clear()
    for (const [key, value] of used) this.kept.set(key, value)
    if (text !== readIfThere(this.file)) writeWhole(this.file, text)
  }

  /** Bundles the session if its code has changed; the hash of that code. Its map, by which errors name chapters, is not in it. */
  private async bundled(): Promise<string> {
    const { build } = await import('esbuild')
    const cache = join(this.root, '.cache')
    const { outputFiles } = await build({
      absWorkingDir: this.root, entryPoints: [entry], outfile: join(cache, 'session.mjs'), bundle: true, write: false,
      format: 'esm', platform: 'node', target: 'node20', minify: true, logLevel: 'silent', legalComments: 'none',
      sourcemap: 'external', sourcesContent: false,
    })
    const [map, session] = outputFiles.map(({ text }) => text)
    const code = hash(session)
    if (this.runner?.code === code) return code
    const name = `session-${code}.mjs`
    const path = join(cache, name)
    writeWhole(`${path}.map`, map)
    writeWhole(path, `${session}\n//# sourceMappingURL=${name}.map\n`)
    for (const old of readdirSync(cache)) if (/^session-.*\.mjs/.test(old) && !old.startsWith(name)) rmSync(join(cache, old), { force: true })
    this.runner = { code, path }
    return code
  }

  /** Runs them in a thread of its own. */
  private async runAll(demos: Demo[]): Promise<Map<Demo, Recording>> {
    const made = new Map<Demo, Recording>()
    if (demos.length === 0) return made
    const thread = new Worker(this.runner!.path, { workerData: demos, execArgv: ['--enable-source-maps'] })
    const waiting = demos.values()
    await new Promise<void>((resolve, reject) => {
      thread.on('message', (recording: Recording) => made.set(waiting.next().value!, recording))
      thread.on('error', reject).on('exit', () => resolve())
    })
    return made
  }
}
