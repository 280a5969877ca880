import { describe, expect, test } from 'vitest'
import { callNumber, KERNEL_CS, KERNEL_DS, LGUEST_CS, LGUEST_DS, LGUEST_REGS_OFFSET, lguestRegs, USER_CS, USER_DS } from '../../generated/abi/common.ts'
import { blockPage, deviceDescriptor, eraA, lguestDma } from '../../generated/abi/era-a.ts'
import { eraByTag, eras } from '../../generated/abi/eras.ts'

describe('era A', () => {
  test('the numbers of the calls', () => {
    const named = { FLUSH_ASYNC: 0, LGUEST_INIT: 1, CRASH: 2, LOAD_GDT: 3, NEW_PGTABLE: 4, FLUSH_TLB: 5, LOAD_IDT_ENTRY: 6, SET_STACK: 7, TS: 8, SET_CLOCKEVENT: 9, HALT: 10, BIND_DMA: 12, SEND_DMA: 13, SET_PTE: 14, SET_PGD: 15, LOAD_TLS: 16, NOTIFY: -1 } as const
    for (const [name, number] of Object.entries(named)) expect(callNumber(eraA, name as keyof typeof named)).toBe(number)
    expect(eraA.calls[11]).toBeNull()
  })

  test('the data page is 1128 bytes and its fields do not overlap', () => {
    const { data } = eraA
    expect([data.size, data.hcallStatus, data.hcalls, data.reserveMem, data.noirqEnd]).toEqual([1128, 20, 84, 1108, 1124])
    expect(data.hcalls).toBe(data.hcallStatus + eraA.hypercall.ringSlots)
    expect(data.reserveMem).toBe(data.hcalls + eraA.hypercall.ringSlots * eraA.hypercall.slotSize)
  })

  test('structures of the devices', () => {
    expect([lguestDma.size, lguestDma.len, deviceDescriptor.size, blockPage.size]).toEqual([100, 68, 12, 20])
  })
})

describe('what all eras share', () => {
  test('selectors carry the ring', () => {
    expect([KERNEL_CS, KERNEL_DS, USER_CS, USER_DS, LGUEST_CS, LGUEST_DS]).toEqual([0x61, 0x69, 0x73, 0x7b, 0x50, 0x58])
  })

  test('the register record is eighteen words and ends its page', () => {
    const offsets = Object.values(lguestRegs).sort((a, b) => a - b)
    expect(offsets).toEqual(Array.from({ length: 18 }, (_, i) => i * 4))
    expect(LGUEST_REGS_OFFSET).toBe(0xfb8)
  })

  test('every era has a tag of its own', () => {
    for (const era of eras) expect(eraByTag(era.tag)).toBe(era)
    expect(eraByTag(0)).toBe(eraA)
    expect(eraByTag(0xabcdef)).toBeNull()
  })
})
