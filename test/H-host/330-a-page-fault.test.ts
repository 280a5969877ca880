import { beforeEach, describe, expect, test } from 'vitest'
import { demandPage, guestErrorCode } from '../../generated/host/page-tables/demand.ts'
import { guestNewPagetable } from '../../generated/host/page-tables/switching.ts'
import { initGuestPagetable } from '../../generated/host/page-tables/birth.ts'
import { pinPage } from '../../generated/host/page-tables/demand.ts'
import { findSpte } from '../../generated/host/page-tables/shadow.ts'
import { LauncherMemory } from '../../generated/host/mm.ts'
import {
  A, D, G, makeGuest, makeWorld, P, PSE, RW, tableFrames, type TestGuest, USER, walkShadow,
  type World,
} from './guest-world.ts'
import { GuestTables } from './tables.ts'

const PAGES = 64
const READ = 0, WRITE = 2, USER_READ = 4, USER_WRITE = 6
const VA = 0xc0123000

let world: World
let guest: TestGuest
let tables: GuestTables

/** A Guest on tables of its own, in either format. */
function begin(pae: boolean): void {
  world = makeWorld()
  guest = makeGuest(world, PAGES)
  tables = new GuestTables(guest, 32, pae)
  tables.map(0xc0000000, 0, P | RW)
  expect(initGuestPagetable(guest.lg, pae ? 0 : tables.top)).toBe(0)
  if (pae) guestNewPagetable(guest.lg.cpu, tables.top)
  expect(guest.lg.pae).toBe(pae)
}

const shadow = (va: number) => walkShadow(world.physical, guest.lg.pae,
  guest.lg.pgdirs[guest.lg.cpu.current].pgdir, va)
const fault = (va: number, code: number) => demandPage(guest.lg.cpu, va, code)
const frame = (page: number) => guest.mm.frameOf(page, true)

describe.each([['two-level', false], ['PAE', true]])('%s tables', (_, pae) => {
  beforeEach(() => begin(pae))

  test('B-P-017 an address in or above the Switcher is never mapped', () => {
    for (const va of [0xffc00000, 0xffc01000, 0xfffff000]) {
      tables.map(va, 5, P | RW | A | D)
      expect(fault(va, READ)).toBe(false)
    }
    expect(guest.lg.dead).toBe(null)
  })
  test('B-P-019 an absent directory entry: the Guest\'s own fault', () => {
    expect(fault(0x40000000, READ)).toBe(false)
    expect(guest.lg.dead).toBe(null)
  })
  test('B-P-022 an absent page entry: the Guest\'s own fault', () => {
    tables.map(VA, 7, RW)
    expect(fault(VA, READ)).toBe(false)
    expect(guest.lg.dead).toBe(null)
  })
  test('B-P-023 B-P-024 B-P-025 what is not allowed is not mended, nor judged', () => {
    tables.map(VA, 7, P | PSE)
    expect(fault(VA, WRITE)).toBe(false)
    expect(fault(VA, USER_READ)).toBe(false)
    tables.map(VA, PAGES + 5, P | RW)
    expect(fault(VA, USER_WRITE)).toBe(false)
    expect(guest.lg.dead).toBe(null)
  })
  test('B-P-026 B-P-029 a read sets ACCESSED and maps read-only', () => {
    const at = tables.map(VA, 7, P | RW | USER)
    expect(fault(VA + 0xabc, USER_READ)).toBe(true)
    expect(guest.get(at)).toBe(7 * 4096 + (P | RW | USER | A))
    expect(shadow(VA)).toBe(frame(7) + (P | USER | A))
  })
  test('B-P-026 B-P-028 a write sets DIRTY too and maps writable', () => {
    const at = tables.map(VA, 7, P | RW)
    expect(fault(VA, READ)).toBe(true)
    expect(fault(VA, WRITE)).toBe(true)
    expect(guest.get(at)).toBe(7 * 4096 + (P | RW | A | D))
    expect(shadow(VA)).toBe(frame(7) + (P | RW | A | D))
  })
  test('B-P-028 an entry already dirty is mapped writable by a read', () => {
    tables.map(VA, 7, P | RW | D)
    expect(fault(VA, READ)).toBe(true)
    expect(shadow(VA) & RW).toBe(RW)
  })
  test('B-P-008 the global flag is dropped', () => {
    const at = tables.map(VA, 7, P | RW | G)
    expect(fault(VA, WRITE)).toBe(true)
    expect(shadow(VA) & G).toBe(0)
    expect(guest.get(at) & G).toBe(G)
  })
  test('B-P-027 the old entry\'s reference goes back before the new one stays', () => {
    tables.map(VA, 7, P | RW)
    fault(VA, READ)
    fault(VA, WRITE)
    fault(VA, WRITE)
    expect(world.frames.count(frame(7))).toBe(2)
    tables.map(VA, 9, P | RW)
    fault(VA, WRITE)
    expect(world.frames.count(frame(7))).toBe(1)
    expect(world.frames.count(frame(9))).toBe(2)
  })
  test('B-P-011 a large page or a page beyond the limit kills', () => {
    tables.map(VA, 7, P | RW | PSE)
    expect(fault(VA, READ)).toBe(false)
    expect(guest.lg.dead).toBe('bad page table entry')
    guest.lg.dead = null
    tables.map(VA, PAGES, P | RW)
    expect(fault(VA, READ)).toBe(false)
    expect(guest.lg.dead).toBe('bad page table entry')
    expect(shadow(VA)).toBe(0)
  })
  test('B-P-012 B-P-021 a bad directory entry kills', () => {
    for (const entry of [PAGES * 4096 | P, 40 * 4096 | P | PSE, 40 * 4096 | P | 0x200]) {
      guest.lg.dead = null
      guest.put(tables.topAt(0x40000000), entry)
      expect(fault(0x40000000, READ)).toBe(false)
      expect(guest.lg.dead).toBe('bad page directory entry')
    }
  })
  test('the levels combine: a read-only or kernel-only table protects its pages', () => {
    tables.upper = P
    const va = 0x50000000
    tables.map(va, 7, P | RW | USER)
    expect(fault(va, WRITE)).toBe(false)
    expect(fault(va, USER_READ)).toBe(false)
    expect(fault(va, READ)).toBe(true)
    expect(guest.lg.dead).toBe(null)
  })
  test('an upper level that gained rights without a word is brought up to date', () => {
    tables.upper = P
    const va = 0x50000000
    tables.map(va, 7, P | RW | USER)
    expect(fault(va, READ)).toBe(true)
    const upperAt = pae ? tables.middleAt(va) : tables.topAt(va)
    guest.put(upperAt, guest.get(upperAt) | RW | USER)
    expect(fault(va, USER_WRITE)).toBe(true)
    const at = findSpte(guest.lg, guest.lg.pgdirs[guest.lg.cpu.current], va)
    expect(world.physical.read32(at) & (RW | USER)).toBe(RW | USER)
  })
  test('B-T-003 the error code a Guest gets is that of its own tables', () => {
    const code = (va: number, errcode: number) => guestErrorCode(guest.lg.cpu, va, errcode)
    expect(code(0x40000000, WRITE)).toBe(WRITE)
    expect(code(0x40000000, WRITE | 1)).toBe(WRITE)
    tables.map(VA, 7, P)
    expect(code(VA, WRITE)).toBe(WRITE | 1)
    expect(code(VA, USER_READ | 1)).toBe(USER_READ | 1)
    expect(code(0xffc00000, USER_READ | 1)).toBe(USER_READ | 1)
    expect(guest.lg.dead).toBe(null)
  })
  test('B-P-009 a page the Launcher does not have kills and maps nothing', () => {
    tables.map(VA, 7, P | RW)
    const { frameOf } = guest.mm
    guest.mm.frameOf = function (page, write) {
      return page === 7 ? -1 : frameOf.call(this, page, write)
    }
    expect(fault(VA, READ)).toBe(false)
    expect(guest.lg.dead).toBe('failed to get page 7')
    expect(shadow(VA)).toBe(0)
  })
  test('B-P-006 B-P-007 the page is asked for writing exactly when dirty', () => {
    const asked: boolean[] = []
    const { frameOf } = guest.mm
    guest.mm.frameOf = function (page, write) {
      if (page === 7) asked.push(write)
      return frameOf.call(this, page, write)
    }
    tables.map(VA, 7, P | RW)
    fault(VA, READ)
    fault(VA, WRITE)
    expect(asked).toEqual([false, true])
  })
  test('B-P-007 copy on write: the write gets a frame of its own, references balance', () => {
    const copy = world.frames.allocRun(1)
    const original = frame(7)
    let moved = false
    guest.mm.frameOf = function (page, write) {
      if (page !== 7) return LauncherMemory.prototype.frameOf.call(this, page, write)
      if (write) moved = true
      return moved ? copy : original
    }
    tables.map(VA, 7, P | RW)
    fault(VA, READ)
    expect(shadow(VA) & ~0xfff).toBe(original | 0)
    fault(VA, WRITE)
    expect(shadow(VA) & ~0xfff).toBe(copy | 0)
    expect(world.frames.count(original)).toBe(1)
    expect(world.frames.count(copy)).toBe(2)
  })
  test('B-P-015 absent levels are zeroed pages with the Guest\'s own flags', () => {
    tables.map(0x50000000, 7, P | RW)
    const before = tableFrames(world, guest.lg)
    fault(0x50000000, READ)
    expect(tableFrames(world, guest.lg)).toBe(before + (pae ? 2 : 1))
  })
  test('B-P-016 no memory for a level kills', () => {
    tables.map(0x50000000, 7, P | RW)
    while (world.frames.alloc() !== 0) { /* use it all up */ }
    expect(fault(0x50000000, READ)).toBe(false)
    expect(guest.lg.dead).toMatch(/^out of memory allocating p[tm][ed] page$/)
  })
  test('a directory that contains itself maps what its entries say, no more', () => {
    const va = 0x50000000
    if (pae) guest.put(tables.middleAt(va), tables.top | 0x67)
    else guest.put(tables.topAt(va), tables.top | 0x67)
    fault(va, WRITE)
    fault(va + 0x1000, READ)
    expect(guest.lg.dead === null || typeof guest.lg.dead === 'string').toBe(true)
  })

  test('B-P-031 B-P-032 pinning maps a page writable, or kills', () => {
    const at = tables.map(VA, 7, P | RW)
    pinPage(guest.lg.cpu, VA)
    expect(shadow(VA) & RW).toBe(RW)
    expect(guest.get(at) & D).toBe(D)
    const calls = world.cpu.invalidations
    pinPage(guest.lg.cpu, VA)
    expect(world.cpu.invalidations).toBe(calls)
    expect(guest.lg.dead).toBe(null)
    tables.map(VA + 0x1000, 8, P)
    pinPage(guest.lg.cpu, VA + 0x1000)
    expect(guest.lg.dead).toBe('bad stack page 0xc0124000')
  })
  test('B-P-031 a stack in the Switcher is never writable', () => {
    pinPage(guest.lg.cpu, 0xffc01000)
    expect(guest.lg.dead).toBe('bad stack page 0xffc01000')
  })
})

describe('PAE alone', () => {
  beforeEach(() => begin(true))
  test('B-P-020 an absent middle entry: the Guest\'s own fault', () => {
    expect(fault(0xd0000000, READ)).toBe(false)
    expect(guest.lg.dead).toBe(null)
  })
  test('B-P-013 a bad middle entry kills', () => {
    guest.put(tables.middleAt(0xd0000000), (40 * 4096) | P | PSE, 0)
    expect(fault(0xd0000000, READ)).toBe(false)
    expect(guest.lg.dead).toBe('bad page middle directory entry')
  })
  test('upper words: pages above 4 GiB are beyond the limit', () => {
    const at = tables.map(VA, 7, P | RW)
    guest.put(at + 4, 1)
    expect(fault(VA, READ)).toBe(false)
    expect(guest.lg.dead).toBe('bad page table entry')
  })
  test('no-execute is let through and ignored', () => {
    const at = tables.map(VA, 7, P | RW)
    guest.put(at + 4, 0x80000000)
    expect(fault(VA, READ)).toBe(true)
    expect(guest.get(at + 4)).toBe(0x80000000)
    expect(shadow(VA)).toBe(frame(7) + (P | A))
  })
})

describe('B-P-018 linear mode', () => {
  beforeEach(() => {
    world = makeWorld()
    guest = makeGuest(world, PAGES)
    guest.lg.kernelAddress = 0
    expect(initGuestPagetable(guest.lg, 0)).toBe(0)
  })
  test('virtual is physical, writable, not for users', () => {
    expect(fault(0x5123, READ)).toBe(true)
    expect(shadow(0x5000)).toBe(frame(5) + (P | A))
    expect(fault(0x5123, WRITE)).toBe(true)
    expect(shadow(0x5000)).toBe(frame(5) + (P | RW | A | D))
  })
  test('X-28 nothing is for user mode', () => {
    expect(fault(0x5000, USER_READ)).toBe(false)
    expect(guest.lg.dead).toBe(null)
  })
  test('beyond memory kills', () => {
    expect(fault(PAGES * 4096, READ)).toBe(false)
    expect(guest.lg.dead).toBe('bad page table entry')
  })
  test('nothing is written into the Guest', () => {
    const before = guest.mm.readBytes(0, PAGES * 4096)
    for (let page = 0; page < PAGES; page++) fault(page * 4096, WRITE)
    expect(guest.mm.readBytes(0, PAGES * 4096)).toEqual(before)
  })
})
