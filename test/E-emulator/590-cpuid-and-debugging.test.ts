import { describe, expect, it } from 'vitest'
import {
  DEBUG_HITS, DR, DR6, DR7, EAX, EBX, ECX, EDX, EFLAGS, EIP, NO_STEP,
  RF, TF,
  type Core,
} from '../../generated/emulator/state/state.ts'
import { cpuid } from '../../generated/emulator/protection/cpuid.ts'
import { afterInstruction, beforeInstruction, isWatched } from
  '../../generated/emulator/protection/debug.ts'
import { rings } from './support/rings.ts'

const text = (...values: number[]): string =>
  String.fromCharCode(...new Uint8Array(Int32Array.from(values).buffer))

function leaf(c: Core, n: number): number[] {
  c.i32[EAX] = n
  cpuid(c)
  return [c.i32[EAX], c.i32[EBX], c.i32[ECX], c.i32[EDX]]
}

describe('E:591 CPUID', () => {
  it('names itself', () => {
    const c = rings()
    const [top, b, x, d] = leaf(c, 0)
    expect(top).toBe(1)
    expect(text(b, d, x)).toBe('JourneyOnX86')
    const brand = [2, 3, 4].flatMap((n) => leaf(c, 0x80000000 + n))
    expect(text(...brand).replace(/\0+$/, ''))
      .toBe('An i386 that stepped out of a book')
    expect(leaf(c, 0x80000000)[0] >>> 0).toBe(0x80000004)
  })

  it('offers what is built', () => {
    const c = rings()
    const bits = leaf(c, 1)[3]
    for (const bit of [4, 5, 6, 8, 15]) {
      expect(bits >>> bit & 1, `bit ${bit}`).toBe(1)
    }
    expect(leaf(c, 0x80000001)[3] >>> 20 & 1).toBe(1)
    expect(leaf(c, 77)).toEqual(leaf(c, 1))
  })
})

describe('E:595 being watched', () => {
  it('stops before a watched instruction, once', () => {
    const c = rings()
    expect(isWatched(c)).toBe(false)
    c.i32[DR + 2] = 0x500
    c.i32[DR7] = 0x400 | 1 << 4
    expect(isWatched(c)).toBe(true)
    c.i32[EIP] = 0x500
    expect(beforeInstruction(c, false)).toBe(true)
    expect(c.i32[DR6] & 0xf).toBe(4)
    c.i32[EFLAGS] |= RF
    expect(beforeInstruction(c, false)).toBe(false)
    expect(c.i32[EFLAGS] & RF).toBe(0)
    c.i32[EIP] = 0x501
    expect(beforeInstruction(c, false)).toBe(false)
  })

  it('traps after a step or a touch', () => {
    const c = rings()
    c.i32[EFLAGS] |= TF
    expect(isWatched(c)).toBe(true)
    expect(beforeInstruction(c, false)).toBe(false)
    expect(afterInstruction(c, false)).toBe(false)
    expect(afterInstruction(c, true)).toBe(true)
    expect(c.i32[DR6] & 0x4000).toBe(0x4000)
    c.i32[DEBUG_HITS] = NO_STEP
    expect(afterInstruction(c, true)).toBe(false)
    c.i32[DEBUG_HITS] = 2
    c.i32[DR7] = 0x2400
    expect(afterInstruction(c, false)).toBe(true)
    expect([c.i32[DR6] & 2, c.i32[DEBUG_HITS]]).toEqual([2, 0])
    expect(c.i32[DR7], 'the handler may look at the registers').toBe(0x400)
  })
})
