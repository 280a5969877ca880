/** The tokens of a block's lines, scanned when first asked for. */
import type { Block } from './book.ts'
import { scan, type ScannedLine } from './scan.ts'

const scanned = new WeakMap<Block, ScannedLine[]>()

export function tokensOf(block: Block): ScannedLine[] {
  let lines = scanned.get(block)
  if (!lines) scanned.set(block, lines = scan(block.fence.body))
  return lines
}

/**
 * Whether the line is text of a template literal opened above: to indent it
 * would change the string.
 */
export function insideTemplate(block: Block, index: number): boolean {
  if (index === 0 || !holdsTemplate(block)) return false
  return tokensOf(block)[index].inside === 'template'
}

const templates = new WeakMap<Block, boolean>()

function holdsTemplate(block: Block): boolean {
  let holds = templates.get(block)
  if (holds === undefined) {
    holds = block.fence.body.some((line) => line.includes('`'))
    templates.set(block, holds)
  }
  return holds
}
