import { describe, expect, it } from 'vitest'
import {
  CS, DS, ES, FS, GDT_LIMIT, LDTR, MODE, MODE_CODE32, MODE_FLAT,
  MODE_FLAT_CODE, MODE_STACK32, MODE_USER, RAM_BASE, SEG, SEG_BASE,
  SEG_LIMIT, SS,
  TR, type Core,
} from '../../generated/emulator/state/state.ts'
import {
  lar, lldt, loadSegment, lsl, ltr, segAddress, setSegment, verr, verw,
} from '../../generated/emulator/protection/segments.ts'
import {
  GDT, TSS_SELECTOR, code, data, descriptor, enterRing, faultOf, peek32,
  rings, selector,
} from './support/rings.ts'

const ALL = MODE_CODE32 | MODE_STACK32 | MODE_FLAT | MODE_FLAT_CODE

describe('E:515 slots and the mode word', () => {
  it('sums the segments up', () => {
    const c = rings()
    expect(c.i32[MODE]).toBe(ALL)
    enterRing(c, 3)
    expect(c.i32[MODE]).toBe(ALL | MODE_USER)
    loadSegment(c, DS, 0)
    expect(c.i32[MODE]).toBe((ALL & ~MODE_FLAT) | MODE_USER)
    loadSegment(c, DS, data(3))
    expect(c.i32[MODE]).toBe(ALL | MODE_USER)
    setSegment(c, SS, data(3), 0, 0xffffffff, 0x80f3)
    expect(c.i32[MODE] & MODE_STACK32).toBe(0)
    setSegment(c, CS, code(3), 0, 0xbfffffff, 0xc0fb)
    expect(c.i32[MODE] & MODE_FLAT_CODE).toBe(0)
    setSegment(c, ES, data(3), 0, 0xffffffff, 0xc0f1)
    expect(c.i32[MODE] & MODE_FLAT).toBe(0)
  })

  it('reads base and limit out of all the places they hide in', () => {
    const c = rings()
    descriptor(c, 0x50, 0x12345678, 0xabcde, 0x92, 4)
    loadSegment(c, FS, 0x50)
    expect(c.u32[SEG + FS * 8 + SEG_BASE]).toBe(0x12345678)
    expect(c.u32[SEG + FS * 8 + SEG_LIMIT]).toBe(0xabcde)
    descriptor(c, 0x50, 0xf2345678, 0xabcde, 0x92, 0xc)
    loadSegment(c, FS, 0x50)
    expect(c.u32[SEG + FS * 8 + SEG_BASE]).toBe(0xf2345678)
    expect(c.u32[SEG + FS * 8 + SEG_LIMIT]).toBe(0xabcdefff)
  })
})

describe('E:520 from offset to address', () => {
  const at = (
    c: Core, seg: number, offset: number, size: number, write = false,
  ): number | string => {
    let la = 0
    const fault = faultOf(() => {
      la = segAddress(c, seg, offset, size, write)
    })
    return fault === null ? la : fault.join()
  }

  it('keeps accesses inside an upward segment', () => {
    const c = rings()
    setSegment(c, DS, 8, 0x1000, 0x0fff, 0x4093)
    expect(at(c, DS, 0xffc, 4)).toBe(0x1ffc)
    expect(at(c, DS, 0xffd, 4)).toBe('13,0')
    expect(at(c, DS, 0xffffffff, 1)).toBe('13,0')
    expect(at(c, DS, -1, 4)).toBe('13,0')
    setSegment(c, SS, 8, 0x1000, 0x0fff, 0x4093)
    expect(at(c, SS, 0x1000, 1)).toBe('12,0')
  })

  it('and above the limit of a downward one', () => {
    const c = rings()
    setSegment(c, DS, 8, 0x1000, 0x0fff, 0x4097)
    expect(at(c, DS, 0xfff, 1)).toBe('13,0')
    expect(at(c, DS, 0x1000, 4)).toBe(0x2000)
    expect(at(c, DS, 0xfffffffc, 4)).toBe(0xffc)
    expect(at(c, DS, 0xfffffffd, 4)).toBe('13,0')
    setSegment(c, DS, 8, 0, 0x0fff, 0x0097)
    expect(at(c, DS, 0xffff, 1)).toBe(0xffff)
    expect(at(c, DS, 0x10000, 1)).toBe('13,0')
    setSegment(c, DS, 8, 0, 0xffffffff, 0xc097)
    expect(at(c, DS, 0x10000, 1)).toBe('13,0')
  })

  it('wraps where a segment spans everything', () => {
    const c = rings()
    expect(at(c, DS, 0xffffffff, 4)).toBe(-1)
    setSegment(c, FS, 8, 0x10, 0xffffffff, 0xc093)
    expect(at(c, FS, 0xfffffff8, 4)).toBe(8)
  })

  it('knows who may read, who may write and who is null', () => {
    const c = rings()
    setSegment(c, DS, 8, 0, 0xffffffff, 0xc091)
    expect([at(c, DS, 0, 1), at(c, DS, 0, 1, true)]).toEqual([0, '13,0'])
    expect(at(c, CS, 0, 1, true)).toBe('13,0')
    setSegment(c, CS, 8, 0, 0xffffffff, 0xc099)
    expect(at(c, CS, 0, 1)).toBe('13,0')
    loadSegment(c, DS, 3)
    expect(at(c, DS, 0, 1)).toBe('13,0')
    expect(selector(c, DS)).toBe(3)
  })
})

describe('E:525 loads', () => {
  const refused = (
    seg: number, sel: number, ring = 3, prepare = (_: Core): void => {},
  ): string => {
    const c = rings()
    enterRing(c, ring)
    prepare(c)
    const before = selector(c, seg)
    const fault = faultOf(() => loadSegment(c, seg, sel))
    if (fault === null) return 'ok'
    expect(selector(c, seg)).toBe(before)
    return fault.join()
  }

  it('of data segments', () => {
    expect(refused(DS, data(3))).toBe('ok')
    expect(refused(DS, data(1))).toBe(`13,${0x30}`)
    expect(refused(DS, data(1), 1)).toBe('ok')
    expect(refused(DS, data(1) | 2, 1)).toBe(`13,${0x30}`)
    expect(refused(DS, code(3))).toBe('ok')
    expect(refused(DS, TSS_SELECTOR)).toBe(`13,${TSS_SELECTOR}`)
    expect(refused(DS, 0x1ff | 3)).toBe(`13,${0x1fc}`)
    expect(refused(DS, data(3), 3, (c) => { c.i32[GDT_LIMIT] = 0x46 }))
      .toBe(`13,${0x40}`)
    expect(refused(DS, data(3) | 4)).toBe(`13,${0x44}`)
    expect(refused(DS, data(3), 3,
      (c) => descriptor(c, 0x40, 0, 0xfffff, 0x72))).toBe(`11,${0x40}`)
    expect(refused(DS, data(3), 3,
      (c) => descriptor(c, 0x40, 0, 0xfffff, 0xf8))).toBe(`13,${0x40}`)
    expect(refused(DS, 0x4b, 3,
      (c) => descriptor(c, 0x48, 0, 0xfffff, 0x9e))).toBe('ok')
  })

  it('of the stack segment', () => {
    expect(refused(SS, data(3))).toBe('ok')
    expect(refused(SS, 0)).toBe('13,0')
    expect(refused(SS, data(3) & ~3)).toBe(`13,${0x40}`)
    expect(refused(SS, data(1) | 3)).toBe(`13,${0x30}`)
    expect(refused(SS, data(3), 3,
      (c) => descriptor(c, 0x40, 0, 0xfffff, 0xf0))).toBe(`13,${0x40}`)
    expect(refused(SS, data(3), 3,
      (c) => descriptor(c, 0x40, 0, 0xfffff, 0x72))).toBe(`12,${0x40}`)
  })

  it('mark the descriptor as accessed', () => {
    const c = rings()
    loadSegment(c, DS, data(0))
    expect(peek32(c, GDT + data(0) + 4)).toBe(0x00cf9300)
  })
})

describe('E:530 LDTR and TR', () => {
  it('finds local descriptors', () => {
    const c = rings()
    descriptor(c, 0x58, 0x6000, 0x0f, 0x82, 0)
    lldt(c, 0x58)
    c.i32.copyWithin((RAM_BASE + 0x6008) / 4,
      (RAM_BASE + GDT + data(0)) / 4, (RAM_BASE + GDT + data(0)) / 4 + 2)
    loadSegment(c, FS, 0x0c)
    expect(selector(c, FS)).toBe(0x0c)
    expect(faultOf(() => loadSegment(c, FS, 0x14))).toEqual([13, 0x14])
    lldt(c, 0)
    expect(faultOf(() => loadSegment(c, FS, 0x0c))).toEqual([13, 0x0c])
    expect(faultOf(() => lldt(c, TSS_SELECTOR)))
      .toEqual([13, TSS_SELECTOR])
    descriptor(c, 0x58, 0x6000, 0x0f, 0x02, 0)
    expect(faultOf(() => lldt(c, 0x58))).toEqual([11, 0x58])
    expect(selector(c, LDTR)).toBe(0)
  })

  it('takes a task once', () => {
    const c = rings()
    ltr(c, TSS_SELECTOR)
    expect(peek32(c, GDT + TSS_SELECTOR + 4)).toBe(0x00008b00)
    expect(selector(c, TR)).toBe(TSS_SELECTOR)
    expect(faultOf(() => ltr(c, TSS_SELECTOR)))
      .toEqual([13, TSS_SELECTOR])
    expect(faultOf(() => ltr(c, 0))).toEqual([13, 0])
    descriptor(c, TSS_SELECTOR, 0, 0x67, 0x09, 0)
    expect(faultOf(() => ltr(c, TSS_SELECTOR)))
      .toEqual([11, TSS_SELECTOR])
  })
})

describe('E:535 asking', () => {
  it('answers for what could be seen, and only that', () => {
    const c = rings()
    expect(lar(c, data(0))).toBe(0x00c09200)
    expect(lsl(c, data(0))).toBe(0xffffffff)
    expect(lsl(c, TSS_SELECTOR)).toBe(0x67)
    expect([verr(c, code(0)), verw(c, code(0)), verw(c, data(0))])
      .toEqual([true, false, true])
    expect([lar(c, 0), lsl(c, 0x1000), verr(c, 0), verw(c, TSS_SELECTOR)])
      .toEqual([-1, -1, false, false])
    descriptor(c, 0x60, 0, 0, 0x8e, 0)
    expect([lar(c, 0x60), lsl(c, 0x60)]).toEqual([-1, -1])
    descriptor(c, 0x60, 0, 0, 0x8c, 0)
    expect([lar(c, 0x60), lsl(c, 0x60)]).toEqual([0x8c00, -1])
    enterRing(c, 3)
    expect([lar(c, data(1)), verr(c, data(1)), verr(c, data(3))])
      .toEqual([-1, false, true])
    descriptor(c, 0x48, 0, 0xfffff, 0x9e)
    expect(verr(c, 0x48)).toBe(true)
  })
})
