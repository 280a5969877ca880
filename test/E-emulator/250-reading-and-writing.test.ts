import { describe, expect, it } from 'vitest'
import {
  AC_FLAG, CPL, CR0, CR0_AM, CR0_PG, CR0_WP, CR2, CR3, Core, DEBUG_HITS,
  DR, DR7, EFLAGS, RAM_BASE,
} from '../../generated/emulator/state/state.ts'
import { hasNative, hex, runNative } from '../support/native.ts'
import { tinyMachine } from '../support/tiny-machine.ts'
import { FAULT } from '../../generated/emulator/state/fault.ts'
import { aimTlb, flushAll, resetTlb } from
  '../../generated/emulator/memory/tlb.ts'
import {
  fetch, probeWrite, read16, read32, read8, readForWrite16,
  readForWrite32, readForWrite8, sysRead32, translate, write16, write32,
  write8,
} from '../../generated/emulator/memory/paging.ts'

const TABLE = 0x2000

function poke(c: Core, pa: number, v: number): void {
  c.i32[(RAM_BASE + pa) >> 2] = v
}

/** Pages n and n + 1 lie far apart in RAM: nothing works by accident. */
function paged(): Core {
  const c = new Core(1 << 20)
  poke(c, 0x1000, TABLE | 7)
  for (let n = 0; n < 256; n++) {
    poke(c, TABLE + n * 4, (n * 37 & 0xff) << 12 | 7)
  }
  c.i32[CR0] = CR0_PG | CR0_WP | 1
  c.i32[CR3] = 0x1000
  resetTlb(c)
  return c
}

function faultOf(act: () => unknown): [number, number] | null {
  try { act() } catch (e) {
    if (e !== FAULT) throw e
    return [FAULT.vector, FAULT.code]
  }
  return null
}

describe('E:252 to E:258', () => {
  it('reads what it wrote at any size and alignment, over any edge', () => {
    const c = paged()
    for (let at = 0x40ff0; at < 0x41010; at++) {
      for (let again = 0; again < 2; again++) {
        write32(c, at, 0x81828384 + at)
        expect(read32(c, at)).toBe((0x81828384 + at) | 0)
        expect(read16(c, at + 1)).toBe(((0x81828384 + at) >>> 8) & 0xffff)
        expect(read8(c, at + 3)).toBe(0x81)
        write16(c, at, 0xfffe)
        expect(readForWrite16(c, at)).toBe(0xfffe)
        write8(c, at, 0x17f)
        expect(readForWrite8(c, at)).toBe(0x7f)
        expect(readForWrite32(c, at) & 0xffff).toBe(0xff7f)
        expect(sysRead32(c, at)).toBe(read32(c, at))
        if (again === 0) flushAll(c)
      }
    }
  })

  it('writes nothing unless it can write all', () => {
    const c = paged()
    write32(c, 0x40ffc, 0x11111111)
    poke(c, TABLE + 0x41 * 4, 0x55005)
    flushAll(c)
    expect(faultOf(() => write32(c, 0x40ffe, -1))).toEqual([14, 3])
    expect(c.i32[CR2]).toBe(0x41000)
    expect(read32(c, 0x40ffc)).toBe(0x11111111)
    expect(faultOf(() => readForWrite16(c, 0x40fff))).toEqual([14, 3])
    expect(read16(c, 0x40fff)).toBe(0x11)
    expect(faultOf(() => probeWrite(c, 0x40f00, 0x101))).toEqual([14, 3])
    expect(faultOf(() => probeWrite(c, 0x40f00, 0x100))).toBe(null)
  })

  it('wraps at the end of the address space', () => {
    const c = paged()
    poke(c, 0x1000 + 1023 * 4, 0x3007)
    poke(c, 0x3000 + 1023 * 4, 0x80007)
    poke(c, TABLE, 0x81007)
    write32(c, -2, 0x44332211)
    expect(c.u8[RAM_BASE + 0x80fff]).toBe(0x22)
    expect(c.u8[RAM_BASE + 0x81000]).toBe(0x33)
    expect(read32(c, -2)).toBe(0x44332211)
  })

  it('reaches devices beyond RAM with the size of the access', () => {
    const c = paged()
    const seen: unknown[] = []
    c.deviceRead = (pa, size) => { seen.push(['r', pa, size]); return -1 }
    c.deviceWrite = (pa, size, v) => { seen.push(['w', pa, size, v]) }
    poke(c, TABLE + 0x50 * 4, 0xfee00007)
    expect(read32(c, 0x50004)).toBe(-1)
    expect(read16(c, 0x50008)).toBe(0xffff)
    expect(read8(c, 0x50009)).toBe(0xff)
    write32(c, 0x50010, 5)
    expect(fetch(c, 0x50000)).toBe(-1)
    expect(seen).toEqual([['r', 0xfee00004, 4], ['r', 0xfee00008, 2],
      ['r', 0xfee00009, 1], ['w', 0xfee00010, 4, 5]])
  })

  it('gives the system its own rights', () => {
    const c = paged()
    poke(c, TABLE + 0x60 * 4, 0x60003)
    poke(c, 0x60000, 99)
    c.i32[CPL] = 3
    aimTlb(c)
    expect(sysRead32(c, 0x60000)).toBe(99)
    expect(faultOf(() => read32(c, 0x60000))).toEqual([14, 5])
    expect(translate(c, 0x60000, 4)).toBe(-1)
    expect(translate(c, 0x60123, 0)).toBe(0x60123)
  })
})

describe('E:263 closer looks', () => {
  it('checks alignment in ring 3 if asked', () => {
    const c = paged()
    c.i32[CR0] |= CR0_AM
    c.i32[EFLAGS] = AC_FLAG | 2
    aimTlb(c)
    expect(faultOf(() => read32(c, 0x40001))).toBe(null)
    c.i32[CPL] = 3
    aimTlb(c)
    expect(faultOf(() => read32(c, 0x40001))).toEqual([17, 0])
    expect(faultOf(() => read32(c, 0x40002))).toEqual([17, 0])
    expect(faultOf(() => write16(c, 0x40001, 0))).toEqual([17, 0])
    expect(faultOf(() => readForWrite16(c, 0x40001))).toEqual([17, 0])
    expect(faultOf(() => read32(c, 0x40004))).toBe(null)
    expect(faultOf(() => read8(c, 0x40001))).toBe(null)
  })

  it('notes what breakpoints watch', () => {
    const c = paged()
    const hits = (act: () => unknown): number => {
      c.i32[DEBUG_HITS] = 0
      act()
      return c.i32[DEBUG_HITS]
    }
    c.i32[DR] = 0x40004
    c.i32[DR + 1] = 0x40008
    // 0: writes of 4 bytes; 1: any access of 2 bytes
    c.i32[DR7] = 0x400 | 1 | 4 | 0xd << 16 | 0x7 << 20
    aimTlb(c)
    expect(hits(() => read32(c, 0x40004))).toBe(0)
    expect(hits(() => write8(c, 0x40007, 1))).toBe(1)
    expect(hits(() => write32(c, 0x40001, 1))).toBe(1)
    expect(hits(() => write32(c, 0x40000, 1))).toBe(0)
    expect(hits(() => read16(c, 0x40009))).toBe(2)
    expect(hits(() => read16(c, 0x4000a))).toBe(0)
    expect(hits(() => write32(c, 0x40006, 1))).toBe(3)
    c.i32[DR7] = 0x400
    aimTlb(c)
    expect(hits(() => write32(c, 0x40004, 1))).toBe(0)
  })
})

describe('E:263 alignment checks, as hardware makes them', () => {
  /** Each reads or writes at [EAX]. */
  const OPERANDS: [string, string][] = [
    ['mov 32', '8b08'], ['mov 16', '668b08'], ['bound', 'b900000000 6208'], ['cmpxchg8b', '0fc708'], ['lfs', '0fb408'],
    ['fld m32', 'd900'], ['fld m64', 'dd00'], ['fld m80', 'db28'], ['fild m16', 'df00'], ['fild m32', 'db00'], ['fild m64', 'df28'],
    ['fstp m32', 'd9e8 d918'], ['fstp m64', 'd9e8 dd18'], ['fstp m80', 'd9e8 db38'], ['fistp m64', 'd9e8 df38'], ['fist m16', 'd9e8 df10'],
    ['fbld', 'df20'], ['fbstp', 'd9e8 df30'], ['fadd m64', 'd9e8 dc00'], ['fadd m32', 'd9e8 d800'], ['fcom m64', 'd9e8 dc10'],
    ['fldcw', 'd928'], ['fnstcw', 'd938'], ['fnstsw', 'dd38'], ['fnstenv', 'd930'], ['fnsave', 'dd30'], ['fldenv', 'd920'], ['frstor', 'dd20'],
    ['movq mm', '0f6f00'], ['movq to memory', '0f7f00'], ['paddb mm', '0ffc00'], ['movd mm', '0f6e00'], ['punpckldq mm', '0f6200'],
    ['movsd', 'f20f1000'], ['movsd to memory', 'f20f1100'], ['movss', 'f30f1000'], ['movups', '0f1000'], ['movups to memory', '0f1100'],
    ['movdqu', 'f30f6f00'], ['movdqu to memory', 'f30f7f00'], ['movlps', '0f1200'], ['movhps', '0f1600'], ['movlps to memory', '0f1300'],
    ['movhps to memory', '0f1700'], ['movq xmm', 'f30f7e00'], ['movq xmm to memory', '660fd600'], ['cvtps2pd', '0f5a00'], ['cvtsi2sd', 'f20f2a00'],
    ['addsd', 'f20f5800'], ['cvtpi2ps', '0f2a00'], ['comisd', '660f2f00'], ['movnti', '0fc308'], ['movntq', '0fe700'], ['pinsrw', '0fc40000'],
    ['ldmxcsr', 'b900000000 8908 0fae10'], ['stmxcsr', '0fae18'],
    ['by index', 'b904000000 f20f1004c8'], ['by displacement', 'f20f104020'],
  ]
  const OFFSETS = [0, 1, 2, 4, 8]
  const SET = '9c 810c2400000400 9d'
  const code = (operation: string, offset: number) =>
    hex(`05${offset.toString(16).padStart(2, '0')}000000 ${SET} ${operation}`)

  function inRing3() {
    const m = tinyMachine((a) => { a.db(0x0f, 0x0b) }, { checkTlb: true })
    const { cpu, physical } = m
    physical.write32(0xb004, 0x7000)
    physical.write32(0xb008, 0x10)
    for (let v = 0; v < 32; v++) {
      physical.write32(0x9000 + v * 8, (8 << 16) | 0x1000)
      physical.write32(0x9004 + v * 8, 0x8e00)
    }
    cpu.setSegment(7, { selector: 0x18, base: 0xb000, limit: 0x67, flags: 0x8b })
    cpu.cr0 = 0x40031
    cpu.cr4 = 0x600
    return { ...m, floats: cpu.saveFpu() }
  }
  const made = inRing3()

  /** The vector our processor takes in ring 3. */
  function ours(operation: string, offset: number, base: number): number {
    const { cpu, physical, floats } = made
    const flat = { base: 0, limit: 0xffffffff }
    cpu.setSegment(1, { ...flat, selector: 0x1b, flags: 0xc0fb })
    cpu.setSegment(2, { ...flat, selector: 0x23, flags: 0xc0f3 })
    for (const i of [0, 3, 4, 5]) {
      cpu.setSegment(i, { selector: 0x23, base, limit: base ? 0xffff : 0xffffffff, flags: base ? 0x40f3 : 0xc0f3 })
    }
    physical.fill(0xc000, 4096, 0)
    physical.writeBytes(0x1100, Uint8Array.of(...code(operation, offset), 0xf4))
    cpu.loadFpu(floats)
    cpu.eflags = 2
    cpu.eip = 0x1100
    cpu.setReg(4, 0x8000)
    cpu.setReg(0, 0xc000 - base)
    let vector = -1
    cpu.onTrap = (v) => { vector = v; cpu.stop() }
    cpu.run(1000)
    return vector
  }
  it.skipIf(!hasNative())('the same instructions fault at the same offsets', () => {
    const cases = OPERANDS.flatMap(([name, operation]) => OFFSETS.map((offset) => ({ name, operation, offset })))
    const theirs = runNative(cases.map(({ name, operation, offset }) => (
      { name, code: Uint8Array.of(...code(operation, offset), ...hex('6a02 9d')), blocks: [new Uint8Array(1024)] })))
      .map(([after]) => after[0] === 0xee)
    for (const base of [0, 0x4000]) {
      expect(cases.map(({ name, operation, offset }) => `${name} +${offset}: ${ours(operation, offset, base) === 17}`))
        .toEqual(cases.map(({ name, offset }, n) => `${name} +${offset}: ${theirs[n]}`))
    }
  })
})
