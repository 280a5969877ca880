import { beforeEach, describe, expect, test } from 'vitest'
import { guestClearAll, guestNewPagetable, shadowDirectory } from '../../generated/host/page-tables/switching.ts'
import { initGuestPagetable } from '../../generated/host/page-tables/birth.ts'
import { mapSwitcherInGuest } from '../../generated/host/page-tables/switcher-pages.ts'
import {
  G, leaves, makeGuest, makeWorld, P, RW, type TestGuest, USER, walkShadow, type World,
} from './guest-world.ts'
import { GuestTables } from './tables.ts'

const TEXT = 0xffc00000, REGS = 0xffc01000, STATE = 0xffc02000
let world: World
let guest: TestGuest

function begin(pae: boolean): void {
  world = makeWorld({ random: () => 0.25 })
  guest = makeGuest(world, 64)
  const tables = new GuestTables(guest, 32, pae)
  tables.map(0xc0000000, 0, P | RW)
  initGuestPagetable(guest.lg, 0)
  guestNewPagetable(guest.lg.cpu, tables.top)
}
const here = (va: number) => walkShadow(world.physical, guest.lg.pae,
  shadowDirectory(guest.lg.cpu), va)
const frameAt = (va: number) => (here(va) & ~0xfff) >>> 0

describe.each([['two-level', false], ['PAE', true]])('H:480 in %s tables', (_, pae) => {
  beforeEach(() => begin(pae))

  test('B-P-061 a shadow without the Switcher is a Host bug', () => {
    guest.lg.pgdirs[guest.lg.cpu.current].switcherMapped = false
    expect(() => mapSwitcherInGuest(guest.lg.cpu)).toThrow('shadow without a Switcher')
  })
  test('B-P-004 asking below an absent upper entry is a Host bug', () => {
    const slot = guest.lg.pgdirs[guest.lg.cpu.current]
    const top = slot.pgdir + (pae ? 3 * 8 : 1023 * 4)
    world.physical.write32(top, 0)
    expect(() => mapSwitcherInGuest(guest.lg.cpu)).toThrow('no shadow table there')
  })
  test('B-P-065 the registers of this very Guest, writable', () => {
    mapSwitcherInGuest(guest.lg.cpu)
    expect(frameAt(REGS)).toBe(guest.lg.cpu.regsFrame)
    expect(here(REGS) & (P | RW | USER | G)).toBe(P | RW)
  })
  test('B-P-066 B-S-020 the state page, read-only', () => {
    mapSwitcherInGuest(guest.lg.cpu)
    expect(frameAt(STATE)).toBe(world.host.statePage)
    expect(here(STATE) & (P | RW | USER | G)).toBe(P)
  })
  test('B-P-067 the upper levels are closed to user mode as well', () => {
    mapSwitcherInGuest(guest.lg.cpu)
    for (const { va, entry, upper } of leaves(world, guest.lg)) {
      if (va < TEXT) continue
      expect(entry & (USER | G)).toBe(0)
      expect(upper.some((level) => (level & USER) === 0)).toBe(true)
    }
  })
  test('B-P-068 nothing but text, registers and state is there', () => {
    mapSwitcherInGuest(guest.lg.cpu)
    const vas = [...leaves(world, guest.lg)].map((leaf) => leaf.va)
    expect(vas.filter((va) => va >= TEXT)).toEqual([TEXT, REGS, STATE])
  })
  test('B-P-062 the second run on the same CPU changes nothing', () => {
    mapSwitcherInGuest(guest.lg.cpu)
    const regs = world.frames.count(guest.lg.cpu.regsFrame)
    const reports = world.cpu.invalidations
    mapSwitcherInGuest(guest.lg.cpu)
    expect(world.frames.count(guest.lg.cpu.regsFrame)).toBe(regs)
    expect(world.cpu.invalidations).toBe(reports)
  })
  test('B-P-063 B-P-064 unknown last CPU: removed and mapped anew, references balance', () => {
    mapSwitcherInGuest(guest.lg.cpu)
    guest.lg.pgdirs[guest.lg.cpu.current].lastHostCpu = -1
    mapSwitcherInGuest(guest.lg.cpu)
    expect(world.frames.count(guest.lg.cpu.regsFrame)).toBe(2)
    expect(world.frames.count(world.host.statePage)).toBe(2)
  })
  test('B-P-057 after a clear the pages are mapped again before a run', () => {
    mapSwitcherInGuest(guest.lg.cpu)
    guestClearAll(guest.lg.cpu)
    expect(here(REGS)).toBe(0)
    mapSwitcherInGuest(guest.lg.cpu)
    expect(frameAt(REGS)).toBe(guest.lg.cpu.regsFrame)
    expect(world.frames.count(guest.lg.cpu.regsFrame)).toBe(2)
  })
})
