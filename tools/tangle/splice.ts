/**
 * Chapters rewritten by splicing: only the lines of a fence that change are
 * touched, and all else of the chapter stays as it is, byte for byte.
 */
import type { Block } from './book.ts'
import { wholeLines, type Line } from './lines.ts'

/** Lines `from` to `to` (end exclusive) of a block's body become `lines`. */
export interface Splice {
  block: Block
  from: number
  to: number
  lines: string[]
}

/** The chapter's text with the splices made, which do not overlap. */
export function spliced(text: string, splices: Splice[]): string {
  const [, mark, bare] = /^(\uFEFF?)([^]*)$/.exec(text)!
  const lines = wholeLines(bare)
  const first = ({ block, from }: Splice) => block.fence.line + from
  for (const splice of [...splices].sort((a, b) => first(b) - first(a))) {
    const { block, from, to } = splice
    const { end } = lines[block.fence.line - 1]
    const made = splice.lines.map((code, i) => ({ text: withPrefix(lines, block, from + i, to, code), end }))
    lines.splice(first(splice), to - from, ...made)
  }
  return mark + lines.map((line) => line.text + line.end).join('')
}

function withPrefix(lines: Line[], block: Block, index: number, to: number, code: string): string {
  const before = prefix(lines, block, index, to)
  return code === '' ? before.trimEnd() : before + code
}

/** What stands before the code: the marks of a quote, the indentation of a list. */
function prefix(lines: Line[], { fence }: Block, index: number, to: number): string {
  const opening = lines[fence.line - 1].text.slice(0, fence.column - 1)
  const column = fence.columns?.[index] ?? 1
  const own = index < to ? lines[fence.line + index].text.slice(0, column - 1) : ''
  if (own.length >= opening.length) return own
  return opening.replace(/[-*+]|\d+[.)]/g, (mark) => ' '.repeat(mark.length))
}
