// Each x87 form on random states, here and on this machine's own processor.
import { describe, expect, it } from 'vitest'
import { hasNative, runNative, runOurs } from '../support/native.ts'
import { X87_FORMS } from '../support/float-forms.ts'
import { essence, input, pieces } from '../support/x87-cases.ts'

const SEED = Number(process.env.SEED ?? 0x87)
const COUNT = Number(process.env.COUNT ?? 200)

describe.skipIf(!hasNative())('E:770 the x87 beside the hardware', () => {
  for (const [name, forms] of Object.entries(X87_FORMS)) {
    it(`${name}: ${forms.length} forms, ${COUNT} states each, seed ${SEED}`, () => {
      const list = pieces(forms, COUNT, SEED)
      const theirs = runNative(list)
      const ours = runOurs(list)
      const wrong: string[] = []
      list.forEach((piece, p) => {
        let shown = 0
        piece.blocks.forEach((before, n) => {
          const [a, b] = [essence(theirs[p][n]), essence(ours[p][n])]
          if (a !== b && shown++ < Number(process.env.SHOW ?? 2)) wrong.push(`${piece.name}\n in     ${input(before)}\n theirs ${a}\n ours   ${b}`)
        })
        if (shown) wrong.push(`${piece.name}: ${shown} of ${COUNT}`)
      })
      expect(wrong.join('\n')).toBe('')
    })
  }
})
