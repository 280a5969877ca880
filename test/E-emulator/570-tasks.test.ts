import { describe, expect, it } from 'vitest'
import {
  CPL, CR0, CR0_TS, CS, DEBUG_HITS, DR6, DS, EFLAGS, EIP, ESP, LDTR, NO_STEP, NT, RAM_BASE, SS,
  STOP, STOP_SHUTDOWN, TR, type Core,
} from '../../generated/emulator/state/state.ts'
import { farCall, farJump, iret } from '../../generated/emulator/protection/far.ts'
import { readFlags, writeFlags } from '../../generated/emulator/state/flags.ts'
import { deliverException } from
  '../../generated/emulator/protection/interrupts.ts'
import {
  GDT, TSS, TSS_SELECTOR, code, data, descriptor, enterRing, faultOf,
  gate, peek32, poke32, rings, selector, words,
} from './support/rings.ts'

const OTHER = 0x88
const OTHER_TSS = 0x4000
const busy = (c: Core, sel: number): boolean =>
  (peek32(c, GDT + sel + 4) & 0x200) !== 0

/** A second task in ring `ring`, with recognisable registers. */
function twoTasks(ring = 1): Core {
  const c = rings()
  descriptor(c, TSS_SELECTOR, TSS, 0x67, 0x8b, 0)
  descriptor(c, OTHER, OTHER_TSS, 0x67, 0x89, 0)
  poke32(c, OTHER_TSS + 32, 0x4444)
  poke32(c, OTHER_TSS + 36, 0x202)
  for (let r = 0; r < 8; r++) poke32(c, OTHER_TSS + 40 + r * 4, 0x100 + r)
  poke32(c, OTHER_TSS + 56, 0xb000)
  for (let i = 0; i < 6; i++) {
    poke32(c, OTHER_TSS + 72 + i * 4, i === CS ? code(ring) : data(ring))
  }
  for (let r = 0; r < 8; r++) if (r !== ESP) c.i32[r] = 0x900 + r
  return c
}

describe('E:575 the switch', () => {
  it('by a jump: everything is saved, everything loaded', () => {
    const c = twoTasks()
    writeFlags(c, 0x646)
    farJump(c, OTHER, 0, 4, 0x507)
    expect([c.i32[EIP], c.i32[CPL], readFlags(c)])
      .toEqual([0x4444, 1, 0x202])
    expect([...c.i32.slice(0, 8)]).toEqual(
      [0x100, 0x101, 0x102, 0x103, 0xb000, 0x105, 0x106, 0x107])
    expect([selector(c, CS), selector(c, SS), selector(c, DS)])
      .toEqual([code(1), data(1), data(1)])
    expect(selector(c, TR)).toBe(OTHER)
    expect([busy(c, TSS_SELECTOR), busy(c, OTHER)]).toEqual([false, true])
    expect(c.i32[CR0] & CR0_TS).toBe(CR0_TS)
    expect(words(c, TSS + 32, 4)).toEqual([0x507, 0x646, 0x900, 0x901])
    expect(peek32(c, TSS + 76)).toBe(code(0))
    expect(c.i32[EFLAGS] & NT).toBe(0)
  })

  it('by a call, and back by IRET', () => {
    const c = twoTasks(0)
    farCall(c, OTHER, 0, 4, 0x507)
    expect([busy(c, TSS_SELECTOR), busy(c, OTHER)]).toEqual([true, true])
    expect(peek32(c, OTHER_TSS) & 0xffff).toBe(TSS_SELECTOR)
    expect(c.i32[EFLAGS] & NT).toBe(NT)
    iret(c, 4, 0x4445)
    expect([c.i32[EIP], c.i32[0], selector(c, TR)])
      .toEqual([0x507, 0x900, TSS_SELECTOR])
    expect([busy(c, TSS_SELECTOR), busy(c, OTHER)]).toEqual([true, false])
    expect(peek32(c, OTHER_TSS + 32)).toBe(0x4445)
    expect(peek32(c, OTHER_TSS + 36) & NT).toBe(0)
  })

  it('by a task gate in a far call, from ring 3', () => {
    const c = twoTasks(0)
    gate(c, 0, OTHER, 0, 0xe5, GDT + 0x70)
    enterRing(c, 3)
    farCall(c, 0x73, 0, 4, 0x507)
    expect([c.i32[CPL], c.i32[EIP]]).toEqual([0, 0x4444])
    iret(c, 4, 0)
    expect([c.i32[CPL], c.i32[EIP], selector(c, SS)])
      .toEqual([3, 0x507, data(3)])
  })

  it('saves a broken machine: a double fault with a task of its own', () => {
    const c = twoTasks(0)
    gate(c, 8, OTHER, 0, 0x85)
    c.i32[ESP] = 0x2fffff00
    c.deviceRead = () => 0
    expect(deliverException(c, 13, 0x10)).toBe(true)
    expect([c.i32[EIP], c.i32[ESP]]).toEqual([0x4444, 0xaffc])
    expect(peek32(c, 0xaffc)).toBe(0)
    expect(peek32(c, TSS + 56)).toBe(0x2fffff00)
  })

  it('with the trap bit: a debug exception before the first instruction', () => {
    const c = twoTasks(0)
    poke32(c, OTHER_TSS + 100, 1)
    gate(c, 1, code(0), 0x7000, 0x8e)
    c.i32[DR6] = 0xffff0ff0 | 5
    farJump(c, OTHER, 0, 4, 0x507)
    expect([c.i32[EIP], c.i32[ESP], selector(c, TR)]).toEqual([0x7000, 0xb000 - 12, OTHER])
    expect(words(c, 0xb000 - 12, 3)).toEqual([0x4444, code(0), 0x202])
    // BT, and no breakpoint of an older exception
    expect(c.i32[DR6] >>> 0).toBe(0xffff8ff0)
    // nor is the handler stepped, if the jump was
    expect(c.i32[DEBUG_HITS] & NO_STEP).not.toBe(0)
  })

  it('refuses a task in virtual 8086 mode, and nothing has happened', () => {
    const c = twoTasks(0)
    poke32(c, OTHER_TSS + 36, 0x20202)
    expect(faultOf(() => farJump(c, OTHER, 0, 4, 0x507))).toEqual([10, OTHER])
    expect([busy(c, TSS_SELECTOR), busy(c, OTHER), selector(c, TR)]).toEqual([true, false, TSS_SELECTOR])
  })

  describe('whose new task faults while it is loaded', () => {
    /** #PF (code 2) through a task gate; the new task's data segment is wrong. */
    const broken = (wrong: (c: Core) => void, ring = 0) => {
      const c = twoTasks(ring)
      gate(c, 14, OTHER, 0, 0x85)
      for (const vector of [10, 11, 12, 13]) gate(c, vector, code(0), 0x7000 + vector, 0x8e)
      poke32(c, OTHER_TSS + 4, 0xd000)
      poke32(c, OTHER_TSS + 8, data(0))
      wrong(c)
      expect(deliverException(c, 14, 2)).toBe(true)
      return c
    }
    it('at its limit of code: its own code on top, the first below', () => {
      const c = broken((c) => {
        descriptor(c, 0x70, 0, 0x100, 0x9a, 4)
        poke32(c, OTHER_TSS + 76, 0x70)
      })
      expect([c.i32[EIP], c.i32[ESP]]).toEqual([0x7000 + 13, 0xb000 - 4 - 16])
      expect(words(c, 0xb000 - 20, 5)).toEqual([1, 0x4444, 0x70, expect.any(Number), 2])
    })
    it('in ring 3: the first on its own stack, the second on that of ring 0', () => {
      const c = broken((c) => {
        descriptor(c, 0x70, 0, 0x100, 0xfa, 4)
        poke32(c, OTHER_TSS + 76, 0x73)
      }, 3)
      expect([c.i32[EIP], c.i32[CPL], c.i32[ESP]]).toEqual([0x7000 + 13, 0, 0xd000 - 24])
      expect(peek32(c, 0xb000 - 4)).toBe(2)
      expect(words(c, 0xd000 - 24, 6)).toEqual([1, 0x4444, 0x73, expect.any(Number), 0xb000 - 4, data(3)])
    })
    it('at a segment: the first is lost, the second marked as external', () => {
      const c = broken((c) => poke32(c, OTHER_TSS + 72 + DS * 4, 0x1f8))
      expect([c.i32[EIP], c.i32[ESP]]).toEqual([0x7000 + 10, 0xb000 - 16])
      expect(words(c, 0xb000 - 16, 2)).toEqual([0x1f8 + 1, 0x4444])
    })
    it('with nobody to tell, the machine shuts down', () => {
      const c = twoTasks(0)
      gate(c, 14, OTHER, 0, 0x85)
      poke32(c, OTHER_TSS + 72 + DS * 4, 0x1f8)
      deliverException(c, 14, 2)
      expect(c.i32[STOP]).toBe(STOP_SHUTDOWN)
    })
  })

  it('in sixteen bits', () => {
    const c = twoTasks(0)
    descriptor(c, OTHER, OTHER_TSS, 0x2b, 0x81, 0)
    const half = (at: number, v: number): void => {
      c.view.setUint16(RAM_BASE + OTHER_TSS + at, v, true)
    }
    half(14, 0x4321)
    half(16, 0x46)
    for (let r = 0; r < 8; r++) half(18 + r * 2, 0x8000 + r)
    for (let i = 0; i < 4; i++) half(34 + i * 2, i === CS ? 8 : data(0))
    half(42, 0)
    farJump(c, OTHER, 0, 4, 0)
    expect([c.i32[EIP], readFlags(c), c.u32[3]])
      .toEqual([0x4321, 0x46, 0xffff8003])
    expect(selector(c, 4)).toBe(0)
  })
})

describe('E:572 refusals', () => {
  const refused = (prepare: (c: Core) => void, sel = OTHER): string => {
    const c = twoTasks()
    prepare(c)
    const fault = faultOf(() => farJump(c, sel, 0, 4, 0x507))
    expect(selector(c, TR)).toBe(fault === null ? OTHER : TSS_SELECTOR)
    return fault === null ? 'ok' : fault.map((n) => n.toString(16)).join()
  }

  it('before the commitment belong to the old task', () => {
    expect(refused(() => {})).toBe('ok')
    expect(refused((c) => enterRing(c, 3))).toBe('d,88')
    expect(refused(() => {}, TSS_SELECTOR)).toBe('d,80')
    expect(refused((c) => descriptor(c, OTHER, 0, 0x67, 0x09, 0)))
      .toBe('b,88')
    expect(refused((c) => descriptor(c, OTHER, 0, 0x66, 0x89, 0)))
      .toBe('a,88')
    expect(refused((c) => gate(c, 0, 0x1000, 0, 0x85, GDT + 0x70), 0x70))
      .toBe('d,1000')
  })

  it('of IRET are an invalid TSS', () => {
    const c = twoTasks()
    c.i32[EFLAGS] |= NT
    poke32(c, TSS, OTHER)
    expect(faultOf(() => iret(c, 4, 0))).toEqual([10, OTHER])
  })

  it('after it, to the new one', () => {
    const c = twoTasks(0)
    gate(c, 10, code(0), 0x7777, 0x8f)
    poke32(c, OTHER_TSS + 84, 0x1000)
    farJump(c, OTHER, 0, 4, 0x507)
    expect(c.i32[EIP]).toBe(0x7777)
    expect(words(c, c.i32[ESP], 3)).toEqual([0x1000, 0x4444, 8])
    expect(selector(c, TR)).toBe(OTHER)
    expect(selector(c, LDTR)).toBe(0)
  })
})
