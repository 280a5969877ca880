/**
 * Inline source maps: every token of a tangled line names its line and column
 * in the chapter, so that traces, coverage and debuggers point at the prose.
 */
import { addSegment, GenMapping, toEncodedMap } from '@jridgewell/gen-mapping'
import { basename, dirname, relative } from 'node:path/posix'
import { placeOf } from './book.ts'
import { hash } from './hash.ts'
import { lineText, type Line, type TangledFile } from './expand.ts'
import { tokensOf } from './tokens.ts'

/** Where a token of a generated line comes from. All 0-based. */
export interface Segment {
  column: number
  /** Relative to the book's root. */
  source: string
  sourceLine: number
  sourceColumn: number
}

/** A map's field for the hash of the text that it was made for: files know by themselves whether they were edited. */
const plainKey = 'x_text'

const marker = '//# sourceMappingURL=data:application/json;base64,'

/** Whether files of this name can carry a map. */
export const mappable = (path: string): boolean => /\.[cm]?[jt]s$/.test(path)

/** `text` with its map as a comment at the end. `path` is relative to generated/. */
export function withMap(path: string, text: string, lines: Iterable<Segment[]>): string {
  const map = new GenMapping({ file: basename(path) })
  const known = new Map<string, string>()
  const up = (source: string): string => {
    if (!known.has(source)) known.set(source, relative(dirname(`generated/${path}`), source))
    return known.get(source)!
  }
  let row = 0
  for (const segments of lines) {
    for (const { column, source, sourceLine, sourceColumn } of segments) {
      addSegment(map, row, column, up(source), sourceLine, sourceColumn)
    }
    row++
  }
  const json = JSON.stringify({ ...toEncodedMap(map), [plainKey]: hash(text) })
  return text + marker + Buffer.from(json).toString('base64') + '\n'
}

/** The text of a file of generated/, without the map that `withMap` may have put there. */
export function codeOf(path: string, text: string): string {
  const start = mappable(path) ? text.lastIndexOf(marker) : -1
  if (start < 0) return text
  const end = text.indexOf('\n', start)
  return text.slice(0, start) + (end < 0 ? '' : text.slice(end + 1))
}

/** The map in the text of a generated file, as JSON; undefined if it has none. */
export function mapIn(text: string): string | undefined {
  const start = text.lastIndexOf(marker)
  if (start < 0) return undefined
  return Buffer.from(text.slice(start + marker.length).split('\n')[0], 'base64').toString()
}

/** The hash of the text that was tangled into a file, as its map tells. */
export function plainHashIn(path: string, text: string): string | undefined {
  if (!mappable(path)) return undefined
  try {
    return JSON.parse(mapIn(text) ?? '{}')[plainKey]
  } catch {
    return undefined // somebody's edit went through the map
  }
}

/** The segments of a tangled file's lines. */
export function* segmentsOf(file: TangledFile): Generator<Segment[]> {
  for (const line of file.lines) yield segmentsOfLine(line)
}

function segmentsOfLine({ indent, block, index, text }: Line): Segment[] {
  const place = placeOf(block, index)
  if (text !== undefined) return [{ column: 0, source: place.file, sourceLine: place.line - 1, sourceColumn: place.column - 1 }]
  return tokensOf(block.fence)[index].map(({ start }) => ({
    column: indent.length + start,
    source: place.file,
    sourceLine: place.line - 1,
    sourceColumn: place.column - 1 + start,
  }))
}

/** To be raised when what is written for the same chapters changes its form. */
const version = 5

/** What a file's text and map depend on, cheap to compare. */
export function fingerprint(file: TangledFile): string {
  const parts = [`version ${version}`]
  let last: Line | undefined
  for (const line of file.lines) {
    const { block, index } = line
    if (block !== last?.block || index !== last.index + 1) {
      parts.push(`${block.chapter}:${block.fence.line + index}`)
    }
    if (block.fence.columns) parts.push(String(block.fence.columns[index]))
    parts.push(lineText(line))
    last = line
  }
  return parts.join('\n')
}
