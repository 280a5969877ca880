/**
 * Roots of class .generator: modules that are run when tangling, and whose
 * generate() computes further files under generated/.
 *
 * Invariant: a generator runs on the text about to be written, before any of
 * it is; and only if code that it is made from has changed. Where that code
 * has merely moved in its chapter, only the maps of its files are made anew.
 */
import { opening } from './book.ts'
import { bundle } from './bundle.ts'
import type { Diagnostics, Place } from './diagnostics.ts'
import { textOf, type TangledFile } from './expand.ts'
import { whatIsWrongWith } from './fence-info.ts'
import { Paths } from './paths.ts'
import { Failure } from './door.ts'
import { chapterPlaceIn, type ToChapter } from './remap.ts'
import { runBundle } from './run-bundle.ts'
import { RunCache } from './run-cache.ts'
import { fingerprint, mappable, withMap, type Segment } from './source-map.ts'
import { hash } from './hash.ts'
import { type Output } from './write.ts'

/** What generate() returns, one for each file. */
export interface GeneratedFile {
  /** Relative to generated/. */
  path: string
  text: string
  mappings?: Mapping[]
}

/** From this line of the text on, the lines come from `source`. */
export interface Mapping {
  /** 1-based. */
  line: number
  /** A line of a stack trace, or a place (1-based line, 0-based column). */
  source: string | { file: string, line: number, column?: number }
}

/** What a generator made, and from which files. */
export interface Run {
  /** Hashes of the texts it was bundled from, by path. */
  inputs: Record<string, string>
  results: GeneratedFile[]
}

/** The outputs of all generators among `files`. */
export async function generate(
  root: string, files: TangledFile[], toChapter: ToChapter, out: Diagnostics,
): Promise<Output[]> {
  const stage = new Stage(root, files, toChapter, out)
  for (const file of files) {
    if (file.root.blocks[0].info.classes.has('generator')) await stage.add(file)
  }
  return stage.outputs
}

class Stage {
  readonly outputs: Output[] = []
  private readonly root: string
  private readonly files: Map<string, TangledFile>
  private readonly toChapter: ToChapter
  private readonly out: Diagnostics
  private readonly paths = new Paths()
  private readonly cache: RunCache

  constructor(root: string, files: TangledFile[], toChapter: ToChapter, out: Diagnostics) {
    this.root = root
    this.files = new Map(files.map((file) => [file.path, file]))
    this.toChapter = toChapter
    this.out = out
    this.cache = new RunCache(root)
    for (const { path } of files) this.paths.add(path)
  }

  /** Takes a generator's files: those of its last run, if that still stands. */
  async add(file: TangledFile): Promise<void> {
    const place = opening(file.root.blocks[0])
    try {
      const known = this.cache.find(file.path, (path) => this.textHash(path))
      const run = known ?? await this.run(file)
      if (!known) this.cache.keep(file.path, run)
      for (const result of run.results) this.take(run, result, place)
    } catch (error) {
      const where = chapterPlaceIn(this.root, error, this.toChapter) ?? place
      const [message] = (error instanceof Error ? error.message : String(error)).split('\n')
      this.out.error(where, error instanceof Failure
        ? message : `the generator '${file.path}' failed: ${message}`)
    }
  }

  private textHash(path: string): string | undefined {
    const file = this.files.get(path)
    return file && hash(textOf(file))
  }

  private async run(file: TangledFile): Promise<Run> {
    const { code, inputs } = await bundle(this.root, file.path, this.files)
    const results = await runBundle(this.root, code)
    return { inputs: Object.fromEntries(inputs.map((path) => [path, this.textHash(path)!])), results }
  }

  private take(run: Run, result: GeneratedFile, place: Place): void {
    const { path } = result
    const wrong = whatIsWrongWith(path)?.[0] ?? this.takenBy(path) ?? this.paths.add(path)
    if (wrong) return this.out.error(place, `the generator's file '${path}' ${wrong}`)
    const places = Object.keys(run.inputs).map((input) => fingerprint(this.files.get(input)!))
    const key = hash([result.text, ...places].join('\n'))
    this.outputs.push({ path, key, text: () => this.withMappings(result) })
  }

  private takenBy(path: string): string | undefined {
    if (this.files.has(path)) return 'is a root already'
    return this.outputs.some((output) => output.path === path) ? 'is generated twice' : undefined
  }

  private withMappings({ path, text, mappings }: GeneratedFile): string {
    const whole = text.endsWith('\n') ? text : text + '\n'
    if (!mappings?.length || !mappable(path)) return whole
    const starts = new Map(mappings.map(({ line, source }) => [line, this.segment(source)]))
    return withMap(path, whole, spread(whole.split('\n').length - 1, starts))
  }

  private segment(source: Mapping['source']): Segment | undefined {
    const text = typeof source === 'string' ? source
      : `${source.file}:${source.line}:${(source.column ?? 0) + 1}`
    const place = chapterPlaceIn(this.root, text, this.toChapter)
    return place && { column: 0, source: place.file, sourceLine: place.line - 1, sourceColumn: place.column - 1 }
  }
}

/** Each line's segment: its own, or that of the last line above that has one. */
function* spread(count: number, starts: Map<number, Segment | undefined>): Generator<Segment[]> {
  let current: Segment | undefined
  for (let line = 1; line <= count; line++) {
    current = starts.get(line) ?? current
    yield current ? [current] : []
  }
}
