// Floats and doubles in vectors, here and on this machine's own processor.
import { describe, expect, it } from 'vitest'
import { hasNative, runNative, runOurs } from '../support/native.ts'
import { OUT, essence, pieces } from '../support/vector-cases.ts'
import { expectSame } from '../support/vector-compare.ts'

const SEED = Number(process.env.SEED ?? 0xf1)
const COUNT = Number(process.env.COUNT ?? 50)

const forms = (prefixes: string[], ops: string[], tails = ['']) => prefixes.flatMap((p) => ops.flatMap((op) =>
  tails.flatMap((tail) => ['M', 'R', 'S'].map((m) => `${p}0f ${op} ${m}${tail}`))))
const CALCULATE = ['51', '58', '59', '5c', '5d', '5e', '5f']
const PREDICATES = [' 00', ' 01', ' 02', ' 03', ' 04', ' 05', ' 06', ' 07']
const SINGLES: Record<string, string[]> = {
  arithmetic: forms(['', 'f3 '], CALCULATE), bits: forms(['', '66 '], ['54', '55', '56', '57']),
  comparisons: [...forms(['', 'f3 '], ['c2'], PREDICATES), ...forms([''], ['2e', '2f'])],
  conversions: [...forms([''], ['2a', '2c', '2d', '5a', '5b']), ...forms(['f3 '], ['2a', '2c', '2d', '5a', '5b']), ...forms(['66 '], ['5b', '2a']), ...forms(['f2 '], ['2a']), ...forms(['f3 '], ['e6'])],
}
const DOUBLES: Record<string, string[]> = {
  arithmetic: forms(['66 ', 'f2 '], CALCULATE),
  comparisons: [...forms(['66 ', 'f2 '], ['c2'], PREDICATES), ...forms(['66 '], ['2e', '2f'])],
  conversions: [...forms(['66 '], ['2c', '2d', '5a']), ...forms(['f2 '], ['2c', '2d', '5a']), ...forms(['66 ', 'f2 '], ['e6'])],
}

describe.skipIf(!hasNative())('P:1830 vectors beside the hardware', () => {
  for (const [kind, groups] of [SINGLES, DOUBLES].entries()) {
    for (const [name, list] of Object.entries(groups)) {
      it(`${kind ? 'doubles' : 'floats'}, ${name}: ${list.length} forms, ${COUNT} states each, seed ${SEED}`, () =>
        expectSame(pieces(list, COUNT, SEED, kind)))
      it(`${kind ? 'doubles' : 'floats'}, ${name}: the same with unmasked exceptions`, () =>
        expectSame(pieces(list, COUNT >> 1, SEED + 1, kind, true)))
    }
  }

  it('estimates keep their promise of 12 bits', () => {
    const list = pieces(forms(['', 'f3 '], ['52', '53']), COUNT, SEED, 0)
    const [theirs, ours] = [runNative(list), runOurs(list)]
    list.forEach((piece, p) => piece.blocks.forEach((_, n) => {
      const [a, b] = [theirs[p][n], ours[p][n]].map((x) => new DataView(x.buffer, x.byteOffset))
      for (let lane = 0; lane < 4; lane++) {
        const at = OUT + 160 + 16 + lane * 4
        const [x, y] = [a.getFloat32(at, true), b.getFloat32(at, true)]
        if (Number.isFinite(x) && Math.abs(x - y) <= Math.abs(x) * 3 * 2 ** -12) b.setFloat32(at, x, true)
      }
      expect(essence(ours[p][n]), piece.name).toBe(essence(theirs[p][n]))
    }))
  })
})
