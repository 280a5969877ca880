import { describe, expect, it } from 'vitest'
import {
  CPL, CS, DS, EFLAGS, EIP, ESP, IDT_LIMIT, IF, SEG, SEG_LIMIT, SS, TR,
  VM, type Core,
} from '../../generated/emulator/state/state.ts'
import {
  acknowledge, deliverException, deliverInterrupt, lower, pending, raise,
  softwareInterrupt,
} from '../../generated/emulator/protection/interrupts.ts'
import { readFlags, writeFlags } from '../../generated/emulator/state/flags.ts'
import { setSegment } from '../../generated/emulator/protection/segments.ts'
import { iret } from '../../generated/emulator/protection/far.ts'
import {
  GDT, TSS, TSS_SELECTOR, code, data, descriptor, enterRing, faultOf,
  gate, peek32, poke32, rings, selector, stackTop, words,
} from './support/rings.ts'

const trap = (dpl: number): number => 0x8f | dpl << 5
const interrupt = (dpl: number): number => 0x8e | dpl << 5

describe('E:551 the passage', () => {
  it('stays on the stack when the ring does', () => {
    const c = rings()
    gate(c, 0x40, code(0), 0x12345678, interrupt(0))
    writeFlags(c, 0x246)
    softwareInterrupt(c, 0x40, 0x502)
    expect(c.i32[EIP]).toBe(0x12345678)
    expect(c.i32[ESP]).toBe(stackTop(0) - 12)
    expect(words(c, stackTop(0) - 12, 3)).toEqual([0x502, 8, 0x246])
    expect(c.i32[EFLAGS] & IF).toBe(0)
  })

  it('goes from ring 3 to ring 1 by esp1, as lguest wants it', () => {
    const c = rings()
    gate(c, 0x80, code(1), 0xc0100000, trap(3))
    enterRing(c, 3)
    writeFlags(c, 0x302)
    softwareInterrupt(c, 0x80, 0x502)
    expect(c.i32[CPL]).toBe(1)
    expect(selector(c, CS)).toBe(code(1))
    expect(selector(c, SS)).toBe(data(1))
    expect(selector(c, DS)).toBe(data(3))
    expect(words(c, stackTop(1) - 20, 5)).toEqual(
      [0x502, code(3), 0x302, stackTop(3), data(3)])
    expect(readFlags(c)).toBe(0x202)
  })

  it('pushes codes of exceptions, and the resume flag of faults', () => {
    const c = rings()
    gate(c, 13, code(0), 0x600, interrupt(0))
    gate(c, 3, code(0), 0x600, interrupt(0))
    enterRing(c, 1)
    expect(deliverException(c, 13, 0xfa)).toBe(true)
    expect(words(c, stackTop(0) - 24, 6)).toEqual(
      [0xfa, 0x500, code(1), 0x10002, stackTop(1), data(1)])
    enterRing(c, 1)
    deliverException(c, 3, -1)
    expect(peek32(c, stackTop(0) - 12)).toBe(2)
  })

  it('uses sixteen bits through the old gates', () => {
    const c = rings()
    gate(c, 0x41, code(0), 0x1234, 0x86)
    softwareInterrupt(c, 0x41, 0x500)
    expect(c.i32[EIP]).toBe(0x1234)
    expect(c.i32[ESP]).toBe(stackTop(0) - 6)
    expect(words(c, stackTop(0) - 8, 2)[1]).toBe(0x00020008)
  })

  it('lets conforming handlers keep the ring', () => {
    const c = rings()
    descriptor(c, 0x48, 0, 0xfffff, 0x9e)
    gate(c, 0x42, 0x48, 0x700, trap(3))
    enterRing(c, 3)
    softwareInterrupt(c, 0x42, 0x502)
    expect(c.i32[CPL]).toBe(3)
    expect(selector(c, CS)).toBe(0x4b)
    expect(c.i32[ESP]).toBe(stackTop(3) - 12)
  })

  it('wraps a sixteen-bit stack', () => {
    const c = rings()
    gate(c, 0x40, code(0), 0x600, trap(0))
    setSegment(c, SS, data(0), 0x10000, 0xffff, 0x0093)
    c.i32[ESP] = 0x7fff0004
    softwareInterrupt(c, 0x40, 0x502)
    expect(c.u32[ESP]).toBe(0x7ffffff8)
    expect(peek32(c, 0x10000)).toBe(2)
    expect(words(c, 0x1fff8, 2)).toEqual([0x502, 8])
  })
})

describe('E:551 refusals of the passage', () => {
  const refused = (
    prepare: (c: Core) => void, vector = 0x40,
  ): [number, number] | null => {
    const c = rings()
    gate(c, 0x40, code(0), 0x600, trap(3))
    enterRing(c, 3)
    prepare(c)
    const before = [c.i32[EIP], c.i32[ESP], c.i32[CPL], selector(c, SS)]
    const fault = faultOf(() => softwareInterrupt(c, vector, 0x502))
    const after = [c.i32[EIP], c.i32[ESP], c.i32[CPL], selector(c, SS)]
    if (fault !== null) expect(after).toEqual(before)
    return fault
  }

  it('of the gate', () => {
    expect(refused(() => {})).toBe(null)
    expect(refused((c) => { c.i32[IDT_LIMIT] = 0x206 }))
      .toEqual([13, 0x202])
    expect(refused((c) => gate(c, 0x40, code(0), 0, 0xee & ~0x60)))
      .toEqual([13, 0x202])
    expect(refused((c) => gate(c, 0x40, code(0), 0, 0x6f)))
      .toEqual([11, 0x202])
    expect(refused((c) => gate(c, 0x40, code(0), 0, 0xec)))
      .toEqual([13, 0x202])
  })

  it('of the code segment', () => {
    expect(refused((c) => gate(c, 0x40, 3, 0, trap(3)))).toEqual([13, 0])
    expect(refused((c) => gate(c, 0x40, 0x1000, 0, trap(3))))
      .toEqual([13, 0x1000])
    expect(refused((c) => gate(c, 0x40, data(0), 0, trap(3))))
      .toEqual([13, 0x28])
    expect(refused((c) => descriptor(c, code(0), 0, 0xfffff, 0x1a)))
      .toEqual([11, 8])
    expect(refused((c) => descriptor(c, code(0), 0, 0x5ff, 0x9a, 4)))
      .toEqual([13, 0])
    expect(refused((c) => { descriptor(c, code(0), 0, 0xfffff, 0xfa)
      enterRing(c, 2) })).toEqual([13, 8])
  })

  it('of the stack', () => {
    expect(refused((c) => { c.i32[SEG + TR * 8 + SEG_LIMIT] = 8 }))
      .toEqual([10, TSS_SELECTOR])
    expect(refused((c) => poke32(c, TSS + 8, 0))).toEqual([10, 0])
    expect(refused((c) => poke32(c, TSS + 8, 0x1000)))
      .toEqual([10, 0x1000])
    expect(refused((c) => poke32(c, TSS + 8, data(0) | 1)))
      .toEqual([10, 0x28])
    expect(refused((c) => poke32(c, TSS + 8, data(1))))
      .toEqual([10, 0x30])
    expect(refused((c) => descriptor(c, data(0), 0, 0xfffff, 0x90)))
      .toEqual([10, 0x28])
    expect(refused((c) => descriptor(c, data(0), 0, 0xfffff, 0x12)))
      .toEqual([12, 0x28])
    expect(refused((c) => descriptor(c, data(0), 0, 0x7fe0, 0x92, 4)))
      .toEqual([12, 0x28])
  })

  it('marks the codes of events as external', () => {
    const c = rings()
    gate(c, 13, code(0), 0x900, trap(0))
    poke32(c, TSS + 8, data(1))
    gate(c, 0x50, code(0), 0x600, trap(0))
    enterRing(c, 3)
    gate(c, 13, code(3), 0x900, trap(0))
    gate(c, 10, code(3), 0xa00, trap(0))
    deliverInterrupt(c, 0x50)
    expect(c.i32[EIP]).toBe(0xa00)
    expect(peek32(c, c.i32[ESP])).toBe(0x31)
  })
})

describe('E:556 exceptions of exceptions', () => {
  it('turns two contributory ones into a double fault', () => {
    const c = rings()
    gate(c, 8, code(0), 0x800, trap(0))
    gate(c, 13, code(0), 0x900, trap(0))
    expect(deliverException(c, 11, 0)).toBe(true)
    expect(c.i32[EIP]).toBe(0x800)
    expect(words(c, c.i32[ESP], 2)).toEqual([0, 0x500])
  })

  it('handles a failure of a harmless one as itself', () => {
    const c = rings()
    gate(c, 13, code(0), 0x900, trap(0))
    expect(deliverException(c, 6, -1)).toBe(true)
    expect(c.i32[EIP]).toBe(0x900)
    expect(peek32(c, c.i32[ESP])).toBe(6 * 8 + 3)
  })

  it('shuts down when the double fault fails too', () => {
    const c = rings()
    expect(deliverException(c, 13, 0)).toBe(false)
    c.i32[IDT_LIMIT] = 0
    expect(deliverInterrupt(c, 0x40)).toBe(false)
  })
})

describe('E:558 requests', () => {
  it('serves the lowest vector first and forgets what was withdrawn', () => {
    const c = rings()
    expect(acknowledge(c)).toBe(-1)
    for (const v of [0xff, 0x40, 0x3f, 0x80]) raise(c, v)
    lower(c, 0x3f)
    expect(pending(c)).toBe(0x40)
    expect([acknowledge(c), acknowledge(c), acknowledge(c),
      acknowledge(c)]).toEqual([0x40, 0x80, 0xff, -1])
  })
})

describe('E:567 IRET', () => {
  const frame = (c: Core, ...values: number[]): void => {
    c.i32[ESP] -= values.length * 4
    values.forEach((v, n) => poke32(c, c.i32[ESP] + n * 4, v))
  }

  it('goes to ring 1 and empties the segments of ring 0', () => {
    const c = rings()
    frame(c, 0x1234, code(1), 0x3202, 0x7000, data(1))
    setSegment(c, DS, data(1), 0, 0xffffffff, 0xc0b3)
    iret(c, 4, 0)
    expect(c.i32[CPL]).toBe(1)
    expect(c.i32[ESP]).toBe(0x7000)
    expect(readFlags(c)).toBe(0x3202)
    expect([0, 3, 4, 5].map((i) => selector(c, i)))
      .toEqual([0, data(1), 0, 0])
  })

  it('lets only ring 0 set IOPL, and only IOPL set IF', () => {
    const c = rings()
    enterRing(c, 1)
    frame(c, 0x1234, code(1), 0x3ad7 | VM)
    iret(c, 4, 0)
    expect(readFlags(c)).toBe(0x8d7)
    writeFlags(c, 0x1002)
    frame(c, 0x1234, code(1), 0x3202)
    iret(c, 4, 0)
    expect(readFlags(c)).toBe(0x1202)
  })

  const refused = (
    ring: number, ...values: number[]
  ): [number, number] | null => {
    const c = rings()
    enterRing(c, ring)
    frame(c, ...values)
    const before = [c.i32[EIP], c.i32[ESP], c.i32[CPL], c.i32[EFLAGS]]
    const fault = faultOf(() => iret(c, 4, 0))
    const after = [c.i32[EIP], c.i32[ESP], c.i32[CPL], c.i32[EFLAGS]]
    if (fault !== null) expect(after).toEqual(before)
    return fault
  }

  it('refuses with the right code', () => {
    expect(refused(1, 0, code(1), 2)).toBe(null)
    expect(refused(1, 0, 0, 2)).toEqual([13, 0])
    expect(refused(1, 0, 0x1000, 2)).toEqual([13, 0x1000])
    expect(refused(1, 0, code(0), 2)).toEqual([13, 8])
    expect(refused(1, 0, data(1), 2)).toEqual([13, 0x30])
    expect(refused(1, 0, code(3), 2, 0x7000, data(1))).toEqual([13, 0x30])
    expect(refused(1, 0, code(3), 2, 0x7000, 3)).toEqual([13, 0])
    expect(refused(1, 0, code(1) & ~3 | 3, 2, 0, data(3)))
      .toEqual([13, 0x10])
    expect(refused(0, 0, code(0), 2 | VM)).toEqual([13, 0])
  })

  it('keeps the upper half of ESP for a sixteen-bit stack', () => {
    const c = rings()
    descriptor(c, 0x50, 0, 0xffff, 0xf2, 0)
    frame(c, 0x1234, code(3), 2, 0x12347000, 0x53)
    c.i32[ESP] |= 0
    iret(c, 4, 0)
    expect(c.u32[ESP]).toBe(0x7000)
  })

  it('reads no descriptor it need not', () => {
    const c = rings()
    frame(c, 0x1234, code(0), 0x46)
    poke32(c, GDT + data(0), 0)
    iret(c, 4, 0)
    expect(readFlags(c)).toBe(0x46)
  })
})
