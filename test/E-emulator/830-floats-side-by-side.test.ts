// Floats and doubles in vectors, here and on this machine's own processor.
import { describe, expect, it } from 'vitest'
import { DOUBLES, ESTIMATES, SINGLES, nearEstimates } from '../support/float-forms.ts'
import { hasNative, runNative, runOurs } from '../support/native.ts'
import { pieces } from '../support/vector-cases.ts'
import { expectSame } from '../support/vector-compare.ts'

const SEED = Number(process.env.SEED ?? 0xf1)
const COUNT = Number(process.env.COUNT ?? 50)

describe.skipIf(!hasNative())('E:830 vectors beside the hardware', () => {
  for (const [kind, groups] of [SINGLES, DOUBLES].entries()) {
    for (const [name, list] of Object.entries(groups)) {
      it(`${kind ? 'doubles' : 'floats'}, ${name}: ${list.length} forms, ${COUNT} states each, seed ${SEED}`, () =>
        expectSame(pieces(list, COUNT, SEED, kind)))
      it(`${kind ? 'doubles' : 'floats'}, ${name}: the same with unmasked exceptions`, () =>
        expectSame(pieces(list, COUNT >> 1, SEED + 1, kind, true)))
    }
  }

  it('estimates keep their promise of 12 bits', () => {
    const list = pieces(ESTIMATES, COUNT, SEED, 0)
    const [theirs, ours] = [runNative(list), runOurs(list)]
    list.forEach((piece, p) => piece.blocks.forEach((_, n) =>
      expect(nearEstimates(theirs[p][n], ours[p][n]), piece.name).toBe(true)))
  })
})
