/**
 * Transcripts: each demo is run, with time counted in instructions, by the
 * session that runs it in the page; here it runs under Node.
 *
 * Invariant: a recording is kept with a hash of the code that made it. As long
 * as the code is the same, nothing is run again.
 */
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Counts } from '../../generated/launcher/browser/counter.ts'
import type { News, Order } from '../../generated/launcher/browser/session.ts'
import type { Diagnostics } from '../tangle/diagnostics.ts'
import { readIfThere, writeWhole } from '../tangle/files.ts'
import { hash } from '../tangle/hash.ts'
import { complaintAbout, type Demo } from './demo.ts'
import type { Camera, Figure } from '../../site/src/figures/camera.ts'
import { isFigure } from '../tangle/figure-kinds.ts'
import { cardOf, wireOf } from '../../site/src/guest/wired.ts'

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
  status: number
}

interface Kept { code: string, recording: Recording }

/** What is bundled to record. */
const entry = fileURLToPath(new URL('./demo-session.ts', import.meta.url))
/** The module that runs sessions, relative to generated/. */
export const sessionModule = 'launcher/browser/session.ts'
const mostLines = 60
/** A demo that takes longer than this many seconds is none. */
const patience = 30

const keyOf = ({ script, show, beside }: Demo) => hash(JSON.stringify([script, show, beside]))

export class Recorder {
  private readonly root: string
  private readonly file: string
  private readonly kept: Map<string, Kept>
  private runner?: { code: string, module: Promise<typeof import('./demo-session.ts')> }

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
    for (const demo of demos) {
      const key = keyOf(demo)
      const known = this.kept.get(key)
      if (code === undefined) {
        if (known) recordings.set(demo, known.recording)
        continue
      }
      const stands = known && (late || known.code === code)
      const recording = stands ? known.recording : await this.run(demo)
      const wrong = complaintAbout(demo, recording)
      if (wrong) out.error(demo.place, wrong, 'mend the system, or say what it does: ends=… says=…')
      recordings.set(demo, recording)
      used.set(key, stands ? known : { code, recording })
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
    process.setSourceMapsEnabled(true)
    this.runner = { code, module: import(pathToFileURL(path).href) }
    return code
  }

  private async run(demo: Demo): Promise<Recording> {
    const { Session, cameras } = await this.runner!.module
    const camera = isFigure(demo.show) ? cameras[demo.show]() : undefined
    const taken = new Taken(camera)
    const second = demo.beside === undefined ? undefined : await this.second(demo.beside)
    const session = new Session(recorded(demo, second?.end), (news) => taken.hear(news))
    const timer = new Promise<number>((resolve) => {
      setTimeout(resolve, patience * 1000, -1).unref()
    })
    const status = await Promise.race([session.run(camera?.observer), timer])
    return { ...taken.recording(status), ...(second ? { beside: await second.leave() } : {}) }
  }

  /** A Guest at the other end of a wire, once it has typed `line`; it is told to leave, and says what it printed. */
  private async second(line: string): Promise<{ end: MessagePort, leave(): Promise<string> }> {
    const { Session } = await this.runner!.module
    const { port1: end, port2 } = new MessageChannel()
    const taken = new Taken()
    const session = new Session({ plan: { devices: [cardOf(1)] }, script: [`${line}\n`], wires: wireOf(1, port2 as never) }, (news) => taken.hear(news))
    const life = session.run()
    while (!taken.atPromptAfter(line)) await new Promise((resolve) => setTimeout(resolve, 10))
    return { end: end as never, leave: async () => {
      const { screen } = taken.recording(0)
      session.type('halt\n')
      await life
      end.close()
      return screen
    } }
  }
}

/** The order that a fence stands for: in counted time, unless what comes by a wire has its own. */
function recorded({ script, show }: Demo, end?: MessagePort): Order {
  return {
    plan: { deterministic: !end, trace: show === 'trace', ...(end ? { devices: [cardOf(0)] } : {}) },
    script, closing: true, counting: show === 'counts', wires: end ? wireOf(0, end) : [],
  }
}

/** News of a run, gathered. */
class Taken {
  private screen = ''
  private trace: string[] = []
  private counts?: Counts
  private before?: Counts
  private readonly decoder = new TextDecoder()
  private script: 'to come' | 'typed' | 'over' = 'to come'
  private readonly camera?: Camera

  constructor(camera?: Camera) {
    this.camera = camera
  }

  hear(news: News): void {
    if ('printed' in news) this.screen += this.decoder.decode(news.printed, { stream: true })
    else if ('complained' in news) this.complain(news.complained)
    else if ('counted' in news && this.script !== 'over') this.counts = news.counted
    else if ('typed' in news) this.note(news.typed)
  }

  atPromptAfter(line: string): boolean {
    return this.screen.includes(`puppy> ${line}`) && this.screen.endsWith('\npuppy> ')
  }

  private note(typed: string): void {
    this.before ??= this.counts
    this.script = typed ? 'typed' : 'over'
    if (this.camera) this.camera.on = typed !== ''
  }

  /** A line of the trace opens with the count of instructions; others are for the user. */
  private complain(line: string): void {
    if (!/^ *\d+  /.test(line)) this.screen += `${line}\n`
    else if (this.script === 'typed') this.trace.push(line)
  }

  recording(status: number): Recording {
    const { screen, before, counts } = this
    const more = this.trace.length - mostLines
    const trace = more > 0 ? [...this.trace.slice(0, mostLines), `… and ${more} lines more`] : this.trace
    const figure = this.camera?.figure
    return { screen, trace, status, figure, ...(before && counts ? { counts: { before, after: counts } } : {}) }
  }
}
