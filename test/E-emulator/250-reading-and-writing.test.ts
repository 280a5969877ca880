import { describe, expect, it } from 'vitest'
import {
  AC_FLAG, CPL, CR0, CR0_AM, CR0_PG, CR0_WP, CR2, CR3, Core, DEBUG_HITS,
  DR, DR7, EFLAGS, RAM_BASE,
} from '../../generated/emulator/state/state.ts'
import { FAULT } from '../../generated/emulator/state/fault.ts'
import { aimTlb, flushTlb, resetTlb } from
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
        if (again === 0) flushTlb(c)
      }
    }
  })

  it('writes nothing unless it can write all', () => {
    const c = paged()
    write32(c, 0x40ffc, 0x11111111)
    poke(c, TABLE + 0x41 * 4, 0x55005)
    flushTlb(c)
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
