/** The tokens of a block's lines, scanned when first asked for. */
import type { Block } from './book.ts'
import { scan, type Token } from './scan.ts'

const scanned = new WeakMap<Block, Token[][]>()

export function tokensOf(block: Block): Token[][] {
  let lines = scanned.get(block)
  if (!lines) {
    lines = scan(block.fence.body).map(({ tokens }) => tokens)
    scanned.set(block, lines)
  }
  return lines
}
