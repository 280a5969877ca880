// Packed integers and moves, here and on this machine's own processor.
import { describe, it } from 'vitest'
import { PACKED_FORMS } from '../support/float-forms.ts'
import { hasNative } from '../support/native.ts'
import { pieces } from '../support/vector-cases.ts'
import { expectSame } from '../support/vector-compare.ts'

const SEED = Number(process.env.SEED ?? 0x5e)
const COUNT = Number(process.env.COUNT ?? 40)

describe.skipIf(!hasNative())('E:820 packed integers beside the hardware', () => {
  for (const [name, forms] of Object.entries(PACKED_FORMS)) {
    it(`${name}: ${forms.length} forms, ${COUNT} states each, seed ${SEED}`, () =>
      expectSame(pieces(forms, COUNT, SEED)))
  }
})
