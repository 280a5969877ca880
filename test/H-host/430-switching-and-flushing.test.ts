import { beforeEach, describe, expect, test } from 'vitest'
import { demandPage } from '../../generated/host/page-tables/demand.ts'
import { guestClearAll, guestFlushUser, guestNewPagetable, shadowDirectory } from '../../generated/host/page-tables/switching.ts'
import { guestPa } from '../../generated/host/page-tables/guest-tables.ts'
import { guestSetPmd } from '../../generated/host/page-tables/changes.ts'
import { initGuestPagetable } from '../../generated/host/page-tables/birth.ts'
import { findPgdir } from '../../generated/host/page-tables/switching.ts'
import {
  A, D, leaves, makeGuest, makeWorld, P, RW, tableFrames, type TestGuest, USER, walkShadow,
  type World,
} from './guest-world.ts'
import { GuestTables } from './tables.ts'

const PAGES = 256
const KERNEL = 0xc0123000
const STACK = 0xc0200000
const MINE = 0x08048000

let world: World
let guest: TestGuest
let victims: number[]

/** Tables of one process: the same kernel, a page of its own. */
function process(n: number, pae: boolean): GuestTables {
  const tables = new GuestTables(guest, 64 + n * 16, pae)
  tables.map(0xc0000000, 0, P | RW)
  tables.map(KERNEL, 3, P | RW | A | D)
  tables.map(STACK, 5, P | RW | A | D)
  tables.map(MINE, 10 + n, P | RW | USER | A | D)
  return tables
}

function begin(): void {
  victims = []
  world = makeWorld({ random: () => (victims.shift() ?? 0) / 4 })
  guest = makeGuest(world, PAGES)
  initGuestPagetable(guest.lg, 0)
}
const cpu = () => guest.lg.cpu
const slot = () => guest.lg.pgdirs[cpu().current]
const walk = (directory: number, va: number) =>
  walkShadow(world.physical, guest.lg.pae, directory, va)
const here = (va: number) => walk(shadowDirectory(cpu()), va)
const frame = (page: number) => guest.mm.frameOf(page, true)
function touch(): void {
  expect(demandPage(cpu(), KERNEL, 2)).toBe(true)
  expect(demandPage(cpu(), MINE, 6)).toBe(true)
}
function setStack(): void {
  cpu().esp1 = STACK + 0x1000
  cpu().ss1 = 0x69
  cpu().stackPages = 1
}

describe.each([['two-level', false], ['PAE', true]])('%s tables', (_, pae) => {
  beforeEach(() => begin())

  test('B-P-045 the first switch ends linear mode and throws all away', () => {
    demandPage(cpu(), 0x5000, 2)
    demandPage(cpu(), 0x6000, 0)
    const tables = process(0, pae)
    guestNewPagetable(cpu(), tables.top)
    expect(cpu().linearPages).toBe(false)
    expect(guest.lg.pae).toBe(pae)
    expect(here(0x5000)).toBe(0)
    expect(world.frames.count(frame(5))).toBe(1)
    expect(slot().gpgdir).toBe(tables.top)
    expect(slot().switcherMapped).toBe(true)
    touch()
  })
  test('B-P-046 a known directory is made current and keeps its entries', () => {
    const [one, two] = [process(0, pae), process(1, pae)]
    guestNewPagetable(cpu(), one.top)
    touch()
    const directory = shadowDirectory(cpu())
    victims = [1]
    guestNewPagetable(cpu(), two.top)
    expect(here(MINE)).toBe(0)
    touch()
    guestNewPagetable(cpu(), one.top)
    expect(shadowDirectory(cpu())).toBe(directory)
    expect(here(MINE)).toBe(frame(10) + (P | RW | USER | A | D))
  })
  test('B-P-049 B-P-051 a reused slot keeps the kernel part and loses the user part', () => {
    const [one, two] = [process(0, pae), process(1, pae)]
    guestNewPagetable(cpu(), one.top)
    touch()
    slot().lastHostCpu = 0
    victims = [0]
    guestNewPagetable(cpu(), two.top)
    expect(slot().gpgdir).toBe(two.top)
    expect(slot().lastHostCpu).toBe(-1)
    expect(here(KERNEL)).not.toBe(0)
    expect(here(MINE)).toBe(0)
    expect(findPgdir(guest.lg, one.top)).toBe(-1)
    expect(world.frames.count(frame(10))).toBe(1)
  })
  test('B-P-047 B-P-049 a slot never used is blank: the stack is pinned in it', () => {
    const [one, two] = [process(0, pae), process(1, pae)]
    guestNewPagetable(cpu(), one.top)
    setStack()
    victims = [2]
    guestNewPagetable(cpu(), two.top)
    expect(cpu().current).toBe(2)
    expect(here(STACK) & RW).toBe(RW)
    expect(guest.lg.dead).toBe(null)
  })
  test('X-16 the stack is pinned after linear mode and after a clear, too', () => {
    const [one, two] = [process(0, pae), process(1, pae)]
    setStack()
    cpu().stackPages = 1
    guestNewPagetable(cpu(), one.top)
    expect(here(STACK) & RW).toBe(RW)
    victims = [1]
    guestNewPagetable(cpu(), two.top)
    guestClearAll(cpu())
    expect(here(STACK) & RW).toBe(RW)
    guestNewPagetable(cpu(), one.top)
    expect(here(STACK) & RW).toBe(RW)
    expect(here(0xffc00000)).not.toBe(0)
  })
  test('B-P-047 a stack that cannot be mapped kills', () => {
    const tables = process(0, pae)
    setStack()
    cpu().esp1 = 0x3000
    guestNewPagetable(cpu(), tables.top)
    expect(guest.lg.dead).toBe('bad stack page 0x2fff')
  })
  test('B-P-048 no memory for the Switcher kills', () => {
    const [one, two] = [process(0, pae), process(1, pae)]
    guestNewPagetable(cpu(), one.top)
    victims = [1]
    const kept = world.frames.alloc()
    while (world.frames.alloc() !== 0) { /* use it all up */ }
    world.frames.release(kept)
    guestNewPagetable(cpu(), two.top)
    expect(guest.lg.dead).toMatch(/out of memory|Cannot populate switcher mapping/)
  })
  test('B-P-050 no memory for a directory, nothing to take back: the running slot changes hands', () => {
    const [one, two] = [process(0, pae), process(1, pae)]
    guestNewPagetable(cpu(), one.top)
    touch()
    while (world.frames.alloc() !== 0) { /* use it all up */ }
    guest.lg.shadows.leaves.clear()
    victims = [3]
    guestNewPagetable(cpu(), two.top)
    expect(cpu().current).toBe(0)
    expect(slot().gpgdir).toBe(two.top)
    expect(guest.lg.dead).toBe(null)
  })
  test('four processes fit, a fifth drives one out, all stay right', () => {
    const all = [0, 1, 2, 3, 4].map((n) => process(n, pae))
    victims = [0, 1, 2, 3, 2]
    for (const tables of all) {
      guestNewPagetable(cpu(), tables.top)
      touch()
    }
    expect(all.map((t) => findPgdir(guest.lg, t.top))).toEqual([0, 1, -1, 3, 2])
    all.forEach((tables, n) => {
      victims = [2]
      guestNewPagetable(cpu(), tables.top)
      if (here(MINE) === 0) touch()
      expect((here(MINE) & ~0xfff) >>> 0).toBe(frame(10 + n))
    })
  })

  test('B-P-053 B-P-054 the user flush spares the kernel and other shadows', () => {
    const [one, two] = [process(0, pae), process(1, pae)]
    guestNewPagetable(cpu(), one.top)
    touch()
    const other = shadowDirectory(cpu())
    victims = [1]
    guestNewPagetable(cpu(), two.top)
    two.map(0xbffff000, 20, P | RW | USER | A | D)
    demandPage(cpu(), 0xbffff000, 6)
    touch()
    guestFlushUser(cpu())
    expect(here(MINE)).toBe(0)
    expect(here(0xbffff000)).toBe(0)
    expect(here(KERNEL)).not.toBe(0)
    expect(here(0xffc00000)).not.toBe(0)
    expect(walk(other, MINE)).not.toBe(0)
  })
  test('B-P-055 releasing frees the tables and is harmless twice', () => {
    const one = process(0, pae)
    guestNewPagetable(cpu(), one.top)
    const before = world.frames.inUse
    touch()
    guestFlushUser(cpu())
    guestFlushUser(cpu())
    expect(world.frames.inUse).toBe(before + 1)
    expect(world.frames.count(frame(10))).toBe(1)
  })
  test('B-P-056 B-P-057 B-P-077 a clear empties all, keeps directories, and all faults back', () => {
    const [one, two] = [process(0, pae), process(1, pae)]
    guestNewPagetable(cpu(), one.top)
    touch()
    victims = [1]
    guestNewPagetable(cpu(), two.top)
    touch()
    const directories = guest.lg.pgdirs.map((s) => s.pgdir)
    guestClearAll(cpu())
    expect(guest.lg.pgdirs.map((s) => s.pgdir)).toEqual(directories)
    expect(guest.lg.pgdirs[0].switcherMapped).toBe(false)
    expect(guest.lg.pgdirs[0].lastHostCpu).toBe(-1)
    expect([...leaves(world, guest.lg)].map((leaf) => leaf.va)).toEqual([0xffc00000])
    touch()
    guestNewPagetable(cpu(), one.top)
    touch()
    expect((here(MINE) & ~0xfff) >>> 0).toBe(frame(10))
    expect(guest.lg.dead).toBe(null)
  })
  test('B-P-076 a mapped page keeps its frame until it is released', () => {
    const one = process(0, pae)
    guestNewPagetable(cpu(), one.top)
    touch()
    expect(world.frames.count(frame(10))).toBe(2)
    guestFlushUser(cpu())
    expect(world.frames.count(frame(10))).toBe(1)
  })

  describe('H:440 guest virtual to physical', () => {
    test('B-P-058 in linear mode the address itself', () => {
      expect(guestPa(cpu(), 0x12345678)).toBe(0x12345678)
    })
    test('B-P-060 page number and offset', () => {
      const one = process(0, pae)
      guestNewPagetable(cpu(), one.top)
      expect(guestPa(cpu(), MINE + 0xabc)).toBe(10 * 4096 + 0xabc)
      expect(guestPa(cpu(), KERNEL + 0xfff)).toBe(3 * 4096 + 0xfff)
    })
    test('B-P-059 X-15 an absent level kills and gives all ones', () => {
      const one = process(0, pae)
      guestNewPagetable(cpu(), one.top)
      for (const va of [0x40000000, 0x0c048000, MINE + 0x1000]) {
        guest.lg.dead = null
        expect(guestPa(cpu(), va)).toBe(0xffffffff)
        expect(guest.lg.dead).toBe(`Bad address 0x${va.toString(16)}`)
      }
    })
  })
})

describe('which format?', () => {
  beforeEach(() => begin())
  const cases: [string, number[], boolean][] = [
    ['nothing at all', [0, 0, 0, 0, 0, 0, 0, 0], false],
    ['Linux PAE, one entry', [0x5001, 0, 0, 0, 0, 0, 0x5001, 0], true],
    ['Linux two-level', [0x5067, 0x6067, 0x7067, 0, 0, 0, 0, 0], false],
    ['two-level, user part empty', [0, 0, 0, 0, 0, 0, 0, 0, 0x5067], false],
    ['two-level, one entry', [0x5067, 0, 0, 0, 0, 0, 0, 0], false],
    ['kernel-only flags', [0x5063, 0, 0x6063, 0, 0, 0, 0, 0], false],
    ['an upper word', [0x5001, 1, 0, 0, 0, 0, 0, 0], false],
    ['PAE with write-through', [0x5009, 0, 0, 0, 0, 0, 0, 0], false],
  ]
  test.each(cases)('%s', (_, words, pae) => {
    guest.put(0x8000, ...words)
    guestNewPagetable(cpu(), 0x8000)
    expect(guest.lg.pae).toBe(pae)
  })
  test('a directory outside memory is no format and no harm', () => {
    guestNewPagetable(cpu(), 0xfffffff0)
    expect(guest.lg.pae).toBe(false)
    expect(demandPage(cpu(), 0xc0000000, 0)).toBe(false)
    expect(guest.lg.dead).toMatch(/^bad read address/)
  })
  test('tables of both kinds count the same', () => {
    expect(tableFrames(world, guest.lg)).toBe(2)
    guestSetPmd(cpu(), 0x9000, 3)
    expect(tableFrames(world, guest.lg)).toBe(2)
  })
})
