// Sines and cosines by routine: the same bits as by large integers, or none.
import { describe, expect, it } from 'vitest'
import { fcos, fsin, fsincos } from '../../generated/emulator/fpu/angles.ts'
import { routinesOf } from '../../generated/emulator/routines/x87.ts'
import { CR0, Core, FPU_BYTE, FPU_CW, FPU_SW, FPU_TOP, FPU_TW } from '../../generated/emulator/state/state.ts'
import { randoms } from '../support/native.ts'

const SEED = Number(process.env.SEED ?? 0x775)
const COUNT = Number(process.env.COUNT ?? 4000)
const [BIAS, TOP] = [16383, 1n << 63n]
/** Half of the pi with 66 bits, in units of 2^-66. */
const QUARTER = 0x6487ed5110b4611a6n

function machine(quick: boolean): Core {
  const core = new Core(1 << 16)
  const routines = routinesOf(core)
  core.routines = quick ? routines : Object.fromEntries(Object.keys(routines).map((name) => [name, () => 0]))
  return core
}
const [quick, slow] = [machine(true), machine(false)]

interface Number80 { sign: number, exp: number, sig: bigint }
function start(core: Core, { sign, exp, sig }: Number80, cw: number): void {
  core.i32.fill(0, FPU_BYTE / 4, FPU_BYTE / 4 + 32)
  core.i32[CR0] = 0x21
  core.i32[FPU_TOP] = 3
  core.i32[FPU_TW] = 8
  core.i32[FPU_CW] = cw
  core.i32[FPU_SW] = 0x600
  const at = FPU_BYTE / 4 + 12
  core.i32[at] = globalThis.Number(sig & 0xffffffffn)
  core.i32[at + 1] = globalThis.Number(sig >> 32n)
  core.i32[at + 2] = exp | sign << 15
}
const essence = ({ i32 }: Core) => [...i32.subarray(FPU_BYTE / 4, FPU_BYTE / 4 + 32), i32[FPU_SW], i32[FPU_TOP], i32[FPU_TW]].join(' ')

/** Near n quarter turns, as near as a number of 64 bits comes, or a little beside. */
function nearTurns(n: bigint, beside: bigint): Number80 {
  const exact = n * QUARTER
  const length = exact.toString(2).length
  const sig = (exact >> BigInt(length - 64)) + beside
  return { sign: 0, exp: BIAS + length - 1 - 66, sig: sig & TOP ? sig : TOP }
}
function angles(): Number80[] {
  const r = randoms(SEED)
  const any = () => TOP | BigInt(r()) << 32n | BigInt(r())
  const anywhere = Array.from({ length: COUNT }, () => ({ sign: r() & 1, exp: BIAS - 34 + r() % 68, sig: r() % 9 ? any() : TOP }))
  const turns = Array.from({ length: COUNT / 4 }, () => nearTurns(BigInt(1 + r() % 1000), BigInt(r() % 5) - 2n))
  // The borders between quarters: odd multiples of half of one.
  const borders = Array.from({ length: COUNT / 4 }, (_, n) => {
    const { exp, sig } = nearTurns(BigInt(2 * (n % 300) + 1), BigInt(r() % 5) - 2n)
    return { sign: n & 1, exp: exp - 1, sig }
  })
  return [...anywhere, ...turns, ...borders]
}

describe('E:775 sines in a hurry', () => {
  for (const [name, act] of [['fsin', fsin], ['fcos', fcos], ['fsincos', fsincos]] as const) {
    it(`${name}: the same to the last bit, seed ${SEED}`, () => {
      let known = 0
      for (const x of angles()) {
        for (const core of [quick, slow]) start(core, x, 0x37f)
        const before = essence(quick)
        const done = name === 'fsincos' ? quick.routines.fsincos() : quick.routines.fsin(name === 'fcos' ? 1 : 0)
        if (done === 0) {
          expect(essence(quick), `changed ${x.sig.toString(16)}`).toBe(before)
          continue
        }
        known++
        act(slow)
        if (essence(quick) !== essence(slow)) expect(essence(quick), `${name} ${x.sign} ${x.exp - BIAS} ${x.sig.toString(16)}`).toBe(essence(slow))
      }
      expect(known).toBeGreaterThan(COUNT)
    })
  }
  it('asks E:750 in other circumstances', () => {
    for (const cw of [0x77f, 0xb7f, 0xf7f, 0x35f]) {
      start(quick, { sign: 0, exp: BIAS, sig: TOP | 5n }, cw)
      expect(quick.routines.fsin(0), cw.toString(16)).toBe(0)
    }
  })
})
