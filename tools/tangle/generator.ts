/**
 * Roots of class .generator: modules that are run when tangling, and whose
 * generate() computes further files under generated/.
 *
 * Invariant: a generator runs on the text about to be written, before any of
 * it is; and it runs only if a file it is made from has changed.
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { opening } from './book.ts'
import { bundle, SyntaxFailure, type Bundle } from './bundle.ts'
import { at, type Diagnostics, type Place } from './diagnostics.ts'
import type { TangledFile } from './expand.ts'
import { whatIsWrongWith } from './fence-info.ts'
import { chapterPlaceIn, Remapper } from './remap.ts'
import { mappable, withMap, type Segment } from './source-map.ts'
import { hash, intact, readIfThere, writeWhole, type Manifest, type Output } from './write.ts'

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

interface Run {
  /** The keys of all files the generator was bundled from. */
  inputs: Record<string, string>
  /** The keys of the files it made. */
  files: Record<string, string>
}

type Runs = Record<string, Run>

/** The outputs of all generators among `files`, whose outputs are `outputs`. */
export async function generate(
  root: string, files: TangledFile[], outputs: Output[], manifest: Manifest, out: Diagnostics,
): Promise<Output[]> {
  const generators = files.filter(({ root: { blocks } }) => blocks[0].info.classes.has('generator'))
  if (generators.length === 0) return []
  const stage = new Stage(root, outputs, manifest, out)
  for (const file of generators) await stage.add(file)
  stage.save()
  return stage.outputs
}

class Stage {
  readonly outputs: Output[] = []
  private readonly root: string
  private readonly roots: Map<string, Output>
  private readonly manifest: Manifest
  private readonly out: Diagnostics
  private readonly before: Runs
  private readonly after: Runs = {}

  constructor(root: string, outputs: Output[], manifest: Manifest, out: Diagnostics) {
    this.root = root
    this.roots = new Map(outputs.map((output) => [output.path, output]))
    this.manifest = manifest
    this.out = out
    this.before = JSON.parse(readIfThere(this.runsPath) ?? '{}')
  }

  private get runsPath(): string {
    return join(this.root, 'generated/.cache/generators.json')
  }

  save(): void {
    const text = JSON.stringify(this.after)
    if (text !== JSON.stringify(this.before) && !this.out.failed) writeWhole(this.runsPath, text)
  }

  /** Takes a generator's files: those of its last run, if that still stands. */
  async add(file: TangledFile): Promise<void> {
    const last = this.before[file.path]
    if (last && this.stands(last)) this.keep(file.path, last)
    else await this.run(file)
  }

  private stands({ inputs, files }: Run): boolean {
    const generated = join(this.root, 'generated')
    return Object.entries(inputs).every(([path, key]) => this.roots.get(path)?.key === key)
      && Object.entries(files).every(([path, key]) => (
        this.manifest[path]?.key === key && intact(generated, path, this.manifest)))
  }

  private keep(path: string, run: Run): void {
    this.after[path] = run
    for (const [made, key] of Object.entries(run.files)) {
      this.outputs.push({ path: made, key, text: () => readIfThere(join(this.root, 'generated', made))! })
    }
  }

  private async run(file: TangledFile): Promise<void> {
    const place = opening(file.root.blocks[0])
    try {
      const made = await bundle(this.root, file.path, this.roots)
      const results = await runBundle(this.root, made)
      if (!Array.isArray(results)) throw new Error('generate() returned no array of files')
      this.take(file.path, made, results, place)
    } catch (error) {
      this.reportFailure(file.path, error, place)
    }
  }

  private reportFailure(generator: string, error: unknown, place: Place): void {
    const where = chapterPlaceIn(this.root, error) ?? place
    const [message] = (error instanceof Error ? error.message : String(error)).split('\n')
    this.out.error(where, error instanceof SyntaxFailure
      ? message : `the generator '${generator}' failed: ${message}`)
  }

  private take(generator: string, made: Bundle, results: GeneratedFile[], place: Place): void {
    const inputs = Object.fromEntries(made.inputs.map((path) => [path, this.roots.get(path)!.key]))
    const files: Record<string, string> = {}
    for (const result of results) {
      const wrong = whatIsWrongWith(result.path)?.[0] ?? this.takenBy(result.path)
      if (wrong) {
        this.out.error(place, `the generator's file '${result.path}' ${wrong}`)
        continue
      }
      const text = this.withMappings(result)
      files[result.path] = hash(text)
      this.outputs.push({ path: result.path, key: hash(text), text: () => text })
    }
    this.after[generator] = { inputs, files }
  }

  private takenBy(path: string): string | undefined {
    if (this.roots.has(path)) return 'is a root already'
    return this.outputs.some((o) => o.path === path) ? 'is generated twice' : undefined
  }

  private withMappings({ path, text, mappings }: GeneratedFile): string {
    const whole = text.endsWith('\n') ? text : text + '\n'
    if (!mappings?.length || !mappable(path)) return whole
    const remapper = new Remapper(this.root, (file) => this.roots.get(file.slice('generated/'.length))?.text())
    const starts = new Map(mappings.map(({ line, source }) => [line, segment(this.root, source, remapper)]))
    return withMap(path, whole, spread(whole.split('\n').length - 1, starts))
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

function segment(root: string, source: Mapping['source'], remapper: Remapper): Segment | undefined {
  const place = typeof source === 'string'
    ? chapterPlaceIn(root, source, remapper)
    : chapterOf(at(source.file, source.line, (source.column ?? 0) + 1), remapper)
  return place && { column: 0, source: place.file, sourceLine: place.line - 1, sourceColumn: place.column - 1 }
}

function chapterOf(place: Place, remapper: Remapper): Place | undefined {
  return place.file.endsWith('.md') ? place : remapper.chapterPlace(place)
}

/** Imports the bundle with source maps on, so that stack traces name chapters. */
async function runBundle(root: string, { code }: Bundle): Promise<GeneratedFile[]> {
  const path = join(root, 'generated/.cache', `generator-${hash(code)}.mjs`)
  const { rmSync } = await import('node:fs')
  writeWhole(path, code)
  process.setSourceMapsEnabled(true)
  try {
    const module = await import(pathToFileURL(path).href)
    if (typeof module.generate !== 'function') throw new Error('it exports no function generate()')
    const files = await module.generate()
    return files
  } catch (error) {
    if (error instanceof Error) void error.stack // rendered here, while maps are on
    throw error
  } finally {
    process.setSourceMapsEnabled(false)
    rmSync(path, { force: true })
  }
}
