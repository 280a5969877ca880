// Offsets as a 32-bit compiler lays out the structures of 2007.
import { describe, expect, it } from 'vitest'
import { lguestRegs } from '../../generated/abi/common.ts'
import {
  lguestPages, lguestState, tss,
} from '../../generated/switcher/layout.ts'

const inPages = (offset: number): number => lguestPages.state + offset

describe('the two pages', () => {
  it('registers end where their page ends', () => {
    expect(lguestPages.regs).toBe(0xfb8)
    expect(lguestPages.regs + lguestRegs.ss + 4).toBe(lguestPages.state)
    expect(lguestPages.regs + lguestRegs.trapnum).toBe(0xfe4)
    expect(lguestPages.size).toBe(0x2000)
  })

  it('the state page follows', () => {
    expect(Object.values(lguestState).map(inPages)).toEqual([
      0x1000, 0x1004, 0x100c, 0x1014, 0x1018, 0x1020, 0x1028, 0x1090, 0x1890,
      0x1990,
    ])
  })

  it('the task state has its fields where the processor looks', () => {
    const { guestTss, guestIdt } = lguestState
    expect(inPages(guestTss + tss.esp0)).toBe(0x102c)
    expect(inPages(guestTss + tss.ss0)).toBe(0x1030)
    expect(inPages(guestTss + tss.esp1)).toBe(0x1034)
    expect(inPages(guestTss + tss.ss1)).toBe(0x1038)
    expect(inPages(guestTss + tss.ioBase)).toBe(0x108e)
    expect(guestTss + tss.size).toBe(guestIdt)
  })
})
