/**
 * Where a block stands in the files it ends up in: from which line on, after
 * or inside of which definition, and what stands around it there.
 */
import type { Block } from '../tangle/book.ts'
import { lineText, type Line, type TangledFile } from '../tangle/expand.ts'

/** A block in a file. Lines are counted from 1; blank ones at its ends do not count. */
export interface BlockPlace {
  file: TangledFile
  from: number
  to: number
  /** By line of the block's body, its line in the file; none for a line that stands for another block. */
  numbers: (number | undefined)[]
}

/** By block: its places, one for each file it is in. */
export type Places = Map<Block, BlockPlace[]>

/** The places of all blocks of the files. */
export function placesIn(files: TangledFile[]): Places {
  const places: Places = new Map()
  for (const file of files) {
    file.lines.forEach((line, i) => extend(places, line, file, i + 1))
  }
  return places
}

function extend(places: Places, { block, index, text }: Line, file: TangledFile, line: number): void {
  if (text !== undefined) return // an import that tangling wrote
  const all = places.get(block) ?? []
  places.set(block, all)
  const blank = block.fence.body[index].trim() === ''
  let place = all.at(-1)
  if (place?.file !== file) {
    if (blank) return
    place = { file, from: line, to: line, numbers: [] }
    all.push(place)
  }
  place.numbers[index] = line
  if (!blank) place.to = line
}

/** A line of a block as it is shown, counted from 0, and its number in the file; the lines after it follow it in both. */
export type Run = [shown: number, number: number]

/** The block's lines in runs: one ends where another block stands between, or imports that tangling wrote. */
export function runsOf({ numbers }: BlockPlace, body: string[]): Run[] {
  const first = body.findIndex((line) => line.trim() !== '')
  return numbers.slice(first).flatMap((number, shown, all): Run[] =>
    (number === undefined || all[shown - 1] === number - 1 ? [] : [[shown, number]]))
}

/** How many lines of what surrounds a block are shown on demand. */
const around = 3

/** The lines before a block and after it; fewer at the ends of the file. */
export function surroundings({ file, from, to }: BlockPlace): { before: Line[], after: Line[] } {
  const full = (line: Line) => line.text === undefined && lineText(line).trim() !== ''
  return {
    before: file.lines.slice(0, from - 1).filter(full).slice(-around),
    after: file.lines.slice(to).filter(full).slice(0, around),
  }
}

const declaration = /^\s*(?:export )?(?:default )?(?:abstract )?(?:async )?(?:function\*?|class|interface|type|enum|const|let)\s+([\w$]+)/
const method = /^\s+(?:(?:private|public|static|override|async|get|set)\s+)*\*?(#?[\w$]+)\s*(?:<[^>]*>)?\(.*\{$/
const statements = new Set(['if', 'for', 'while', 'switch', 'catch', 'return', 'function', 'with'])

/** The name that a line of TypeScript defines, if any. */
export function definedIn(text: string): string | undefined {
  const name = declaration.exec(text)?.[1] ?? method.exec(text)?.[1]
  return name && !statements.has(name) ? name : undefined
}

const indentOf = (text: string) => text.search(/\S/)

/** The definition that a block follows, and the one it is inside of. */
export interface Neighbourhood { inside?: string, after?: string }

/** Looks upwards from a block, by indentation, as a reader would. */
export function neighbourhood({ file, from }: BlockPlace): Neighbourhood {
  const depth = indentOf(lineText(file.lines[from - 1]))
  const found: Neighbourhood = {}
  for (let i = from - 2; i >= 0; i--) {
    const text = lineText(file.lines[i])
    const indent = indentOf(text)
    if (indent < 0 || indent > depth) continue
    const name = definedIn(text)
    if (indent < depth) {
      if (name) return { ...found, inside: name }
      continue
    }
    if (name) found.after ??= name
    if (name && depth === 0) return found
  }
  return found
}
