import { expect } from 'vitest'
import { runNative, runOurs, type Piece } from './native.ts'
import { essence, input } from './vector-cases.ts'

/** Runs the pieces here and there; expects the same. */
export function expectSame(list: Piece[], same = (a: Uint8Array, b: Uint8Array) => essence(a) === essence(b)): void {
  const theirs = runNative(list)
  const ours = runOurs(list)
  const wrong: string[] = []
  list.forEach((piece, p) => {
    let bad = 0
    piece.blocks.forEach((before, n) => {
      if (same(theirs[p][n], ours[p][n])) return
      if (bad++ < Number(process.env.SHOW ?? 2)) {
        wrong.push(`${piece.name}\n in     ${input(before)}\n theirs ${essence(theirs[p][n], true)}\n ours   ${essence(ours[p][n], true)}`)
      }
    })
    if (bad > 0) wrong.push(`${piece.name}: ${bad} of ${piece.blocks.length}`)
  })
  expect(wrong.join('\n')).toBe('')
}
