import { describe, expect, it } from 'vitest'
import {
  CPL, CS, DS, EAX, ECX, EDX, EFLAGS, EIP, ESP, SEG, SEG_FLAGS, SS,
  SYSENTER_CS, SYSENTER_EIP, SYSENTER_ESP, type Core,
} from '../../generated/emulator/state/state.ts'
import { writeFlags } from '../../generated/emulator/state/flags.ts'
import {
  farCall, farJump, farReturn, sysenter, sysexit,
} from '../../generated/emulator/protection/far.ts'
import {
  GDT, TSS, code, data, descriptor, enterRing, faultOf, gate, poke32,
  rings, selector, stackTop, words,
} from './support/rings.ts'

const CALL_GATE = 0x70
const conforming = (c: Core): void => {
  descriptor(c, 0x48, 0, 0xfffff, 0x9e)
}

function refusedIn(
  ring: number, prepare: (c: Core) => void, act: (c: Core) => void,
): string {
  const c = rings()
  enterRing(c, ring)
  prepare(c)
  const look = (): unknown[] => [c.i32[EIP], c.i32[ESP], c.i32[CPL],
    selector(c, CS), selector(c, SS)]
  const before = look()
  const fault = faultOf(() => act(c))
  if (fault === null) return 'ok'
  expect(look()).toEqual(before)
  return fault.map((n) => n.toString(16)).join()
}

describe('E:561 direct transfers', () => {
  it('go to code of the same ring, or conform', () => {
    const c = rings()
    conforming(c)
    enterRing(c, 3)
    farJump(c, code(3), 0x1234, 4, 0)
    expect([c.i32[EIP], c.i32[CPL]]).toEqual([0x1234, 3])
    farCall(c, 0x48, 0x5678, 4, 0x507)
    expect([c.i32[EIP], c.i32[CPL], selector(c, CS)])
      .toEqual([0x5678, 3, 0x4b])
    expect(words(c, stackTop(3) - 8, 2)).toEqual([0x507, code(3)])
    farReturn(c, 4, 0)
    expect([c.i32[EIP], selector(c, CS)]).toEqual([0x507, code(3)])
    farCall(c, code(3), 0x12345678, 2, 0x507)
    expect([c.i32[EIP], c.i32[ESP]]).toEqual([0x5678, stackTop(3) - 4])
    farReturn(c, 2, 0)
    expect([c.i32[EIP], c.i32[ESP]]).toEqual([0x507, stackTop(3)])
  })

  it('refuse everything else', () => {
    const jump = (sel: number, off = 0) =>
      (c: Core) => farJump(c, sel, off, 4, 0)
    expect(refusedIn(3, () => {}, jump(0))).toBe('d,0')
    expect(refusedIn(3, () => {}, jump(0x1003))).toBe('d,1000')
    expect(refusedIn(3, () => {}, jump(code(0)))).toBe('d,8')
    expect(refusedIn(3, () => {}, jump(data(3)))).toBe('d,40')
    expect(refusedIn(1, () => {}, jump(code(1) | 3))).toBe('d,10')
    expect(refusedIn(0, () => {}, jump(code(1)))).toBe('d,10')
    expect(refusedIn(0, (c) => descriptor(c, 0x48, 0, 0, 0xfe), jump(0x48)))
      .toBe('d,48')
    expect(refusedIn(3, (c) => descriptor(c, code(3), 0, 9, 0x7a),
      jump(code(3)))).toBe('b,20')
    expect(refusedIn(3, (c) => descriptor(c, code(3), 0, 9, 0xfa, 4),
      jump(code(3), 10))).toBe('d,0')
    expect(refusedIn(3, (c) => { c.i32[ESP] = 4; poke32(c, 0, 0)
      descriptor(c, code(3), 0, 9, 0xfa, 4) },
      (c) => farCall(c, code(3), 10, 4, 0))).toBe('d,0')
  })
})

describe('E:562 call gates', () => {
  const gated = (ring = 3, to = 1, count = 2): Core => {
    const c = rings()
    gate(c, 0, code(to), 0xc0001234, 0xec, GDT + CALL_GATE, count)
    enterRing(c, ring)
    return c
  }

  it('lead inwards with parameters, and back', () => {
    const c = gated()
    c.i32[ESP] -= 8
    poke32(c, c.i32[ESP], 0x11)
    poke32(c, c.i32[ESP] + 4, 0x22)
    farCall(c, CALL_GATE | 3, 0x999, 4, 0x507)
    expect([c.u32[EIP], c.i32[CPL], selector(c, CS), selector(c, SS)])
      .toEqual([0xc0001234, 1, code(1), data(1)])
    expect(c.i32[ESP]).toBe(stackTop(1) - 24)
    expect(words(c, c.i32[ESP], 6)).toEqual(
      [0x507, code(3), 0x11, 0x22, stackTop(3) - 8, data(3)])
    farReturn(c, 4, 8)
    expect([c.u32[EIP], c.i32[CPL], c.i32[ESP], selector(c, SS)])
      .toEqual([0x507, 3, stackTop(3), data(3)])
    expect(selector(c, DS)).toBe(data(3))
  })

  it('of sixteen bits push sixteen bits', () => {
    const c = rings()
    gate(c, 0, code(0), 0x1234, 0xe4, GDT + CALL_GATE, 1)
    enterRing(c, 3)
    c.i32[ESP] -= 2
    poke32(c, c.i32[ESP], 0x7777)
    farCall(c, CALL_GATE | 3, 0, 4, 0x507)
    expect(c.i32[ESP]).toBe(stackTop(0) - 10)
    expect(words(c, c.i32[ESP], 2))
      .toEqual([code(3) << 16 | 0x507,
        ((stackTop(3) - 2) << 16 | 0x7777) >>> 0])
    expect(selector(c, SS)).toBe(data(0))
  })

  it('are not for jumping inwards', () => {
    expect(refusedIn(3,
      (c) => gate(c, 0, code(1), 0x10, 0xec, GDT + CALL_GATE),
      (c) => farJump(c, CALL_GATE | 3, 0, 4, 0))).toBe('d,10')
    const c = gated(1)
    farJump(c, CALL_GATE, 0, 4, 0)
    expect(c.u32[EIP]).toBe(0xc0001234)
  })

  it('refuse', () => {
    const call = (c: Core): void => farCall(c, CALL_GATE | 3, 0, 4, 0)
    const set = (sel: number, access: number) =>
      (c: Core) => gate(c, 0, sel, 0x10, access, GDT + CALL_GATE)
    expect(refusedIn(3, set(code(1), 0x8c), call)).toBe('d,70')
    expect(refusedIn(3, set(code(1), 0x6c), call)).toBe('b,70')
    expect(refusedIn(3, set(0, 0xec), call)).toBe('d,0')
    expect(refusedIn(3, set(0x1000, 0xec), call)).toBe('d,1000')
    expect(refusedIn(3, set(data(1), 0xec), call)).toBe('d,30')
    expect(refusedIn(2, set(code(3), 0xec), call)).toBe('d,20')
    expect(refusedIn(3, (c) => { set(code(1), 0xec)(c)
      poke32(c, TSS + 16, data(0)) }, call)).toBe('a,28')
    expect(refusedIn(3, set(code(1), 0xee), call)).toBe('d,70')
  })
})

describe('E:565 returns', () => {
  it('refuse inner rings and bad stacks', () => {
    const frame = (...values: number[]) => (c: Core): void => {
      c.i32[ESP] -= values.length * 4
      values.forEach((v, n) => poke32(c, c.i32[ESP] + n * 4, v))
    }
    const back = (c: Core): void => farReturn(c, 4, 0)
    expect(refusedIn(1, frame(0, code(1)), back)).toBe('ok')
    expect(refusedIn(1, frame(0, code(0)), back)).toBe('d,8')
    expect(refusedIn(1, frame(0, code(0) | 1), back)).toBe('d,8')
    expect(refusedIn(1, frame(0, 0), back)).toBe('d,0')
    expect(refusedIn(1, frame(0, code(3), 0x7000, data(3)), back))
      .toBe('ok')
    expect(refusedIn(1, frame(0, code(3), 0x7000, data(1)), back))
      .toBe('d,30')
  })
})

describe('E:568 the quick doors', () => {
  it('open inwards and outwards', () => {
    const c = rings()
    enterRing(c, 3)
    expect(faultOf(() => sysenter(c))).toEqual([13, 0])
    c.i32[SYSENTER_CS] = code(0)
    c.i32[SYSENTER_ESP] = 0x7000
    c.i32[SYSENTER_EIP] = 0xc0000000
    writeFlags(c, 0x302)
    expect(faultOf(() => sysexit(c))).toEqual([13, 0])
    sysenter(c)
    expect([c.u32[EIP], c.i32[ESP], c.i32[CPL], c.i32[EFLAGS]])
      .toEqual([0xc0000000, 0x7000, 0, 0x102])
    expect([selector(c, CS), selector(c, SS)]).toEqual([8, 0x10])
    c.i32[ECX] = 0x6000
    c.i32[EDX] = 0x8048000
    c.i32[EAX] = 0
    sysexit(c)
    expect([c.u32[EIP], c.i32[ESP], c.i32[CPL]])
      .toEqual([0x8048000, 0x6000, 3])
    expect([selector(c, CS), selector(c, SS)]).toEqual([0x1b, 0x23])
    expect(c.i32[SEG + SS * 8 + SEG_FLAGS]).toBe(0xc0f3)
  })
})
