import { describe, expect, it } from 'vitest'
import {
  CPL, CS, EIP, ESP, MODE, MODE_USER, SEG, SEG_LIMIT, SS, TR,
  type Core,
} from '../../generated/emulator/state/state.ts'
import {
  FRAME, STACK, dropStack, enterInnerStack, peekStack, pushFrame,
  useCurrentStack, useInnerStack,
} from '../../generated/emulator/protection/frames.ts'
import { enterTarget, takeCode } from
  '../../generated/emulator/protection/code-segment.ts'
import { lookUp } from '../../generated/emulator/protection/descriptors.ts'
import { setSegment } from '../../generated/emulator/protection/segments.ts'
import {
  TSS, TSS_SELECTOR, code, data, descriptor, enterRing, faultOf, peek32,
  poke32, rings, selector, stackTop, words,
} from './support/rings.ts'

function push(c: Core, size: number, ...values: number[]): void {
  FRAME.set(values)
  pushFrame(c, values.length, size)
}

describe('E:542 pushing a frame', () => {
  it('stores it whole, first pushed highest', () => {
    const c = rings()
    useCurrentStack(c, 0)
    push(c, 4, 1, 2, 3)
    expect(STACK.esp).toBe(stackTop(0) - 12)
    expect(words(c, stackTop(0) - 12, 3)).toEqual([3, 2, 1])
    expect(c.i32[ESP]).toBe(stackTop(0))
  })

  it('over the edge of a page as well', () => {
    const c = rings()
    c.i32[ESP] = 0x9006
    useCurrentStack(c, 0)
    push(c, 4, 0x11111111, 0x22222222, 0x33333333)
    expect(words(c, 0x9006 - 12, 3))
      .toEqual([0x33333333, 0x22222222, 0x11111111])
    push(c, 2, 0x4444, 0x5555)
    expect(peek32(c, STACK.esp)).toBe(0x44445555)
  })

  it('not at all where the stack ends', () => {
    const c = rings()
    setSegment(c, SS, data(0), 0x7000, 0xfff, 0x4097)
    c.i32[ESP] = 0x1008
    useCurrentStack(c, 0x77)
    expect(faultOf(() => push(c, 4, 1, 2, 3))).toEqual([12, 0x77])
    expect(words(c, 0x7ffc, 4)).toEqual([0, 0, 0, 0])
    push(c, 4, 1, 2)
    expect(words(c, 0x8000, 2)).toEqual([2, 1])
  })
})

describe('E:543 the stack of a more privileged ring', () => {
  it('stands in the TSS, in either size', () => {
    const c = rings()
    enterRing(c, 3)
    useInnerStack(c, 1, 0)
    expect([STACK.esp, STACK.selector]).toEqual([stackTop(1), data(1)])
    setSegment(c, TR, TSS_SELECTOR, TSS, 0x2b, 0x83)
    poke32(c, TSS + 6, data(1) << 16 | 0x7000)
    useInnerStack(c, 1, 0)
    expect([STACK.esp, STACK.selector]).toEqual([0x7000, data(1)])
    enterInnerStack(c)
    expect([c.i32[ESP], selector(c, SS)]).toEqual([0x7000, data(1)])
  })

  it('is an invalid TSS if anything is wrong with it', () => {
    const c = rings()
    enterRing(c, 3)
    const wrong = (ss: number): [number, number] | null => {
      poke32(c, TSS + 16, ss)
      return faultOf(() => useInnerStack(c, 1, 1))
    }
    expect(wrong(0)).toEqual([10, 1])
    expect(wrong(data(2))).toEqual([10, 0x39])
    expect(wrong(code(1))).toEqual([10, 0x11])
    descriptor(c, data(1), 0, 0xfffff, 0x32)
    expect(wrong(data(1))).toEqual([12, 0x31])
    c.i32[SEG + TR * 8 + SEG_LIMIT] = 16
    expect(wrong(data(1))).toEqual([10, TSS_SELECTOR | 1])
  })
})

describe('E:544 reading back', () => {
  it('looks, and moves only when told', () => {
    const c = rings()
    c.i32[ESP] = 0x8000
    poke32(c, 0x8000, 0x11223344)
    poke32(c, 0x8004, 0x55667788)
    expect([peekStack(c, 4, 4), peekStack(c, 2, 2)])
      .toEqual([0x55667788, 0x1122])
    dropStack(c, 8)
    expect(c.i32[ESP]).toBe(0x8008)
    setSegment(c, SS, data(0), 0, 0xffff, 0x0093)
    c.i32[ESP] = 0x7777fffc
    dropStack(c, 8)
    expect(c.u32[ESP]).toBe(0x77770004)
  })
})

describe('E:545 code segments as destinations', () => {
  it('are entered in a ring of their own', () => {
    const c = rings()
    lookUp(c, code(3))
    takeCode(c, code(3) & ~3, 0x1234, 0, true)
    enterTarget(c, 3)
    expect([c.i32[EIP], c.i32[CPL], selector(c, CS)])
      .toEqual([0x1234, 3, code(3)])
    expect(c.i32[MODE] & MODE_USER).toBe(MODE_USER)
  })
})
