import { describe, expect, it } from 'vitest'
import {
  CPL, CR0, CR0_EM, CR0_MP, CR0_PG, CR0_TS, CR2, CR3, CR4, CR4_DE,
  CR4_PAE, CR4_TSD, DEBUG_HITS, DR, DR6, DR7, EAX, ECX, EDX, EFER, EFLAGS, IF,
  INSTRUCTIONS_F64, PDPTE, RAM_BASE, SEG, SEG_LIMIT, TR, type Core,
} from '../../generated/emulator/state/state.ts'
import { sysRead32 } from '../../generated/emulator/memory/paging.ts'
import type { Cpu } from '../../generated/emulator/run/cpu.ts'
import * as control from '../../generated/emulator/protection/control.ts'
import { readFlags, writeFlags } from '../../generated/emulator/state/flags.ts'
import {
  TSS, enterRing, faultOf, poke32, rings,
} from './support/rings.ts'
import { tinyMachine } from '../support/tiny-machine.ts'

const GP0 = [13, 0]
const inRing = (ring: number): Core => {
  const c = rings()
  enterRing(c, ring)
  return c
}

describe('E:580 privilege', () => {
  it('is asked for everywhere', () => {
    const c = inRing(1)
    const acts: (() => unknown)[] = [
      () => control.movToCr(c, 0, 1), () => control.movToCr(c, 3, 0),
      () => control.movFromCr(c, 2), () => control.movToDr(c, 7, 0),
      () => control.movFromDr(c, 0), () => control.clts(c),
      () => control.lmsw(c, 1), () => control.invlpgChecked(c, 0),
      () => control.rdmsr(c), () => control.wrmsr(c),
      () => control.cli(c), () => control.sti(c),
    ]
    for (const act of acts) expect(faultOf(act)).toEqual(GP0)
    // hardware: a register that is none is refused before the ring is asked
    expect(faultOf(() => control.movToCr(c, 1, 0))).toEqual([6, -1])
    expect(control.smsw(c)).toBe(0x11)
    expect(faultOf(() => control.movToCr(inRing(0), 1, 0)))
      .toEqual([6, -1])
  })
})

describe('E:581 CR0 and CR4', () => {
  it('refuse impossible values', () => {
    const c = inRing(0)
    expect(faultOf(() => control.movToCr(c, 0, 0x10))).toEqual(GP0)
    expect(faultOf(() => control.movToCr(c, 0, CR0_PG))).toEqual(GP0)
    expect(faultOf(() => control.movToCr(c, 0, 0x20000001))).toEqual(GP0)
    expect(faultOf(() => control.movToCr(c, 4, 1))).toEqual(GP0)
    expect(faultOf(() => control.movToCr(c, 4, 0x10000))).toEqual(GP0)
    control.movToCr(c, 0, 0x60000001)
    expect(control.movFromCr(c, 0)).toBe(0x60000011)
    control.lmsw(c, 0xfffe)
    expect(control.movFromCr(c, 0)).toBe(0x6000001f)
    control.clts(c)
    expect(control.movFromCr(c, 0)).toBe(0x60000017)
    control.movToCr(c, 2, 77)
    expect(c.i32[CR2]).toBe(77)
  })

  it('read the four pointers when PAE paging begins', () => {
    const c = inRing(0)
    control.movToCr(c, 3, 0x7020)
    poke32(c, 0x7020, 0x5001)
    poke32(c, 0x7028, 0x5007)
    control.movToCr(c, 4, CR4_PAE)
    expect(faultOf(() => control.movToCr(c, 0, CR0_PG | 1))).toEqual(GP0)
    expect(c.i32[CR0] & CR0_PG).toBe(0)
    poke32(c, 0x7028, 0x6006)
    control.movToCr(c, 0, CR0_PG | 1)
    expect([c.i32[PDPTE], c.i32[PDPTE + 2]]).toEqual([0x5001, 0x6006])
    poke32(c, 0x7024, 0x10)
    expect(faultOf(() => control.movToCr(c, 3, 0x7020))).toEqual(GP0)
    expect(faultOf(() => control.movToCr(c, 3, 0x7000))).toBe(null)
    expect(c.i32[CR3]).toBe(0x7000)
  })
})

describe('E:583 debug registers', () => {
  it('have fixed bits, aliases and a guard', () => {
    const c = inRing(0)
    control.movToDr(c, 6, 0xf)
    control.movToDr(c, 5, -1)
    expect([c.u32[DR6], c.u32[DR7]]).toEqual([0xffff0fff, 0xffff27ff])
    expect(faultOf(() => control.movFromDr(c, 0))).toEqual([1, -1])
    // what breakpoints struck earlier is not this exception's news
    expect([c.u32[DR6], c.u32[DR7]]).toEqual([0xffff2ff0, 0xffff07ff])
    control.movToDr(c, 7, 0)
    control.movToDr(c, 3, 0x1234)
    expect([c.i32[DR + 3], control.movFromDr(c, 3)])
      .toEqual([0x1234, 0x1234])
    c.i32[CR4] = CR4_DE
    expect(faultOf(() => control.movFromDr(c, 4))).toEqual([6, -1])
  })
})

describe('E:585 model-specific registers', () => {
  const read = (c: Core, n: number): number[] => {
    c.i32[ECX] = n
    control.rdmsr(c)
    return [c.u32[EAX], c.u32[EDX]]
  }
  const write = (c: Core, n: number, low: number, high = 0): void => {
    c.i32[ECX] = n
    c.i32[EAX] = low
    c.i32[EDX] = high
    control.wrmsr(c)
  }

  it('hold what was written, and do not exist otherwise', () => {
    const c = inRing(0)
    for (const n of [0x174, 0x175, 0x176]) write(c, n, n * 3)
    expect(read(c, 0x175)).toEqual([0x175 * 3, 0])
    write(c, 0xc0000080, 0x800)
    expect(c.i32[EFER]).toBe(0x800)
    expect(faultOf(() => write(c, 0xc0000080, 1))).toEqual(GP0)
    expect(faultOf(() => read(c, 0x1b))).toEqual(GP0)
    expect(faultOf(() => write(c, 0x1b, 0))).toEqual(GP0)
  })

  it('count time by instructions if it must repeat', () => {
    const c = inRing(0)
    c.deterministic = true
    c.f64[INSTRUCTIONS_F64] = 2 ** 33 + 5
    control.rdtsc(c)
    expect([c.i32[EAX], c.i32[EDX]]).toEqual([5, 2])
    write(c, 0x10, 7, 1)
    c.f64[INSTRUCTIONS_F64] += 3
    expect(read(c, 0x10)).toEqual([10, 1])
    c.deterministic = false
    c.now = () => 1234.5678
    write(c, 0x10, 0)
    c.now = () => 1235.5678
    expect(read(c, 0x10)).toEqual([1000, 0])
    enterRing(c, 3)
    expect(faultOf(() => control.rdtsc(c))).toBe(null)
    c.i32[CR4] = CR4_TSD
    expect(faultOf(() => control.rdtsc(c))).toEqual(GP0)
  })
})

describe('E:586 flags', () => {
  it('change as far as privilege goes', () => {
    const flags = (ring: number, iopl: number, size = 4): number => {
      const c = inRing(ring)
      writeFlags(c, 2 | iopl << 12)
      control.popFlags(c, 0x277fd5, size)
      return readFlags(c)
    }
    expect(flags(0, 0)).toBe(0x247fd7)
    expect(flags(0, 0, 2)).toBe(0x7fd7)
    expect(flags(1, 0)).toBe(0x244dd7)
    expect(flags(1, 1)).toBe(0x245fd7)
    expect(flags(3, 2)).toBe(0x246dd7)
  })

  it('obey CLI and STI', () => {
    const c = inRing(1)
    writeFlags(c, 0x1002)
    expect(control.sti(c)).toBe(true)
    expect(control.sti(c)).toBe(false)
    expect(c.i32[EFLAGS] & IF).toBe(IF)
    control.cli(c)
    expect(c.i32[EFLAGS] & IF).toBe(0)
  })
})

describe('E:587 ports', () => {
  it('are free below IOPL, by the bitmap above', () => {
    const c = inRing(3)
    const io = (port: number, size: number): boolean =>
      faultOf(() => control.checkIo(c, port, size)) === null
    expect(io(0x80, 1)).toBe(false)
    c.i32[SEG + TR * 8 + SEG_LIMIT] = 0x68 + 33
    poke32(c, TSS + 100, 0x68 << 16)
    for (let at = 0x68; at < 0x90; at += 4) poke32(c, TSS + at, -1)
    c.u8[RAM_BASE + TSS + 0x68 + 16] = 0xf0
    c.u8[RAM_BASE + TSS + 0x68 + 32] = 0
    expect([io(0x80, 1), io(0x80, 4), io(0x84, 1), io(0x82, 4)])
      .toEqual([true, true, false, false])
    expect([io(0x100, 1), io(0x107, 1), io(0x107, 2), io(0x108, 1)])
      .toEqual([true, true, false, false])
    writeFlags(c, 0x3002)
    expect(io(0xffff, 1)).toBe(true)
  })

  it('can be watched', () => {
    const c = inRing(0)
    c.i32[DR] = 0x61
    c.i32[DR7] = 0x400 | 1 | 2 << 16
    control.checkIo(c, 0x61, 1)
    expect(c.i32[DEBUG_HITS]).toBe(0)
    c.i32[CR4] = CR4_DE
    control.checkIo(c, 0x60, 1)
    expect(c.i32[DEBUG_HITS]).toBe(0)
    control.checkIo(c, 0x60, 4)
    expect(c.i32[DEBUG_HITS]).toBe(1)
  })
})

describe('E:588 the coprocessor', () => {
  it('is guarded by EM, TS and MP', () => {
    const c = inRing(0)
    const fpu = (bits: number): unknown[] => {
      c.i32[CR0] = 0x11 | bits
      return [control.requireFpu, control.requireWait,
        control.requireMmx, control.requireSse]
        .map((f) => faultOf(() => f(c))?.[0] ?? 0)
    }
    expect(fpu(0)).toEqual([0, 0, 0, 6])
    c.i32[CR4] = 0x200
    expect(fpu(0)).toEqual([0, 0, 0, 0])
    expect(fpu(CR0_TS)).toEqual([7, 0, 7, 7])
    expect(fpu(CR0_TS | CR0_MP)).toEqual([7, 7, 7, 7])
    expect(fpu(CR0_EM)).toEqual([7, 0, 6, 6])
    expect(c.i32[CPL]).toBe(0)
  })
})

describe('E:582 the pointers of PAE', () => {
  /** PAE paging with the first pointer at 0x20000; then the word in memory is changed. */
  const paged = () => {
    const c = rings()
    const table = (at: number, v: number) => { c.i32[(RAM_BASE + at) >> 2] = v }
    table(0x10000, 0x20001)
    control.loadCr3(c, 0x10000)
    control.loadCr4(c, CR4_PAE)
    for (const directory of [0x20000, 0x21000]) {
      table(directory, (directory === 0x20000 ? 0x30000 : 0x31000) | 3)
      for (let n = 0; n < 512; n++) {
        table((directory === 0x20000 ? 0x30000 : 0x31000) + n * 8, (directory === 0x20000 || n !== 0x50 ? n << 12 : 0x60000) | 3)
      }
    }
    control.loadCr0(c, 0x80000011)
    sysRead32(c, 0x50000)
    table(0x10000, 0x21001)
    table(0x60000, 0x1234)
    return c
  }
  const read = (c: Core) => sysRead32(c, 0x50000)
  it('are read anew when CR4 changes PGE, PSE or PAE, and when CR0 changes CD or NW', () => {
    for (const bit of [0x80, 0x10]) {
      const c = paged()
      control.movToCr(c, 4, CR4_PAE | bit)
      expect(read(c)).toBe(0x1234)
    }
    for (const bits of [0x40000000, 0x60000000]) {
      const c = paged()
      control.movToCr(c, 0, 0x80000011 | bits)
      expect(read(c)).toBe(0x1234)
    }
  })
  it('and not when they change nothing of that kind', () => {
    const c = paged()
    control.movToCr(c, 4, CR4_PAE | 0x600)
    control.movToCr(c, 0, 0x80010013 | 0)
    control.movToCr(c, 4, CR4_PAE | 0x600)
    expect(read(c)).toBe(0)
  })
  it('a malformed one is #GP, and the register is as it was', () => {
    const c = paged()
    c.i32[(RAM_BASE + 0x10000) >> 2] = 0x21003
    expect(faultOf(() => control.movToCr(c, 4, CR4_PAE | 0x80))).toEqual(GP0)
    expect(c.i32[CR4]).toBe(CR4_PAE)
  })
})

describe('E:584 INVLPG', () => {
  /** Reads 0x50000, has the page moved, forgets with these bytes, reads again. */
  const forget = (bytes: number[], mode: (cpu: Cpu) => void = () => {}) => {
    const m = tinyMachine((a) => {
      a.db(0xa1).dd(0x50000)
      // mov dword [table entry], 0x60003
      a.db(0xc7, 0x05).dd(0x21000 + 0x50 * 4).dd(0x60003)
      a.db(...bytes).db(0xa1).dd(0x50000).hlt()
    })
    const { physical, cpu } = m
    for (let n = 0; n < 256; n++) physical.write32(0x21000 + n * 4, (n << 12) | 3)
    physical.write32(0x20000, 0x21003)
    physical.write32(0x60000, 7)
    cpu.cr3 = 0x20000
    cpu.cr0 = 0x80010011
    for (const i of [4, 5]) cpu.setSegment(i, { selector: 0x10, base: 0x40000, limit: 0xfff, flags: 0x4093 })
    mode(cpu)
    expect(cpu.run(100).reason).toBe('halt')
    return cpu.reg(0)
  }
  it('forgets the linear address: base and offset, whatever the limit', () => {
    expect(forget([0x0f, 0x01, 0x3d, 0, 0, 5, 0])).toBe(7)
    expect(forget([0x0f, 0x01, 0x3d, 0, 0, 1, 0])).toBe(0)
    expect(forget([0x64, 0x0f, 0x01, 0x3d, 0, 0, 1, 0])).toBe(7)
    expect(forget([0x65, 0x0f, 0x01, 0x3d, 0, 0, 1, 0])).toBe(7)
    expect(forget([0x65, 0x0f, 0x01, 0x3d, 0, 0, 5, 0])).toBe(0)
    // 16-bit address
    expect(forget([0x65, 0x67, 0x0f, 0x01, 0x3e, 0, 0])).toBe(0)
    const high = (cpu: Cpu) => cpu.setSegment(5, { selector: 0x10, base: 0x48000, limit: 0xfff, flags: 0x4093 })
    expect(forget([0x65, 0x67, 0x0f, 0x01, 0x3e, 0, 0x80], high)).toBe(7)
  })
  it('through a null segment, or one with DS not flat, as well', () => {
    const none = (cpu: Cpu) => cpu.setSegment(4, { selector: 0, base: 0, limit: 0, flags: 0 })
    expect(forget([0x64, 0x0f, 0x01, 0x3d, 0, 0, 5, 0], none)).toBe(7)
  })
})
