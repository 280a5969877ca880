// Packed integers and moves, here and on this machine's own processor.
import { describe, it } from 'vitest'
import { BYTES, DOUBLEWORDS, WORDS } from '../../generated/emulator/sse/lanes.ts'
import { hasNative } from '../support/native.ts'
import { pieces } from '../support/vector-cases.ts'
import { expectSame } from '../support/vector-compare.ts'

const SEED = Number(process.env.SEED ?? 0x5e)
const COUNT = Number(process.env.COUNT ?? 40)

const both = (ops: string[], tail = '') => ops.flatMap((op) =>
  ['', '66 '].flatMap((p) => ['M', 'R', 'S'].map((m) => `${p}0f ${op} ${m}${tail}`)))
const one = (ops: string[], tails = ['']) => ops.flatMap((op) => tails.flatMap((tail) => ['M', 'R'].map((m) => `${op} ${m}${tail}`)))
const immediates = ['00', '01', '07', '0f', '10', '1f', '20', '3f', '40', 'ff']
const GROUPS: Record<string, string[]> = {
  lanes: both([...BYTES, ...WORDS, ...DOUBLEWORDS].map((lane) => lane[1]).concat('d4', 'fb', 'f5', 'f4', 'f6')),
  shifts: [...both(['d1', 'e1', 'f1', 'd2', 'e2', 'f2', 'd3', 'f3']),
    ...['71 d1', '71 e1', '71 f1', '72 d1', '72 e1', '72 f1', '73 d1', '73 f1'].flatMap((f) => immediates.flatMap((i) => [`0f ${f} ${i}`, `66 0f ${f} ${i}`])),
    ...['d9', 'f9'].flatMap((f) => immediates.map((i) => `66 0f 73 ${f} ${i}`))],
  rearranging: [...both(['60', '61', '62', '68', '69', '6a', '63', '67', '6b']), ...one(['66 0f 6c', '66 0f 6d', '0f 14', '0f 15', '66 0f 14', '66 0f 15']),
    ...one(['0f 70', 'f2 0f 70', 'f3 0f 70', '66 0f 70', '0f c6', '66 0f c6'], [' 1b', ' e4', ' 00', ' b1', ' ff'])],
  registers: [...one(['66 0f c4', '0f c4'], [' 00', ' 03', ' 05', ' ff']), ...['66 0f c5', '0f c5'].flatMap((o) => [`${o} R 00`, `${o} R 03`, `${o} R 07`]),
    '66 0f d7 R', '0f d7 R', '0f 50 R', '66 0f 50 R', '66 0f f7 R', '0f f7 R'],
  moves: one(['0f 28', '0f 29', '66 0f 28', '66 0f 29', '66 0f 6f', '66 0f 7f', '0f 10', '0f 11', '66 0f 10', '66 0f 11', 'f3 0f 6f', 'f3 0f 7f', '0f 12', '0f 16',
    'f3 0f 10', 'f3 0f 11', 'f2 0f 10', 'f2 0f 11', 'f3 0f 7e', '66 0f d6', '66 0f 6e', '0f 6e', '0f 6f', '0f 7f']).concat(
    ['0f 13 M', '66 0f 12 M', '66 0f 13 M', '0f 17 M', '66 0f 16 M', '66 0f 17 M', '0f 2b M', '66 0f 2b M', '66 0f e7 M', '0f e7 M', '0f c3 M', 'f3 0f d6 R', 'f2 0f d6 R', '0f 77',
      '66 0f 7e M', '0f 7e M', '66 0f 7e d1', '0f 7e d1', '0f ae 98 00020000', '0f ae e8', '0f ae f0', '0f ae f8', '0f ae b8 00020000', '0f 18 88 00020000', 'f3 90',
      // Unaligned addresses: some fault, some do not.
      '0f 10 88 01020000', '0f 28 88 01020000', '66 0f 6f 88 08020000', 'f3 0f 6f 88 08020000', '66 0f ef 88 04020000', '0f ef 88 04020000', '0f 2b 88 08020000']),
}

describe.skipIf(!hasNative())('P:1820 packed integers beside the hardware', () => {
  for (const [name, forms] of Object.entries(GROUPS)) {
    it(`${name}: ${forms.length} forms, ${COUNT} states each, seed ${SEED}`, () =>
      expectSame(pieces(forms, COUNT, SEED)))
  }
})
