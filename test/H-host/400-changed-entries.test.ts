import { beforeEach, describe, expect, test } from 'vitest'
import { demandPage } from '../../generated/host/page-tables/demand.ts'
import { guestNewPagetable } from '../../generated/host/page-tables/switching.ts'
import { guestSetPgd, guestSetPmd, guestSetPte } from '../../generated/host/page-tables/changes.ts'
import { initGuestPagetable } from '../../generated/host/page-tables/birth.ts'
import { mapSwitcherInGuest } from '../../generated/host/page-tables/switcher-pages.ts'
import { findPgdir } from '../../generated/host/page-tables/switching.ts'
import {
  A, D, G, leaves, makeGuest, makeWorld, P, PSE, RW, type TestGuest, USER,
  walkShadow, type World,
} from './guest-world.ts'
import { GuestTables } from './tables.ts'

const PAGES = 128
const KERNEL = 0xc0123000
const MINE = 0x08048000

let world: World
let guest: TestGuest
let first: GuestTables
let second: GuestTables
let victims: number[]

function begin(pae: boolean): void {
  victims = [0, 1, 2, 3]
  world = makeWorld({ random: () => (victims.shift() ?? 0) / 4 })
  guest = makeGuest(world, PAGES)
  first = new GuestTables(guest, 32, pae)
  second = new GuestTables(guest, 64, pae)
  for (const tables of [first, second]) {
    tables.map(0xc0000000, 0, P | RW)
    tables.map(KERNEL, 3, P | RW | A | D)
    tables.map(MINE, 4, P | RW | USER | A | D)
  }
  initGuestPagetable(guest.lg, pae ? 0 : first.top)
  guestNewPagetable(guest.lg.cpu, first.top)
  touch()
  guestNewPagetable(guest.lg.cpu, second.top)
  touch()
}

/** Faults both addresses into the running shadow. */
function touch(): void {
  expect(demandPage(guest.lg.cpu, KERNEL, 2)).toBe(true)
  expect(demandPage(guest.lg.cpu, MINE, 6)).toBe(true)
}
const slotOf = (tables: GuestTables) => guest.lg.pgdirs[findPgdir(guest.lg, tables.top)]
const shadow = (tables: GuestTables, va: number) =>
  walkShadow(world.physical, guest.lg.pae, slotOf(tables).pgdir, va)
const frame = (page: number) => guest.mm.frameOf(page, true)
const set = (tables: number, va: number, pte: number) =>
  guestSetPte(guest.lg.cpu, tables, va, pte)

describe.each([['two-level', false], ['PAE', true]])('%s tables', (_, pae) => {
  beforeEach(() => begin(pae))

  describe('H:400 a directory entry', () => {
    test('B-P-033 X-12 an index beyond the table kills', () => {
      const most = pae ? 4 : 1024
      guestSetPgd(guest.lg, first.top, most - 1)
      expect(guest.lg.dead).toBe(null)
      guestSetPgd(guest.lg, first.top, most)
      expect(guest.lg.dead).toBe(`Attempt to set pgd ${most}/${most}`)
    })
    test('B-P-034 the shadow of that directory loses it, no other', () => {
      guestSetPgd(guest.lg, first.top, pae ? 0 : MINE >>> 22)
      expect(shadow(first, MINE)).toBe(0)
      expect(shadow(second, MINE)).not.toBe(0)
      expect(shadow(first, KERNEL)).not.toBe(0)
    })
    test('B-P-034 an unknown directory: nothing happens', () => {
      const before = [...leaves(world, guest.lg)]
      guestSetPgd(guest.lg, 0x7f000, 0)
      expect([...leaves(world, guest.lg)]).toEqual(before)
    })
    test('B-P-035 X-13 the Switcher comes back in the shadow that lost it', () => {
      mapSwitcherInGuest(guest.lg.cpu)
      const text = shadow(first, 0xffc00000)
      expect(text).not.toBe(0)
      guestSetPgd(guest.lg, first.top, pae ? 3 : 1023)
      expect(shadow(first, 0xffc00000)).toBe(text)
      expect(slotOf(first).lastHostCpu).toBe(-1)
      expect(slotOf(second).lastHostCpu).toBe(0)
      guestNewPagetable(guest.lg.cpu, first.top)
      mapSwitcherInGuest(guest.lg.cpu)
      expect(shadow(first, 0xffc01000) & ~0xfff).toBe(guest.lg.cpu.regsFrame | 0)
    })
  })

  describe('H:410 a page entry', () => {
    test('B-P-037 at a Switcher address kills', () => {
      set(first.top, 0xffc00000, 0x5000 | P | RW | A | D)
      expect(guest.lg.dead).toBe('attempt to set pte into Switcher pages')
      expect(shadow(first, 0xffc00000) & ~0xfff)
        .toBe(world.host.switcherText[0] | 0)
    })
    test('B-P-038 a kernel entry changes in every shadow', () => {
      set(first.top, KERNEL, (9 * 4096) | P | RW | A | D)
      expect(shadow(first, KERNEL)).toBe(frame(9) + (P | RW | A | D))
      expect(shadow(second, KERNEL)).toBe(frame(9) + (P | RW | A | D))
      expect(world.frames.count(frame(9))).toBe(3)
      expect(world.frames.count(frame(3))).toBe(1)
    })
    test('B-P-039 a user entry changes in the named shadow only, or in none', () => {
      set(first.top, MINE, (9 * 4096) | P | USER | A)
      expect(shadow(first, MINE)).toBe(frame(9) + (P | USER | A))
      expect(shadow(second, MINE) & ~0xfff).toBe(frame(4) | 0)
      set(0x7f000, MINE, 0)
      expect(shadow(second, MINE) & ~0xfff).toBe(frame(4) | 0)
    })
    test('B-P-052 directory 0 names no unused slot', () => {
      guest.lg.pgdirs[0].gpgdir = first.top
      set(0, MINE, (9 * 4096) | P | RW | A | D)
      expect(guest.lg.pgdirs.map((slot) => slot.gpgdir)).toContain(0)
      expect(findPgdir(guest.lg, 0)).toBe(-1)
      expect(world.frames.count(frame(9))).toBe(1)
    })
  })

  describe('H:420 now or later', () => {
    test('B-P-040 no upper level: nothing to do', () => {
      set(first.top, 0x30000000, (9 * 4096) | P | RW | A | D)
      expect(world.frames.count(frame(9))).toBe(1)
    })
    test('B-P-041 B-P-043 neither accessed nor dirty: cleared', () => {
      set(first.top, MINE, (4 * 4096) | P | RW | USER)
      expect(shadow(first, MINE)).toBe(0)
      expect(world.frames.count(frame(4))).toBe(2)
    })
    test('B-P-042 X-14 accessed but clean goes in read-only', () => {
      const asked: boolean[] = []
      const { frameOf } = guest.mm
      guest.mm.frameOf = function (page, write) {
        if (page === 9) asked.push(write)
        return frameOf.call(this, page, write)
      }
      set(first.top, MINE, (9 * 4096) | P | RW | USER | A)
      expect(shadow(first, MINE) & (P | RW | USER)).toBe(P | USER)
      set(first.top, MINE, (9 * 4096) | P | RW | USER | A | D)
      expect(shadow(first, MINE) & (P | RW | USER)).toBe(P | RW | USER)
      expect(asked).toEqual([false, true])
    })
    test('B-P-008 the global flag is dropped here too', () => {
      set(first.top, KERNEL, (9 * 4096) | P | RW | A | D | G)
      expect(shadow(first, KERNEL) & G).toBe(0)
    })
    test('B-P-044 a bad entry kills and leaves nothing', () => {
      for (const bad of [(9 * 4096) | P | A | PSE, (PAGES * 4096) | P | A]) {
        guest.lg.dead = null
        set(first.top, MINE, bad)
        expect(guest.lg.dead).toBe('bad page table entry')
        expect(shadow(first, MINE)).toBe(0)
      }
    })
    test('an entry that is not present is cleared, whatever its other bits', () => {
      set(first.top, MINE, 0xfffff000 | A | D | PSE)
      expect(guest.lg.dead).toBe(null)
      expect(shadow(first, MINE)).toBe(0)
    })
  })
})

describe('PAE alone', () => {
  beforeEach(() => begin(true))
  const middleOf = (tables: GuestTables, va: number) => guest.get(tables.top + (va >>> 30) * 8) & ~0xfff
  const index = (va: number) => (va >>> 21) & 511
  test('a changed middle entry: what it led to is gone, in the shadows that have it', () => {
    guestSetPmd(guest.lg.cpu, middleOf(first, MINE), index(MINE))
    expect(shadow(first, MINE)).toBe(0)
    expect(shadow(second, MINE)).not.toBe(0)
    expect(shadow(first, KERNEL)).not.toBe(0)
    expect(shadow(second, 0xffc00000)).not.toBe(0)
    expect(guest.lg.dead).toBe(null)
  })
  test('another entry of the same table, or a table nobody has, takes nothing', () => {
    const before = [...leaves(world, guest.lg)]
    guestSetPmd(guest.lg.cpu, middleOf(first, MINE), index(MINE) + 1)
    guestSetPmd(guest.lg.cpu, 0x7f000, index(MINE))
    expect([...leaves(world, guest.lg)]).toEqual(before)
  })
  test('a middle table that two directories share is lost in both', () => {
    guest.put(second.top + 3 * 8, guest.get(first.top + 3 * 8), 0)
    guestSetPmd(guest.lg.cpu, middleOf(first, KERNEL), index(KERNEL))
    expect([shadow(first, KERNEL), shadow(second, KERNEL)]).toEqual([0, 0])
    expect(slotOf(first).blank).toBe(true)
  })
  test('the Switcher and the stack come back where they were lost', () => {
    mapSwitcherInGuest(guest.lg.cpu)
    const text = shadow(second, 0xffc00000)
    const { cpu } = guest.lg
    Object.assign(cpu, { stackPages: 1, esp1: KERNEL + 0x10 })
    guestSetPmd(cpu, middleOf(second, 0xffc00000), index(0xffc00000))
    expect(shadow(second, 0xffc00000)).toBe(text)
    guestSetPmd(cpu, middleOf(second, KERNEL), index(KERNEL))
    expect(shadow(second, KERNEL)).not.toBe(0)
  })
  test('an index beyond the table kills', () => {
    guestSetPmd(guest.lg.cpu, middleOf(first, MINE), 512)
    expect(guest.lg.dead).toBe('Attempt to set pmd 512/512')
  })
  test('upper words: an entry above 4 GiB kills', () => {
    guestSetPte(guest.lg.cpu, first.top, MINE, 0x9000 | P | A, 1)
    expect(guest.lg.dead).toBe('bad page table entry')
    expect(shadow(first, MINE)).toBe(0)
  })
})
