import { describe, expect, test } from 'vitest'
import { ARITHMETIC, changeFlags, condition, readFlags, writeFlags } from '../../generated/emulator/state/flags.ts'
import { CF, Core, OF_FLAG as OF, PF_FLAG as PF, SF, ZF } from '../../generated/emulator/state/state.ts'

const core = new Core(1 << 20)

/** The manual's table of conditions, from a flags image. */
function holds(cc: number, f: number): boolean {
  const is = (bit: number) => (f & bit) !== 0
  const less = is(SF) !== is(OF)
  const pair = [is(OF), is(CF), is(ZF), is(CF) || is(ZF), is(SF), is(PF), less,
    is(ZF) || less][cc >> 1]
  return pair !== ((cc & 1) === 1)
}

describe('E:140 the whole register', () => {
  test('all 64 sets of arithmetic flags come back as they were written', () => {
    for (let f = 0; f < 0x1000; f++) {
      if ((f & ~ARITHMETIC) !== 0) continue
      writeFlags(core, f | 0x200)
      expect(readFlags(core)).toBe(f | 0x202)
    }
  })
  test('bits that do not exist stay clear, bit 1 is set', () => {
    writeFlags(core, -1)
    expect(readFlags(core)).toBe(0x3f7fd7)
  })
})

describe('E:130 sixteen conditions', () => {
  test('agree with the manual for all 64 sets', () => {
    for (let f = 0; f < 0x1000; f++) {
      if ((f & ~ARITHMETIC) !== 0) continue
      writeFlags(core, f)
      for (let cc = 0; cc < 16; cc++) {
        expect(condition(core, cc)).toBe(holds(cc, f))
      }
    }
  })
})

describe('E:140 changing one of them', () => {
  test('keeps the others', () => {
    writeFlags(core, CF | SF)
    changeFlags(core, ZF, 1)
    expect(readFlags(core) & ARITHMETIC).toBe(CF | SF | ZF)
    changeFlags(core, SF, 0)
    expect(readFlags(core) & ARITHMETIC).toBe(CF | ZF)
  })
})
