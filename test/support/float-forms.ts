// Every form of floating-point and vector instructions, as bytes: M stands for
// memory, R and S for registers (see x87-cases.ts and vector-cases.ts).
import { BYTES, DOUBLEWORDS, WORDS } from '../../generated/emulator/sse/lanes.ts'
import { OUT, essence as vectorEssence } from './vector-cases.ts'
import { STATE_OUT, essence, ten, type Random } from './x87-cases.ts'

const middle = (opcodes: string[], digits: number[]) => opcodes.flatMap((o) => digits.map((d) => `${o} M${d}`))
const registers = (opcode: string, from: number) => [0, 1, 3].map((i) => `${opcode} ${(from + i).toString(16)}`)
export const X87_FORMS: Record<string, string[]> = {
  'arithmetic with memory': middle(['d8', 'dc', 'da', 'de'], [0, 1, 4, 5, 6, 7]),
  'arithmetic on the stack': ['d8', 'dc', 'de'].flatMap((o) => [0xc0, 0xc8, 0xe0, 0xe8, 0xf0, 0xf8].flatMap((r) => registers(o, r))).concat(['d9 e0', 'd9 e1', 'd9 fa']),
  comparisons: [...middle(['d8', 'dc', 'da', 'de'], [2, 3]), ...['d8 d0', 'd8 d8', 'dd e0', 'dd e8', 'db f0', 'df f0', 'db e8', 'df e8'].flatMap((f) => registers(f.slice(0, 2), parseInt(f.slice(3), 16))), 'de d9', 'da e9', 'd9 e4', 'd9 e5'],
  loads: ['d9 M0', 'dd M0', 'df M0', 'db M0', 'df M5', 'db M5', 'df M4', 'd9 e8', 'd9 e9', 'd9 ea', 'd9 eb', 'd9 ec', 'd9 ed', 'd9 ee', ...registers('d9', 0xc0)],
  stores: ['d9 M2', 'd9 M3', 'dd M2', 'dd M3', 'db M7', 'df M2', 'df M3', 'db M2', 'db M3', 'df M7', 'df M6', ...registers('dd', 0xd0), ...registers('dd', 0xd8)],
  'stack and moves': [...registers('d9', 0xc8), ...registers('dd', 0xc0), ...registers('df', 0xc0), 'd9 d0', 'd9 f6', 'd9 f7', ...[0xc0, 0xc8, 0xd0, 0xd8].flatMap((r) => [...registers('da', r), ...registers('db', r)])],
  parts: ['d9 fc', 'd9 fd', 'd9 f4', 'd9 f8', 'd9 f5'],
}

const C1 = 0x200
/** A number with an exponent in this range. */
const within = (r: Random, low: number, high: number) => {
  const bytes = ten(r)
  const view = new DataView(bytes.buffer)
  view.setUint8(7, view.getUint8(7) | 0x80)
  view.setUint16(8, 16383 + low + r() % (high - low + 1) | (r() & 1) << 15, true)
  return bytes
}
const or = (special: number, usual: (r: Random, i: number) => Uint8Array) => (r: Random, i: number) =>
  r() % special === 0 ? ten(r) : usual(r, i)
export const FUNCTIONS: [string, string, (r: Random, i: number) => Uint8Array][] = [
  ['fsin', 'd9 fe', or(4, (r) => within(r, -70, 64))], ['fcos', 'd9 ff', or(4, (r) => within(r, -40, 64))],
  ['fsincos', 'd9 fb', or(4, (r) => within(r, -10, 20))], ['fptan', 'd9 f2', or(4, (r) => within(r, -40, 64))],
  ['f2xm1', 'd9 f0', (r, i) => i === 0 ? within(r, -70, -1) : ten(r)],
  ['fyl2x', 'd9 f1', or(4, (r) => within(r, -3, 3))],
  ['fyl2xp1', 'd9 f9', (r, i) => i === 0 ? within(r, -70, -3) : or(4, () => within(r, -20, 20))(r, i)],
  ['fpatan', 'd9 f3', or(3, (r) => within(r, -5, 5))],
]
/** Ten bytes as a number of units in the last place. */
function ordinal(after: Uint8Array, i: number): bigint {
  const view = new DataView(after.buffer, after.byteOffset + STATE_OUT + 28 + i * 10)
  const top = BigInt(view.getUint16(8, true))
  const size = (top & 0x7fffn) << 63n | view.getBigUint64(0, true) & (1n << 63n) - 1n
  return top >> 15n ? -size : size
}
/** Nearly the same: results may differ by one unit, and C1 by itself. */
export function near(a: Uint8Array, b: Uint8Array): boolean {
  const copy = b.slice()
  const [va, vb] = [new DataView(a.buffer, a.byteOffset), new DataView(copy.buffer)]
  for (const i of [0, 1]) {
    const distance = ordinal(a, i) - ordinal(b, i)
    if (distance < -1n || distance > 1n) return false
    if (distance !== 0n) vb.setUint16(STATE_OUT + 8, va.getUint16(STATE_OUT + 8, true), true)
    copy.set(a.subarray(STATE_OUT + 28 + i * 10, STATE_OUT + 38 + i * 10), STATE_OUT + 28 + i * 10)
  }
  const [sa, sb] = [va.getUint16(STATE_OUT + 4, true), vb.getUint16(STATE_OUT + 4, true)]
  if (sa & 0x20 && sb & 0x20) vb.setUint16(STATE_OUT + 4, sb & ~C1 | sa & C1, true)
  return essence(a) === essence(copy)
}

const both = (ops: string[], tail = '') => ops.flatMap((op) =>
  ['', '66 '].flatMap((p) => ['M', 'R', 'S'].map((m) => `${p}0f ${op} ${m}${tail}`)))
const one = (ops: string[], tails = ['']) => ops.flatMap((op) => tails.flatMap((tail) => ['M', 'R'].map((m) => `${op} ${m}${tail}`)))
const immediates = ['00', '01', '07', '0f', '10', '1f', '20', '3f', '40', 'ff']
export const PACKED_FORMS: Record<string, string[]> = {
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

const forms = (prefixes: string[], ops: string[], tails = ['']) => prefixes.flatMap((p) => ops.flatMap((op) =>
  tails.flatMap((tail) => ['M', 'R', 'S'].map((m) => `${p}0f ${op} ${m}${tail}`))))
const CALCULATE = ['51', '58', '59', '5c', '5d', '5e', '5f']
const PREDICATES = [' 00', ' 01', ' 02', ' 03', ' 04', ' 05', ' 06', ' 07']
export const SINGLES: Record<string, string[]> = {
  arithmetic: forms(['', 'f3 '], CALCULATE), bits: forms(['', '66 '], ['54', '55', '56', '57']),
  comparisons: [...forms(['', 'f3 '], ['c2'], PREDICATES), ...forms([''], ['2e', '2f'])],
  conversions: [...forms([''], ['2a', '2c', '2d', '5a', '5b']), ...forms(['f3 '], ['2a', '2c', '2d', '5a', '5b']), ...forms(['66 '], ['5b', '2a']), ...forms(['f2 '], ['2a']), ...forms(['f3 '], ['e6'])],
}
export const DOUBLES: Record<string, string[]> = {
  arithmetic: forms(['66 ', 'f2 '], CALCULATE),
  comparisons: [...forms(['66 ', 'f2 '], ['c2'], PREDICATES), ...forms(['66 '], ['2e', '2f'])],
  conversions: [...forms(['66 '], ['2c', '2d', '5a']), ...forms(['f2 '], ['2c', '2d', '5a']), ...forms(['66 ', 'f2 '], ['e6'])],
}
export const ESTIMATES = forms(['', 'f3 '], ['52', '53'])

/** Twelve bits are promised; no more need be equal. */
export function nearEstimates(theirs: Uint8Array, ours: Uint8Array): boolean {
  const copy = ours.slice()
  const [a, b] = [theirs, copy].map((x) => new DataView(x.buffer, x.byteOffset))
  for (let lane = 0; lane < 4; lane++) {
    const at = OUT + 160 + 16 + lane * 4
    const [x, y] = [a.getFloat32(at, true), b.getFloat32(at, true)]
    if (Number.isFinite(x) && Math.abs(x - y) <= Math.abs(x) * 3 * 2 ** -12) b.setFloat32(at, x, true)
  }
  return vectorEssence(theirs) === vectorEssence(copy)
}
