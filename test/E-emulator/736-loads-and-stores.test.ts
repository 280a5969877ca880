// Loads, stores and comparisons at the edges of their short ways, as machine code.
import { describe, expect, it } from 'vitest'
import { Machine } from '../../generated/emulator/index.ts'
import { hasNative, hex, randoms, runNative, runOurs, type Piece } from '../support/native.ts'
import { codeOf, essence, input, stateOf, type Random } from '../support/x87-cases.ts'

const SEED = Number(process.env.SEED ?? 0x1766)
const COUNT = Number(process.env.COUNT ?? 2000)
const CODE = 0x1000
const DATA = 0x8000
const OUT = 0x8010
const [TO_MEMORY, AX] = ['10800000', 'dfe0']
const [C1, PE] = [0x200, 0x20]

/** Runs `code` on a number at DATA; the bytes at OUT and AX, the status, afterwards. */
const machine = new Machine({ ramBytes: 65536 })
function run(code: string, number: bigint, control = 0x37f): [bigint, number] {
  const { cpu, physical } = machine
  cpu.cr0 = 0x31
  physical.write32(OUT + 16, control)
  physical.writeBytes(CODE, hex(`dbe3 d92d 20800000 ${code} f4`))
  const image = new DataView(new ArrayBuffer(16))
  image.setBigUint64(0, number & (1n << 64n) - 1n, true)
  image.setBigUint64(8, number >> 64n & 0xffffn, true)
  physical.writeBytes(DATA, new Uint8Array(image.buffer))
  physical.writeBytes(OUT, new Uint8Array(16))
  cpu.eip = CODE
  expect(cpu.run(20).reason).toBe('halt')
  const out = physical.readBytes(OUT, 10)
  const view = new DataView(out.buffer, out.byteOffset)
  return [BigInt(view.getUint16(8, true)) << 64n | view.getBigUint64(0, true), cpu.reg(0) & 0xffff]
}
const word64 = (r: Random) => BigInt(r()) << 32n | BigInt(r())
const extended = (sign: number, exp: number, sig: bigint) => BigInt(exp | sign << 15) << 64n | sig
const TOP = 1n << 63n

const view = new DataView(new ArrayBuffer(8))
function doubleOf(bits: bigint): number {
  view.setBigUint64(0, bits)
  return view.getFloat64(0)
}
function bitsOf(x: number): bigint {
  view.setFloat64(0, x)
  return view.getBigUint64(0)
}

describe('E:737 in', () => {
  const LOAD = { double: 'dd05', float: 'd905', long: 'db05', quad: 'df2d' }
  const load = (opcode: string, number: bigint) => run(`${opcode} 00800000 ${AX} db3d ${TO_MEMORY}`, number)[0]
  const value = (n: bigint) => {
    const sig = n & (1n << 64n) - 1n
    const exp = Number(n >> 64n & 0x7fffn) - 16383 - 63
    // Below 54 bits of significand both factors are exact.
    return (n >> 79n ? -1 : 1) * Number(sig) * 2 ** Math.max(exp, -1000) * 2 ** Math.min(exp + 1000, 0)
  }

  it(`has the same number in eighty bits, ${COUNT} of each format, seed ${SEED}`, () => {
    const r = randoms(SEED)
    for (let n = 0; n < COUNT; n++) {
      const bits = word64(r)
      const double = doubleOf(bits)
      if (Math.abs(double) > 2 ** -1022 && Number.isFinite(double)) expect(value(load(LOAD.double, bits))).toBe(double)
      const float = Math.fround((r() - 2 ** 31) * 2 ** (r() % 200 - 120))
      view.setFloat32(0, float)
      if (Math.abs(float) >= 2 ** -126) expect(value(load(LOAD.float, BigInt(view.getUint32(0))))).toBe(float)
      const long = r() >> (r() % 32)
      expect(value(load(LOAD.long, BigInt(long >>> 0)))).toBe(long)
    }
  })

  it('takes all integers of 64 bits as they are', () => {
    for (let place = 0n; place < 64n; place++) {
      for (const n of [1n << place, (1n << place) - 1n, -(1n << place), 1n - (1n << place), (1n << place) + 1n]) {
        const whole = BigInt.asIntN(64, n)
        const size = whole < 0n ? -whole : whole
        const length = size === 0n ? 0 : size.toString(2).length
        const expected = size === 0n ? 0n
          : extended(whole < 0n ? 1 : 0, 16382 + length, size << BigInt(64 - length))
        expect(load(LOAD.quad, BigInt.asUintN(64, whole)).toString(16)).toBe(expected.toString(16))
      }
    }
  })
})

describe('E:738 out', () => {
  const store = (opcode: string, number: bigint, control?: number) => (
    run(`db2d 00800000 ${opcode} ${TO_MEMORY} ${AX}`, number, control))

  it(`a double stored and loaded is what it was, ${COUNT}, seed ${SEED}`, () => {
    const r = randoms(SEED + 1)
    for (let n = 0; n < COUNT; n++) {
      const bits = word64(r)
      const [out, status] = run(`dd05 00800000 dd1d ${TO_MEMORY} ${AX}`, bits)
      if (Number.isNaN(doubleOf(bits)) || Math.abs(doubleOf(bits)) < 2 ** -1022) continue
      expect([out, status & (C1 | PE)]).toEqual([bits, 0])
    }
  })

  it('halves go to even, and a carry reaches the exponent', () => {
    const cases: [bigint, number, number][] = [
      [TOP, 1, 0], [TOP | 1n, 1, PE], [TOP | 0x3ffn, 1, PE], [TOP | 0x400n, 1, PE],
      [TOP | 0x401n, 1 + 2 ** -52, PE | C1], [TOP | 0xc00n, 1 + 2 ** -51, PE | C1], [TOP | 0x800n, 1 + 2 ** -52, 0],
      [(1n << 64n) - 1n, 2, PE | C1], [(1n << 64n) - 0x400n, 2, PE | C1], [(1n << 64n) - 0x401n, 2 - 2 ** -52, PE],
      [TOP | (0xffffffffn << 11n) | 0x600n, 1 + 2 ** -20, PE | C1], // out of the lower word
    ]
    for (const [sig, expected, flags] of cases) {
      for (const sign of [0, 1]) {
        const [out, status] = store('dd1d', extended(sign, 16383, sig))
        expect([doubleOf(out), status & (C1 | PE)], sig.toString(16)).toEqual([sign ? -expected : expected, flags])
      }
    }
  })

  it('of the largest double, half a unit is too much', () => {
    const almost = (TOP - 0x400n) | TOP
    expect(store('dd1d', extended(0, 17406, almost - 1n))[0]).toBe(bitsOf(Number.MAX_VALUE))
    expect(store('dd1d', extended(0, 17406, almost))).toEqual([bitsOf(Infinity), 0x228])
  })

  it(`integers are rounded or cut, ${COUNT} numbers in four directions, seed ${SEED}`, () => {
    const r = randoms(SEED + 2)
    for (let n = 0; n < COUNT; n++) {
      const sign = r() & 1
      const exp = 16383 - 3 + r() % 68
      const sig = TOP | word64(r) >> BigInt(r() % 64) << BigInt(r() % 64) & TOP - 1n
      const rounding = r() % 4
      const [bits, opcode] = [[16, 'df1d'], [32, 'db1d'], [64, 'df3d']][r() % 3] as [number, string]
      const [out, status] = store(opcode, extended(sign, exp, sig), 0x37f | rounding << 10)
      const expected = integer(sign, exp, sig, rounding)
      const fits = BigInt.asIntN(bits, expected.whole) === expected.whole
      const told = `${sign} ${exp} ${sig.toString(16)} to ${bits}, ${rounding}`
      expect(BigInt.asIntN(bits, out), told).toBe(fits ? expected.whole : -1n << BigInt(bits - 1))
      expect(status & (C1 | PE | 1), told).toBe(fits ? (expected.lost ? PE : 0) | (expected.up ? C1 : 0) : 1)
    }
  })
})

/** The whole number that a number becomes; was something lost, did its size grow. */
function integer(sign: number, exp: number, sig: bigint, rounding: number) {
  const scale = 1n << BigInt(Math.max(0, 16383 + 63 - exp))
  const size = exp > 16383 + 63 ? sig << BigInt(exp - 16383 - 63) : sig
  const [whole, rest] = [size / scale, size % scale]
  const up = [
    rest * 2n > scale || rest * 2n === scale && (whole & 1n) === 1n,
    sign === 1 && rest > 0n, sign === 0 && rest > 0n, false][rounding]
  const grown = whole + (up ? 1n : 0n)
  return { whole: sign ? -grown : grown, lost: rest > 0n, up }
}

const ONES = (1n << 64n) - 1n
const NUMBERS: [number, bigint][] = [
  [0, 0n], [0, 1n], [0, TOP], [1, TOP], [15360, ONES], [15361, TOP], [15361, TOP | 1n], [15309, TOP], [16256, ONES],
  [16257, TOP], [16382, TOP], [16382, TOP | 1n], [16381, ONES], [16383, TOP], [16383, TOP | 1n], [16383, TOP | 0x400n],
  [16383, TOP | 0x80n << 32n], [16383, TOP | 0x180n << 32n], [16383, TOP | 1n << 62n], [16384, TOP | 1n << 62n], [16383, ONES],
  [16397, TOP], [16397, ONES], [16398, TOP], [16413, ONES], [16413, TOP], [16414, TOP], [16445, ONES], [16445, TOP], [16446, TOP],
  [16510, ONES], [16510, TOP], [16511, TOP], [17406, ONES], [17406, TOP], [17407, TOP], [0x7ffe, ONES], [0x7fff, TOP],
  [0x7fff, TOP | 1n], [0x7fff, TOP | 1n << 62n], [16383, 1n],
]
const CONTROLS = [0x37f, 0x35f, 0x340, 0x36f, 0x367, 0x27f, 0x77f, 0xb7f, 0xf7f, 0xf5f]
const STORES = ['d9 M2', 'd9 M3', 'dd M2', 'dd M3', 'df M2', 'df M3', 'db M2', 'db M3', 'df M7']
const COMPARISONS = ['d8 d1', 'd8 d9', 'dd e1', 'dd e9', 'db f1', 'df f1', 'db e9', 'df e9', 'de d9', 'da e9', 'd9 e4']

describe.skipIf(!hasNative())('E:736 the edges beside the hardware', () => {
  const numbers = NUMBERS.flatMap(([exp, sig]) => [0, 1].map((sign) => ({ sign, exp, sig })))
  const differing = (form: string, blocks: Uint8Array[]) => {
    const pieces: Piece[] = [{ name: form, code: codeOf(form), blocks }]
    const [theirs, ours] = [runNative(pieces)[0], runOurs(pieces)[0]]
    return blocks.filter((_, n) => essence(theirs[n]) !== essence(ours[n])).slice(0, 3).map(input)
  }
  it.each(STORES)('store %s', (form) => {
    expect(differing(form, numbers.flatMap((x) => CONTROLS.map((control) => stateOf(control, [x]))))).toEqual([])
  })
  it.each(COMPARISONS)('comparison %s', (form) => {
    const pairs = numbers.flatMap((x) => numbers.map((y) => [x, y]))
    expect(differing(form, pairs.map((pair) => stateOf(0x37f, pair)))).toEqual([])
    expect(differing(form, pairs.filter((_, n) => n % 7 === 0).map((pair) => stateOf(0x37d, pair)))).toEqual([])
  })
})
