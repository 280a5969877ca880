/** The tokens of a fence's lines, scanned when first asked for. */
import type { Fence } from './markdown.ts'
import { scan, type Token } from './scan.ts'

const scanned = new WeakMap<Fence, Token[][]>()

/** The tokens of each line of a fence, scanned once. */
export function tokensOf(fence: Fence): Token[][] {
  let lines = scanned.get(fence)
  if (!lines) {
    lines = scan(fence.body).map(({ tokens }) => tokens)
    scanned.set(fence, lines)
  }
  return lines
}
