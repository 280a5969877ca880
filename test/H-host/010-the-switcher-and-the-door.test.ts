import { describe, expect, test } from 'vitest'
import { PAGE_SIZE } from '../../generated/abi/common.ts'
import { lguestState } from '../../generated/switcher/layout.ts'
import { makeHost } from './scripted-host.ts'

describe('the Switcher', () => {
  test('B-H-008, B-H-010, B-H-012, B-H-016, B-H-018: one page of text at 0xffc00000, read-only, and it is logged', () => {
    const { host, log } = makeHost()
    const table = host.physical.read32(host.pageDirectory + 1023 * 4) & 0xfffff000
    const entry = host.physical.read32(table)
    expect(entry & 0xfff).toBe(1)
    expect(host.switcherText).toEqual([entry & 0xfffff000])
    expect(log).toEqual(['lguest: mapped switcher at 0xffc00000'])
  })

  test('B-H-011, B-H-019: two pages of the CPU follow, the second is the state page', () => {
    const { host } = makeHost()
    const table = host.physical.read32(host.pageDirectory + 1023 * 4) & 0xfffff000
    expect(host.pagesAddress).toBe(0xffc01000)
    expect(host.physical.read32(table + 8)).toBe(host.statePage | 3)
    expect(host.physical.read32(table + 12)).toBe(0)
  })

  test('B-H-013: nothing of ours leaks into the pages the Guest sees', () => {
    const { host } = makeHost()
    const end = host.physical.readBytes(host.statePage + lguestState.size, PAGE_SIZE - lguestState.size)
    expect(end.every((byte: number) => byte === 0)).toBe(true)
  })

  test('B-H-020 to B-H-023: what stands in the state page', () => {
    const { host, scripted } = makeHost()
    const { physical, statePage } = host
    const seen = host.pagesAddress + PAGE_SIZE
    const pseudo = (at: number) => [physical.read16(statePage + at), physical.read32(statePage + at + 2)]
    expect(pseudo(lguestState.hostGdtDesc)).toEqual([0xff, scripted.gdtr.base])
    expect(pseudo(lguestState.hostIdtDesc)).toEqual([0x7ff, scripted.idtr.base])
    expect(pseudo(lguestState.guestIdtDesc)).toEqual([0x7ff, seen + lguestState.guestIdt])
    expect(pseudo(lguestState.guestGdtDesc)).toEqual([0xff, seen + lguestState.guestGdt])
    const tss = statePage + lguestState.guestTss
    expect([physical.read32(tss + 4), physical.read32(tss + 8), physical.read16(tss + 102)]).toEqual([seen, 0x58, 104])
  })

  test('B-H-026, B-S-012: flags, then a far call to the entry in LGUEST_CS', () => {
    const { host, scripted } = makeHost()
    const code: number = scripted.idtr.base + PAGE_SIZE
    const bytes = host.physical.readBytes(code, 8)
    expect([bytes[0], bytes[1], bytes[2], bytes[7]]).toEqual([0x9c, 0xff, 0x1d, 0xf4])
    const pointer = host.physical.read32(code + 3)
    expect([host.physical.read32(pointer), host.physical.read16(pointer + 4)]).toEqual([host.switchEntry, 0x50])
    expect(host.stubs.every((stub) => stub > 0xffc00000 && stub < 0xffc01000)).toBe(true)
  })

  test('a Host that falls over says so', () => {
    const { host, scripted } = makeHost()
    scripted.run = () => ({ reason: 'halt' as const })
    expect(() => host.enter(0)).toThrow('the Host fell over: halt, trap 0')
  })
})
