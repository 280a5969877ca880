/**
 * Which of the tangled code has run: V8's own block counters, asked for
 * between cases. Only the files under generated/ count.
 */
import { Session } from 'node:inspector'
import type { Profiler } from 'node:inspector'
import { fileURLToPath } from 'node:url'

/** A stretch of a file's code, by offsets in what V8 has loaded. */
export interface Stretch { readonly file: string; readonly from: number; readonly to: number }

const GENERATED = /\/generated\/(.+)\.ts$/
const RUN = 1

/** What is known of a file: a byte for each of its code's, RUN if it ran. */
class FileCoverage {
  readonly name: string
  readonly #ran: Uint8Array
  /** Where functions begin that are told of by themselves, and where they end. */
  readonly #ends = new Map<number, number>()
  /** Their names, if they have one. */
  readonly #names = new Map<number, string>()
  /** Functions in the shapes in which they were met. */
  readonly #met = new Set<string>()

  constructor(name: string, length: number) {
    this.name = name
    this.#ran = new Uint8Array(length)
  }

  /** Adds what ran; what is new of it goes to `found`. */
  add(functions: readonly Profiler.FunctionCoverage[], found: Stretch[]): void {
    for (const { functionName, ranges: [whole] } of functions) {
      this.#ends.set(whole.startOffset, whole.endOffset)
      this.#names.set(whole.startOffset, functionName)
    }
    for (const { ranges } of functions) {
      if (ranges[0].count === 0) continue
      const shape = ranges.map(({ startOffset, endOffset, count }) => `${startOffset}-${endOffset}${count === 0 ? '' : '+'}`).join(' ')
      if (this.#met.has(shape)) continue
      this.#met.add(shape)
      this.#function(ranges, found)
    }
  }

  #function(ranges: readonly Profiler.CoverageRange[], found: Stretch[]): void {
    const begin = ranges[0].startOffset
    const end = Math.min(ranges[0].endOffset, this.#ran.length)
    const here = new Uint8Array(end - begin)
    for (const { startOffset, endOffset, count } of ranges) here.fill(count === 0 ? 0 : RUN, startOffset - begin, endOffset - begin)
    for (const [from, to] of this.#ends) {
      if (from >= begin && to <= end && to - from < end - begin) here.fill(0, from - begin, to - begin)
    }
    for (let at = begin; at < end;) {
      const from = at
      while (at < end && here[at - begin] === RUN && this.#ran[at] !== RUN) at++
      if (at > from) found.push({ file: this.name, from, to: at })
      this.#ran.fill(RUN, from, at)
      if (at === from) at++
    }
  }

  /** Functions that never ran; what V8 or a generator has named is left out. */
  get missed(): string[] {
    const never = [...this.#names].filter(([at, name]) => /^(#|get |set )*[a-zA-Z]\w{2,}$/.test(name) && this.#ran[at] !== RUN)
    return [...new Set(never.map(([, name]) => name))]
  }

  /** Bytes of functions that ran, of how many: what runs when a file is loaded ran before we looked. */
  get ratio(): [number, number] {
    const within = new Uint8Array(this.#ran.length)
    for (const [from, to] of this.#ends) if (from > 0) within.fill(RUN, from, to)
    return [within.reduce((sum, one, at) => sum + (one & this.#ran[at]), 0), within.reduce((sum, one) => sum + one, 0)]
  }
}

export class Coverage {
  readonly #session = new Session()
  readonly #files = new Map<string, FileCoverage>()
  readonly #lengths = new Map<string, number>()

  constructor() {
    this.#session.connect()
    this.#session.on('Debugger.scriptParsed', ({ params: { url, scriptId } }) => {
      if (GENERATED.test(url)) this.#measure(url, scriptId)
    })
    this.#session.post('Debugger.enable')
    this.#session.post('Debugger.disable')
    this.#session.post('Profiler.enable')
    this.#session.post('Profiler.startPreciseCoverage', { callCount: false, detailed: true })
  }

  /** Code ends where the source map begins, if there is one. */
  #measure(url: string, scriptId: string): void {
    this.#session.post('Debugger.getScriptSource', { scriptId }, (error, { scriptSource }) => {
      if (error !== null) throw error
      const map = scriptSource.lastIndexOf('//# sourceMappingURL=')
      this.#lengths.set(url, map < 0 ? scriptSource.length : map)
    })
  }

  /** What ran since the last call and never before. */
  take(): Stretch[] {
    const found: Stretch[] = []
    for (const { url, functions } of this.#ranSince()) this.#fileOf(url)?.add(functions, found)
    return found
  }

  /** Of these stretches, those that ran since the last call. */
  among(stretches: readonly Stretch[]): Stretch[] {
    const ran = new Map(this.#ranSince().map(({ url, functions }) => [nameOf(url), functions]))
    return stretches.filter(({ file, from }) => hasRun(ran.get(file) ?? [], from))
  }

  /** Files with the share of their code that ran and the functions that did not, by name. */
  table(): { file: string; ran: number; bytes: number; missed: string[] }[] {
    const rows = [...this.#files.values()].map(({ name, missed, ratio: [ran, bytes] }) => ({ file: name, ran, bytes, missed }))
    return rows.sort((a, b) => a.file.localeCompare(b.file))
  }

  /** As if nothing had run yet. */
  forget(): void {
    this.#ranSince()
    this.#files.clear()
  }

  #ranSince(): Profiler.ScriptCoverage[] {
    let all: Profiler.ScriptCoverage[] = []
    this.#session.post('Profiler.takePreciseCoverage', (error, { result }) => {
      if (error !== null) throw error
      all = result.filter(({ url }) => GENERATED.test(url))
    })
    return all
  }

  #fileOf(url: string): FileCoverage | undefined {
    const name = nameOf(url)
    let file = this.#files.get(name)
    const length = this.#lengths.get(url)
    if (file === undefined && length !== undefined) this.#files.set(name, file = new FileCoverage(name, length))
    return file
  }
}

function nameOf(url: string): string {
  return GENERATED.exec(fileURLToPath(url))?.[1] ?? url
}

/** Did the innermost function around this offset run there? */
function hasRun(functions: readonly Profiler.FunctionCoverage[], at: number): boolean {
  let count = 0
  let least = Infinity
  for (const { ranges } of functions) {
    for (const { startOffset, endOffset, count: times } of ranges) {
      if (startOffset > at || endOffset <= at || endOffset - startOffset > least) continue
      least = endOffset - startOffset
      count = times
    }
  }
  return count > 0
}
