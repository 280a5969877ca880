/** Places in generated files back to places in chapters, through the files' own maps. */
import { TraceMap, traceSegment } from '@jridgewell/trace-mapping'
import { dirname, join, normalize, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { placeOf } from './book.ts'
import { at, type Place } from './diagnostics.ts'
import { Failure } from './door.ts'
import type { TangledFile } from './expand.ts'
import { mapIn } from './source-map.ts'
import { readIfThere } from './files.ts'

/** Reads the maps of the files on disk. */
export class Remapper {
  private readonly root: string
  private readonly maps = new Map<string, TraceMap | undefined>()

  constructor(root: string) {
    this.root = root
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
      this.maps.set(file, mapOf(join(this.root, file)))
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

/** The map of a file; undefined where there is none, or none that was left whole. */
function mapOf(path: string): TraceMap | undefined {
  try {
    const json = mapIn(readIfThere(path) ?? '')
    return json === undefined ? undefined : new TraceMap(json)
  } catch {
    return undefined
  }
}

/** From a place in a file under the root to the place in a chapter that it was tangled from. */
export type ToChapter = (place: Place) => Place | undefined

/** The same for files just tangled, which need not be on disk. */
export function placesOf(files: TangledFile[]): ToChapter {
  const byPath = new Map(files.map((file) => [`generated/${file.path}`, file]))
  return ({ file, line, column }) => {
    const { lines } = byPath.get(file) ?? {}
    const found = lines?.[Math.min(line, lines.length) - 1]
    if (!found) return undefined
    return placeOf(found.block, found.index, Math.max(0, column - 1 - found.indent.length))
  }
}

/** Where traces of a generator say that its files are: they stay right when a checkout moves, or lies where a path has two lines. */
export const anywhere = '/the-book'

/** Places in files under the root, as paths or as addresses: whatever the root is called. */
function placesUnder(root: string): RegExp {
  const literally = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
  const url = literally(pathToFileURL(root).href)
  return new RegExp(`(?:(${url})|${literally(root)}|${anywhere})/([^\\n]*?\\.(?:md|ts)):(\\d+):(\\d+)`, 'g')
}

/** The first place in a chapter that an error's stack, or a line of one, leads to. */
export function chapterPlaceIn(root: string, from: unknown, toChapter: ToChapter): Place | undefined {
  if (from instanceof Failure) return from.place
  const stack = typeof from === 'string' ? from : from instanceof Error ? from.stack ?? '' : ''
  for (const [, url, path, line, column] of stack.matchAll(placesUnder(root))) {
    const file = normalize(url ? decodeURIComponent(path) : path)
    const place = at(file, Number(line), Number(column))
    const found = file.endsWith('.md') ? place : toChapter(place)
    if (found) return found
  }
  return undefined
}
