/** Places in generated files back to places in chapters, through the files' own maps. */
import { TraceMap, traceSegment } from '@jridgewell/trace-mapping'
import { dirname, join, relative, resolve } from 'node:path'
import { at, type Place } from './diagnostics.ts'
import { mapIn } from './source-map.ts'
import { readIfThere } from './write.ts'

export class Remapper {
  private readonly root: string
  private readonly read: (file: string) => string | undefined
  private readonly maps = new Map<string, TraceMap | undefined>()

  /** `read` gives the text of a file named relative to the root; by default, from disk. */
  constructor(root: string, read = (file: string) => readIfThere(join(root, file))) {
    this.root = root
    this.read = read
  }

  /** The place in a chapter that `place` in a file under the root was tangled from. */
  chapterPlace(place: Place): Place | undefined {
    const map = this.map(place.file)
    if (!map) return undefined
    const segment = this.nearest(map, place)
    if (!segment || segment.length === 1) return undefined
    const [column, source, line, sourceColumn] = segment
    const file = relative(this.root, resolve(this.root, dirname(place.file), map.sources[source]!))
    return at(file, line + 1, sourceColumn + 1 + Math.max(0, place.column - 1 - column))
  }

  /** The token at the place, or else the first of its line. */
  private nearest(map: TraceMap, { line, column }: Place) {
    const found = traceSegment(map, line - 1, column - 1)
    if (found) return found
    for (let c = column; c < column + 200; c++) {
      const later = traceSegment(map, line - 1, c)
      if (later) return later
    }
    return null
  }

  private map(file: string): TraceMap | undefined {
    if (!this.maps.has(file)) {
      const json = mapIn(this.read(file) ?? '')
      this.maps.set(file, json === undefined ? undefined : new TraceMap(json))
    }
    return this.maps.get(file)
  }

  /** Every `generated/x.ts(3,4)` and `generated/x.ts:3:4` in a text, rewritten. */
  text(text: string): string {
    const places = /((?:[\w./-]*\/)?generated\/[\w./-]+\.[cm]?[jt]s)(?:\((\d+),(\d+)\)|:(\d+):(\d+))/g
    return text.replace(places, (all, file: string, l1, c1, l2, c2) => {
      const local = file.slice(file.indexOf('generated/'))
      const place = this.chapterPlace(at(local, Number(l1 ?? l2), Number(c1 ?? c2)))
      return place ? `${place.file}:${place.line}:${place.column}` : all
    })
  }
}

/**
 * The first place in a chapter that an error's stack, or a line of one, names:
 * directly, or as a place in a generated file.
 */
export function chapterPlaceIn(root: string, from: unknown, remapper = new Remapper(root)): Place | undefined {
  const known = (from as { place?: Place }).place
  if (known) return known
  const stack = typeof from === 'string' ? from : from instanceof Error ? from.stack ?? '' : ''
  for (const [, path, line, column] of stack.matchAll(/((?:file:\/\/)?[^\s()]+\.(?:md|ts)):(\d+):(\d+)/g)) {
    const file = relative(root, path.replace(/^file:\/\//, ''))
    const place = at(file, Number(line), Number(column))
    if (file.endsWith('.md')) return place
    const mapped = remapper.chapterPlace(place)
    if (mapped) return mapped
  }
  return undefined
}
