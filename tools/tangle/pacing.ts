/**
 * How fast code may come at a reader: fences of a page's length at most, none
 * beside another without a sentence between them, none of any size out of the
 * blue. The book says for which parts this holds in journey/pacing.json.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ParsedChapter } from './book.ts'
import { at, type Diagnostics } from './diagnostics.ts'
import type { Fence } from './markdown.ts'

const file = 'journey/pacing.json'

/** Lines a fence may have, and lines it may have without a sentence before it. */
const longest = 40
const unannounced = 15

interface Pacing {
  /** Letters of the parts that keep the pace. */
  parts: string
  /** Fences that may be longer, by the name of their chunk or file, and why. */
  longer: Record<string, string>
}

/** The book's rules; a book without them sets no pace. Throws where they are no JSON. */
export function readPacing(root: string): Pacing {
  const path = join(root, file)
  if (!existsSync(path)) return { parts: '', longer: {} }
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Pacing
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`)
  }
}

type Chapter = ParsedChapter & { part: string }

/** Reports each fence that comes too long, too soon, or hand in hand with another. */
export function checkPacing(
  chapters: Chapter[], pacing: Pacing, text: (path: string) => string, out: Diagnostics,
): void {
  const used = new Set<string>()
  for (const chapter of chapters) {
    if (!pacing.parts.includes(chapter.part)) continue
    for (const fence of chapter.fences) checkLength(chapter.path, fence, pacing, used, out)
    checkNeighbours(chapter, text(chapter.path).split('\n'), out)
  }
  for (const name of Object.keys(pacing.longer)) {
    if (!used.has(name)) out.error(at(file, 1, 1), `no fence '${name}' needs an exception`, 'take it out')
  }
}

const classes = ({ opening }: Fence) => new Set(opening.match(/(?<=[\s{])\.[a-z-]+/g) ?? [])
const isHidden = (fence: Fence) => classes(fence).has('.hidden')
const nameOf = ({ opening }: Fence) => /\{(?:#|file=)([^\s}]+)/.exec(opening)?.[1] ?? ''

function checkLength(path: string, fence: Fence, pacing: Pacing, used: Set<string>, out: Diagnostics): void {
  const place = at(path, fence.line, fence.column)
  const name = nameOf(fence)
  if (/imports$/.test(name) && !isHidden(fence)) {
    out.error(place, 'imports in full view', 'fold them: add .hidden')
  }
  if (fence.body.length <= longest || isHidden(fence)) return
  if (name in pacing.longer) used.add(name)
  else {
    out.error(place, `this fence has ${fence.body.length} lines, more than ${longest}`,
      `let it grow in pieces, or say in ${file} why '${name}' cannot`)
  }
}

/** What stands over a fence should be a sentence: code and pictures are read one at a time. */
function checkNeighbours(chapter: Chapter, lines: string[], out: Diagnostics): void {
  const shown = chapter.fences.filter((fence) => !isHidden(fence))
  shown.forEach((fence, i) => {
    const above = lines.slice(i === 0 ? 0 : endOf(shown[i - 1]), fence.line - 1)
    const text = withoutFences(above).filter((line) => line.trim() !== '')
    const place = at(chapter.path, fence.line, fence.column)
    if (i > 0 && !text.some((line) => !line.startsWith('#'))) {
      out.error(place, 'no sentence between this fence and the one before', 'say what this one adds')
    } else if (fence.body.length > unannounced && (text.at(-1) ?? '#').startsWith('#')) {
      out.error(place, `${fence.body.length} lines out of the blue`, 'say before them what they do')
    }
  })
}

/** The number of lines up to and with the fence's last. */
const endOf = ({ line, body, closed }: Fence) => line + body.length + (closed ? 1 : 0)

/** Lines without the hidden fences among them. */
function withoutFences(lines: string[]): string[] {
  let inside = false
  return lines.filter((line) => {
    const mark = /^\s*(```|~~~)/.test(line)
    if (mark) inside = !inside
    return !mark && !inside
  })
}
