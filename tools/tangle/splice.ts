/**
 * Chapters rewritten by splicing: only the lines of a fence that change are
 * touched, and all else of the chapter stays as it is, byte for byte.
 */
import type { Block } from './book.ts'

/** Lines `from` to `to` (end exclusive) of a block's body become `lines`. */
export interface Splice {
  block: Block
  from: number
  to: number
  lines: string[]
}

/** The chapter's text with the splices made, which do not overlap. */
export function spliced(text: string, splices: Splice[]): string {
  const lines = text.split('\n')
  const first = ({ block, from }: Splice) => block.fence.line + from
  for (const splice of [...splices].sort((a, b) => first(b) - first(a))) {
    const { block, from, to } = splice
    const ending = lines[block.fence.line - 1].endsWith('\r') ? '\r' : ''
    const made = splice.lines.map((line, i) => prefix(lines, block, from + i, to) + line)
    lines.splice(first(splice), to - from, ...made.map((line) => line.trimEnd() + trailing(line) + ending))
  }
  return lines.join('\n')
}

/** Blanks at a line's end are kept, unless the line is nothing but its prefix. */
const trailing = (line: string): string => (/\S/.test(line) ? line.slice(line.trimEnd().length) : '')

/** What stands before the code: the marks of a quote, the indentation of a list. */
function prefix(lines: string[], { fence }: Block, index: number, to: number): string {
  const column = fence.columns?.[Math.min(index, Math.max(to - 1, 0))] ?? 1
  if (index < to) return lines[fence.line + index].slice(0, column - 1)
  const opening = lines[fence.line - 1].slice(0, fence.column - 1)
  return opening.replace(/(?:[-*+]|\d+[.)])(?=\s+$)/, (mark) => ' '.repeat(mark.length))
}
