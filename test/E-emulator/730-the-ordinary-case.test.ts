// Ordinary sums, products and quotients: exact ones beside, and the edges on hardware.
import { describe, expect, it } from 'vitest'
import { C1, PE } from '../../generated/emulator/fpu/constants.ts'
import { routinesOf } from '../../generated/emulator/routines/x87.ts'
import { Core, FPU_BYTE, FPU_CW, FPU_SW } from '../../generated/emulator/state/state.ts'
import { hasNative, randoms, runNative, runOurs, type Piece } from '../support/native.ts'
import { codeOf, essence, input, stateOf, type Random } from '../support/x87-cases.ts'

const SEED = Number(process.env.SEED ?? 0x1760)
const COUNT = Number(process.env.COUNT ?? 5000)
const BIAS = 16383
const [X, Y, TO] = [0, 1, 2].map((n) => FPU_BYTE / 4 + n * 4)
const OPERATIONS: [string, number][] = [['+', 0], ['*', 1], ['-', 4], ['- from', 5], ['/', 6], ['/ into', 7]]

interface Parts { sign: number, exp: number, sig: bigint }
type Ratio = { num: bigint, den: bigint }

const pick = <T>(r: Random, list: readonly T[]): T => list[r() % list.length]
const TOP = 1n << 63n
const word64 = (r: Random) => BigInt(r()) << 32n | BigInt(r())

/** Significands that end early, that tie, that carry all the way, or any. */
function significand(r: Random): bigint {
  const place = BigInt(r() % 64)
  switch (r() % 6) {
    case 0: return TOP | word64(r) >> place << place
    case 1: return (1n << 64n) - 1n - (word64(r) >> 1n >> place)
    case 2: return TOP | 1n << place
    case 3: return TOP | 0x400n | word64(r) >> place << 11n & TOP - 1n
    default: return TOP | word64(r)
  }
}
const DISTANCES = [0, 0, 1, 1, 2, 10, 11, 12, 31, 32, 33, 52, 53, 54, 63, 64, 65, 66, 95, 96, 97, 200]
function operands(r: Random): [Parts, Parts] {
  const exp = r() % 8 === 0 ? pick(r, [1, 2, 70, 0x7ffe, 0x7ffd, 0x7fbe]) : BIAS - 20 + r() % 40
  const other = Math.min(0x7ffe, Math.max(1, exp + pick(r, DISTANCES) * (r() & 1 ? 1 : -1)))
  const a = { sign: r() & 1, exp, sig: significand(r) }
  const b = { sign: r() & 1, exp: other, sig: significand(r) }
  if (r() % 10 === 0) b.sig = a.sig ^ BigInt(r() % 4) // what nearly cancels
  if (r() % 40 === 0) Object.assign(b, { exp: 0, sig: 0n })
  return [a, b]
}

/** In units of 2^-(BIAS + 63), which makes all of them whole. */
const ratio = ({ sign, exp, sig }: Parts): Ratio => ({ num: (sign ? -sig : sig) << BigInt(exp), den: 1n << BigInt(BIAS + 63) })
function exact(op: number, a: Ratio, b: Ratio): Ratio {
  switch (op) {
    case 0: return { num: a.num + b.num, den: a.den }
    case 1: return { num: a.num * b.num, den: a.den * b.den }
    case 4: return { num: a.num - b.num, den: a.den }
    case 5: return { num: b.num - a.num, den: a.den }
    case 6: return { num: a.num, den: b.num }
    default: return { num: b.num, den: a.num }
  }
}
/** The nearest number of `bits` bits, ties to even; whether it is another, and larger. */
function nearest({ num, den }: Ratio, bits: number): Parts & { inexact: boolean, up: boolean } {
  if (num === 0n) return { sign: 0, exp: 0, sig: 0n, inexact: false, up: false }
  const sign = (num < 0n) !== (den < 0n) ? 1 : 0
  let [n, d] = [num < 0n ? -num : num, den < 0n ? -den : den]
  let exp = n.toString(2).length - d.toString(2).length
  if (exp >= 0) d <<= BigInt(exp)
  else n <<= BigInt(-exp)
  if (n < d) { n *= 2n; exp-- }
  n <<= BigInt(bits - 1)
  let sig = n / d
  const twice = n % d * 2n
  const up = twice > d || twice === d && (sig & 1n) === 1n
  if (up) sig++
  if (sig === 1n << BigInt(bits)) { sig >>= 1n; exp++ }
  return { sign, exp: exp + BIAS, sig: sig << BigInt(64 - bits), inexact: twice !== 0n, up }
}

const core = new Core(1 << 16)
const { calculate } = routinesOf(core)
const ordinary = (op: number) => calculate(op, X * 4, Y * 4, TO * 4) !== 0
function put(at: number, { sign, exp, sig }: Parts): void {
  core.i32[at] = Number(sig & 0xffffffffn)
  core.i32[at + 1] = Number(sig >> 32n)
  core.i32[at + 2] = exp | sign << 15
}
const get = (at: number): Parts => ({
  sign: core.i32[at + 2] >> 15, exp: core.i32[at + 2] & 0x7fff,
  sig: BigInt(core.i32[at + 1] >>> 0) << 32n | BigInt(core.i32[at] >>> 0),
})
const OLD = 0x4703 // conditions and flags that are up already

describe('E:730 ordinary arithmetic', () => {
  for (const [name, op] of OPERATIONS) {
    it(`x ${name} y is exact arithmetic rounded once, ${COUNT} pairs, seed ${SEED}`, () => {
      const r = randoms(SEED + op)
      let ordinaries = 0
      for (let n = 0; n < COUNT; n++) {
        const [a, b] = operands(r)
        const bits = r() & 1 ? 64 : 53
        put(X, a)
        put(Y, b)
        put(TO, { sign: 1, exp: 5, sig: 77n })
        core.i32[FPU_CW] = bits === 64 ? 0x37f : 0x260 | r() & 31
        core.i32[FPU_SW] = OLD
        const told = JSON.stringify([a, b, bits], (_, v) => typeof v === 'bigint' ? v.toString(16) : v)
        if (!ordinary(op)) {
          expect([get(TO), core.i32[FPU_SW]], told).toEqual([{ sign: 1, exp: 5, sig: 77n }, OLD])
          continue
        }
        ordinaries++
        const { inexact, up, ...parts } = op === 1 && b.sig === 0n
          ? { sign: a.sign ^ b.sign, exp: 0, sig: 0n, inexact: false, up: false }
          : nearest(exact(op, ratio(a), ratio(b)), bits)
        const status = OLD & ~C1 | (inexact ? PE : 0) | (up ? C1 : 0)
        expect([get(TO), core.i32[FPU_SW]], told).toEqual([parts, status])
      }
      expect(ordinaries).toBeGreaterThan(COUNT * 0.7)
    })
  }

  it('leaves alone what is not ordinary', () => {
    const one = { sign: 0, exp: BIAS, sig: TOP }
    const odd: [string, Parts][] = [
      ['zero', { sign: 0, exp: 0, sig: 0n }], ['denormal', { sign: 0, exp: 0, sig: 1n }],
      ['pseudo-denormal', { sign: 0, exp: 0, sig: TOP }], ['unnormal', { sign: 0, exp: BIAS, sig: 1n }],
      ['infinity', { sign: 0, exp: 0x7fff, sig: TOP }], ['NaN', { sign: 0, exp: 0x7fff, sig: TOP | 1n }],
    ]
    for (const [what, number] of odd) {
      for (const [name, op] of OPERATIONS) {
        for (const [x, y] of [[one, number], [number, one], [number, number]]) {
          const fine = what === 'zero' && (op === 1 || op < 6 && (x === one || y === one))
          put(X, x)
          put(Y, y)
          core.i32[FPU_CW] = 0x37f
          expect(ordinary(op), `${what} ${name}`).toBe(fine)
        }
      }
    }
  })

  it('leaves alone other circumstances', () => {
    put(X, { sign: 0, exp: BIAS, sig: TOP })
    put(Y, { sign: 0, exp: BIAS, sig: TOP })
    for (const [cw, fine] of [
      [0x37f, true], [0x27f, true], [0x340, false], [0x35f, false], [0x07f, false], [0x17f, false],
      [0x77f, false], [0xb7f, false], [0xf7f, false], [0x360, true],
    ] as const) {
      core.i32[FPU_CW] = cw
      expect(ordinary(0), cw.toString(16)).toBe(fine)
    }
  })
})

/** Numbers at which something changes. */
const EDGES: [number, bigint][] = [
  [BIAS, TOP], [BIAS, TOP | 1n], [BIAS, TOP | 0x400n], [BIAS, TOP | 0xc00n], [BIAS, TOP | 0x800n],
  [BIAS, (1n << 64n) - 1n], [BIAS, (1n << 64n) - 0x800n], [BIAS, (1n << 64n) - 0x400n], [BIAS + 1, TOP | 1n],
  [BIAS - 1, (1n << 64n) - 1n], [BIAS - 53, TOP], [BIAS - 54, TOP | 1n], [BIAS - 63, TOP], [BIAS - 64, TOP],
  [BIAS - 64, TOP | 1n], [BIAS - 65, (1n << 64n) - 1n], [BIAS - 97, TOP], [1, TOP], [1, (1n << 64n) - 1n],
  [2, TOP], [0x7ffe, TOP], [0x7ffe, (1n << 64n) - 1n], [0x7ffd, (1n << 64n) - 1n], [0, 0n], [0, 1n],
  [0, TOP], [0, TOP - 1n], [BIAS, 1n], [0x7fff, TOP],
]
const CONTROLS = [0, 2, 3].flatMap((pc) => [0, 1, 2, 3].flatMap((rc) => [0x3f, 0x1f, 0x2f, 0x37].map((masks) => (
  0x40 | masks | pc << 8 | rc << 10))))

describe.skipIf(!hasNative())('E:730 the edges beside the hardware', () => {
  const numbers = EDGES.flatMap(([exp, sig]) => [0, 1].map((sign) => ({ sign, exp, sig })))
  const pairs = numbers.flatMap((x) => numbers.map((y) => [x, y]))
  for (const [name, form] of [['fadd', 'd8 c1'], ['fmul', 'd8 c9'], ['fsub', 'd8 e1'], ['fsubr', 'd8 e9'], ['fdiv', 'd8 f1']]) {
    // An eighth of them in each run; SEED says which.
    it(`${name}: ${pairs.length} pairs of numbers, ${CONTROLS.length} control words, eighth ${SEED & 7}`, () => {
      const blocks = pairs.flatMap(([x, y], n) => CONTROLS.filter((_, i) => (n + i + SEED & 7) === 0).map((control) => (
        stateOf(control, [x, y]))))
      const pieces: Piece[] = [{ name: form, code: codeOf(form), blocks }]
      const [theirs, ours] = [runNative(pieces)[0], runOurs(pieces)[0]]
      const wrong = blocks.filter((_, n) => essence(theirs[n]) !== essence(ours[n]))
      expect(wrong.slice(0, 3).map(input)).toEqual([])
    }, 120_000)
  }
  /** Any number, or the square of one that has half of the bits, or its neighbour. */
  function lonely(r: Random): Parts {
    const exp = BIAS + pick(r, [-2, -1, 0, 1, 2, 30, 31, 51, 52, 53, 61, 62, 63, 64, 65, 500, 501])
    const root = word64(r) >> 32n | 1n << 31n
    const square = root * root + BigInt(r() % 3) - 1n
    const sig = r() & 1 ? significand(r) : square & TOP ? square : square << 1n | BigInt(r() & 1)
    return { sign: r() & 1, exp, sig: sig | TOP }
  }
  for (const [name, form] of [['fsqrt', 'd9 fa'], ['frndint', 'd9 fc'], ['fxam', 'd9 e5'], ['fcmovb', 'da c1'], ['fcmovnb', 'db c1']]) {
    it(`${name}: ${COUNT} numbers, the edges, any control word, seed ${SEED}`, () => {
      const r = randoms(SEED)
      const both = [...numbers, ...numbers, ...Array.from({ length: COUNT }, () => lonely(r))]
      const usual = [0x37f, 0x27f, 0x77f, 0xb7f, 0xf7f]
      const blocks = both.map((x) => stateOf(pick(r, r() & 3 ? usual : CONTROLS), [x, pick(r, numbers)]))
      const pieces: Piece[] = [{ name: form, code: codeOf(form), blocks }]
      const [theirs, ours] = [runNative(pieces)[0], runOurs(pieces)[0]]
      const wrong = blocks.filter((_, n) => essence(theirs[n]) !== essence(ours[n]))
      expect(wrong.slice(0, 3).map(input)).toEqual([])
    }, 120_000)
  }
})
