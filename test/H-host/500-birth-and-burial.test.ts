import { describe, expect, test } from 'vitest'
import { demandPage } from '../../generated/host/page-tables/demand.ts'
import { freeGuestPagetable, initGuestPagetable, pageTableGuestDataInit } from '../../generated/host/page-tables/birth.ts'
import { guestClearAll, guestFlushUser, guestNewPagetable, shadowDirectory } from '../../generated/host/page-tables/switching.ts'
import { guestPa } from '../../generated/host/page-tables/guest-tables.ts'
import { guestSetPgd, guestSetPmd, guestSetPte } from '../../generated/host/page-tables/changes.ts'
import { mapSwitcherInGuest } from '../../generated/host/page-tables/switcher-pages.ts'
import { pinPage } from '../../generated/host/page-tables/demand.ts'
import { ENOMEM } from '../../generated/abi/errno.ts'
import { eraA } from '../../generated/abi/era-a.ts'
import {
  leaves, makeGuest, makeWorld, MIB, P, RW, seeded, tableFrames, type TestGuest, USER,
  walkShadow, type World,
} from './guest-world.ts'
import { GuestTables } from './tables.ts'

describe('H:500 birth', () => {
  test('B-P-069 X-31 no directory: linear mode, one shadow, the Switcher mapped', () => {
    const world = makeWorld()
    const { lg } = makeGuest(world, 16)
    expect(initGuestPagetable(lg, 0)).toBe(0)
    expect(lg.cpu.linearPages).toBe(true)
    expect(lg.pgdirs.filter((slot) => slot.pgdir !== 0).length).toBe(1)
    expect(lg.pgdirs[lg.cpu.current].switcherMapped).toBe(true)
  })
  test('X-31 B-I-018 a directory that was named is used from the start', () => {
    const world = makeWorld()
    const guest = makeGuest(world, 64)
    const tables = new GuestTables(guest, 32)
    tables.map(0xc0005000, 5, P | RW | USER)
    expect(initGuestPagetable(guest.lg, tables.top)).toBe(0)
    expect(guest.lg.cpu.linearPages).toBe(false)
    expect(demandPage(guest.lg.cpu, 0xc0005000, 0)).toBe(true)
    expect(demandPage(guest.lg.cpu, 0x5000, 0)).toBe(false)
    expect(guest.lg.dead).toBe(null)
  })
  test('B-P-069 no memory: ENOMEM and everything given back', () => {
    for (const left of [0, 1]) {
      const world = makeWorld()
      const { lg } = makeGuest(world, 16)
      const kept = Array.from({ length: left }, () => world.frames.alloc())
      while (world.frames.alloc() !== 0) { /* use it all up */ }
      kept.forEach((frame) => world.frames.release(frame))
      const before = world.frames.inUse
      expect(initGuestPagetable(lg, 0)).toBe(-ENOMEM)
      expect(world.frames.inUse).toBe(before)
      expect(lg.pgdirs.every((slot) => slot.pgdir === 0)).toBe(true)
    }
  })
  test('B-P-070 B-P-071 B-P-072 tables for the Switcher now, only the text in them', () => {
    const world = makeWorld()
    const { lg } = makeGuest(world, 16)
    initGuestPagetable(lg, 0)
    expect(tableFrames(world, lg)).toBe(2)
    const all = [...leaves(world, lg)]
    expect(all.map((leaf) => leaf.va)).toEqual([0xffc00000])
    expect(all[0].entry & (P | RW | USER)).toBe(P)
    expect((all[0].entry & ~0xfff) >>> 0).toBe(world.host.switcherText[0])
    expect(world.frames.count(world.host.switcherText[0])).toBe(2)
  })
})

describe('H:508 announcement', () => {
  const LATER = { ...eraA.data, kernelAddress: 0x10 }
  function announce(kernel: number, data = 0x2000) {
    const guest = makeGuest(makeWorld(), 16)
    Object.defineProperty(guest.lg, 'era', { value: { ...eraA, data: LATER } })
    initGuestPagetable(guest.lg, 0)
    guest.lg.data = data
    if (data < 0x10000) guest.put(data + LATER.kernelAddress, kernel)
    pageTableGuestDataInit(guest.lg.cpu)
    return guest
  }
  test('B-P-073, B-S-004: the kernel address is read and the reserved top told', () => {
    const guest = announce(0x80000000)
    expect(guest.lg.kernelAddress).toBe(0x80000000)
    expect(guest.get(0x2000 + LATER.reserveMem)).toBe(0x400000)
    expect(guest.lg.dead).toBe(null)
  })
  test('B-P-073 a bad data page kills', () => {
    expect(announce(0, 0xfff00000).lg.dead).toBe('bad guest page 0xfff00000')
  })
  test('B-P-074 a kernel address in the Switcher kills', () => {
    expect(announce(0xffc00000).lg.dead).toBe('bad kernel address 0xffc00000')
    expect(announce(0xffbfffff).lg.dead).toBe(null)
  })
  test('era A said its kernel address at INITIALIZE', () => {
    const guest = makeGuest(makeWorld(), 16)
    initGuestPagetable(guest.lg, 0)
    guest.lg.data = 0x2000
    pageTableGuestDataInit(guest.lg.cpu)
    expect(guest.lg.kernelAddress).toBe(0xc0000000)
    expect(guest.get(0x2000 + eraA.data.reserveMem)).toBe(0x400000)
  })
})

describe('the end of a Guest', () => {
  test.each([false, true])('B-P-075 every frame comes back (PAE: %s)', (pae) => {
    const world = makeWorld({ random: seeded(75) })
    const before = world.frames.inUse
    const guest = makeGuest(world, 128)
    initGuestPagetable(guest.lg, 0)
    for (let n = 0; n < 6; n++) {
      const tables = new GuestTables(guest, 32 + n * 12, pae)
      for (let page = 0; page < 20; page++) {
        tables.map(0xc0000000 + page * 4096, page, P | RW)
        tables.map(0x08000000 + page * 4096, page, P | RW | USER)
      }
      guestNewPagetable(guest.lg.cpu, tables.top)
      mapSwitcherInGuest(guest.lg.cpu)
      for (let page = 0; page < 20; page++) {
        expect(demandPage(guest.lg.cpu, 0xc0000000 + page * 4096, page & 2)).toBe(true)
        expect(demandPage(guest.lg.cpu, 0x08000000 + page * 4096, 4)).toBe(true)
      }
    }
    freeGuestPagetable(guest.lg)
    expect(guest.lg.pgdirs.map((slot) => slot.pgdir)).toEqual([0, 0, 0, 0])
    for (let page = 0; page < 128; page++) {
      expect(world.frames.count(guest.mm.frameOf(page, true))).toBe(1)
    }
    expect(world.frames.count(guest.lg.cpu.regsFrame)).toBe(1)
    world.frames.release(guest.lg.cpu.regsFrame)
    expect(world.frames.inUse).toBe(before)
    expect(world.cpu.contexts.size).toBe(0)
  })
})

// Hostile Guests: random tables, random hypercalls, random faults. After each
// step the processor may remember what it walked; nothing remembered may ever
// differ from the tables, and the tables may map nothing but their own Guest.
describe('a hostile Guest', () => {
  const PAGES = 96
  const FLAGS = [P, RW, USER, 0x08, 0x10, 0x20, 0x40, 0x80, 0x100, 0x200]
  const VAS = [0, 0x1000, 0x3ff000, 0x400000, 0x08048000, 0x40000000, 0x7ffff000,
    0xbffff000, 0xc0000000, 0xc0001000, 0xc0400000, 0xffbff000, 0xffc00000,
    0xffc01000, 0xffdff000, 0xffe00000, 0xfffff000]

  class Hostile {
    readonly r: () => number
    readonly world: World
    readonly guest: TestGuest
    readonly own = new Set<number>()
    constructor(seed: number, hostArea = 9 * MIB) {
      this.r = seeded(seed)
      this.world = makeWorld({ random: this.r, ram: hostArea + MIB, hostArea })
      this.guest = makeGuest(this.world, PAGES)
      for (let p = 0; p < PAGES; p++) this.own.add(this.guest.mm.frameOf(p, true))
      const named = this.r() < 0.3 ? this.page() : 0
      initGuestPagetable(this.guest.lg, named)
    }
    n(limit: number): number { return Math.floor(this.r() * limit) }
    pick<T>(from: T[]): T { return from[this.n(from.length)] }
    page(): number {
      const odd = this.r()
      if (odd < 0.02) return (this.n(2 ** 20) * 4096) >>> 0
      if (odd < 0.04) return (this.n(PAGES) * 4096 + this.n(4096)) >>> 0
      return this.n(PAGES) * 4096
    }
    va(): number { return (this.pick(VAS) + this.n(6) * 4096 + this.n(4096)) >>> 0 }
    entry(): number {
      let entry = this.page() & ~0xfff
      for (const flag of FLAGS) if (this.r() < (flag >= 0x80 ? 0.03 : 0.6)) entry |= flag
      if (this.r() < 0.8) entry |= P
      return entry >>> 0
    }
    directoryEntry(): number {
      const page = this.page() & ~0xfff
      return (page | (this.r() < 0.9 ? this.pick([0x67, 0x63, 0x07, 0x01]) : this.n(4096))) >>> 0
    }
    scribble(): void {
      const at = this.n(PAGES * 1024 - 2) * 4
      const pae = this.guest.lg.pae
      if (this.r() < 0.3) {
        const table = this.n(PAGES) * 4096
        const va = this.va()
        const offset = pae ? (va >>> 30) * 8 : (va >>> 22) * 4
        this.guest.put(table + offset, this.directoryEntry())
        if (pae) this.guest.put(table + offset + 4, 0)
      } else {
        this.guest.put(at, this.r() < 0.5 ? this.entry() : this.directoryEntry())
        if (pae && this.r() < 0.9) this.guest.put((at & ~7) + 4, 0)
      }
    }
    /** A table that does lead somewhere, so that not all is rejected. */
    build(): void {
      const pae = this.guest.lg.pae || (this.guest.lg.cpu.linearPages && this.r() < 0.5)
      const [top, middle, leaf] = [0, 0, 0].map(() => this.n(PAGES) * 4096)
      const va = this.va()
      this.guest.mm.writeBytes(top, new Uint8Array(4096))
      if (pae) {
        this.guest.put(top + (va >>> 30) * 8, middle | 1, 0)
        this.guest.put(middle + ((va >>> 21) & 511) * 8, leaf | 0x67, 0)
        this.guest.put(leaf + ((va >>> 12) & 511) * 8, this.entry(), 0)
      } else {
        this.guest.put(top + (va >>> 22) * 4, leaf | 0x67)
        this.guest.put(leaf + ((va >>> 12) & 1023) * 4, this.entry())
      }
      if (this.r() < 0.7) guestNewPagetable(this.guest.lg.cpu, top)
      demandPage(this.guest.lg.cpu, va, this.pick([0, 2, 4, 6, 7]))
    }
    directory(): number {
      const known = this.pick(this.guest.lg.pgdirs).gpgdir
      return this.r() < 0.7 ? known : this.page()
    }
    step(): void {
      const { lg } = this.guest
      const { cpu } = lg
      const choice = this.n(16)
      if (choice < 4) demandPage(cpu, this.va(), this.n(16))
      else if (choice < 6) this.build()
      else if (choice < 8) this.scribble()
      else if (choice < 11) {
        guestSetPte(cpu, this.directory(), this.va(), this.entry(),
          this.r() < 0.05 ? this.n(2 ** 32) : 0)
      } else if (choice === 11) guestSetPgd(lg, this.directory(), this.pick([0, 1, 3, 4, 32, 768, 1023, 1024, 2 ** 32 - 1]))
      else if (choice === 12) guestNewPagetable(cpu, this.r() < 0.8 ? this.directory() : this.page())
      else if (choice === 13) this.rare()
      else if (choice === 14) guestPa(cpu, this.va())
      else mapSwitcherInGuest(cpu)
    }
    rare(): void {
      const { lg } = this.guest
      const choice = this.n(6)
      if (choice === 0) guestFlushUser(lg.cpu)
      else if (choice === 1) guestClearAll(lg.cpu)
      else if (choice === 2 && lg.pae) guestSetPmd(lg.cpu, this.page(), this.n(520))
      else if (choice === 3) pinPage(lg.cpu, this.va())
      else if (choice === 4) lg.kernelAddress = this.pick([0, 0x80000000, 0xc0000000, 0xffbff000])
      else {
        lg.cpu.stackPages = this.n(3)
        lg.cpu.esp1 = this.va()
      }
    }
    /** The processor walks here and there and remembers. */
    remember(): void {
      const { lg } = this.guest
      const directory = shadowDirectory(lg.cpu)
      for (let i = 0; i < 4; i++) {
        const va = this.va() & ~0xfff
        const entry = walkShadow(this.world.physical, lg.pae, directory, va >>> 0)
        if (entry !== 0) this.world.cpu.remember(directory, va >>> 0, entry)
      }
    }
    check(): void {
      const { lg } = this.guest
      const { host, frames, cpu, physical } = this.world
      const special = new Map([[host.switcherText[0], 0xffc00000],
        [lg.cpu.regsFrame, 0xffc01000], [host.statePage, 0xffc02000]])
      const mapped = new Map<number, number>()
      for (const { va, entry, upper } of leaves(this.world, lg)) {
        const frame = (entry & ~0xfff) >>> 0
        mapped.set(frame, (mapped.get(frame) ?? 0) + 1)
        if (va >= 0xffc00000) {
          expect(special.get(frame)).toBe(va)
          expect(entry & USER).toBe(0)
          if (frame !== lg.cpu.regsFrame) expect(entry & RW).toBe(0)
          expect(upper.some((level) => !(level & USER))).toBe(true)
        } else {
          expect(this.own.has(frame)).toBe(true)
        }
        expect(entry & 0x100).toBe(0)
        expect(entry & RW && !(entry & 0x40)).toBeFalsy()
      }
      for (const frame of [...this.own, ...special.keys()]) {
        expect(frames.count(frame)).toBe(1 + (mapped.get(frame) ?? 0))
      }
      for (const [directory, context] of cpu.contexts) {
        for (const [page, entry] of context) {
          expect(walkShadow(physical, lg.pae, directory, page * 4096)).toBe(entry)
        }
      }
      expect(frames.inUse).toBe(3 + tableFrames(this.world, lg))
    }
  }

  const seeds = Array.from({ length: 12 }, (_, i) => 1000 + i)
  test.each(seeds)('seed %i: maps only its own, balances, and leaves nothing stale', (seed) => {
    live(new Hostile(seed))
  })
  test.each(seeds)('seed %i: nor where tables must be taken back all the time', (seed) => {
    const hostile = new Hostile(seed, 14 * 4096)
    live(hostile)
    const { lg } = hostile.guest
    if (!lg.pae) expect(lg.shadows.takenBack).toBeGreaterThan(4)
  })

  function live(hostile: Hostile): void {
    let deaths = 0
    for (let i = 0; i < 1500; i++) {
      hostile.step()
      hostile.remember()
      if (i % 25 === 0) hostile.check()
      // The real Host stops here; the tables must bear going on regardless.
      if (hostile.guest.lg.dead !== null) {
        deaths++
        if (String(hostile.guest.lg.dead).startsWith('out of memory')) break
        hostile.guest.lg.dead = null
      }
    }
    hostile.check()
    expect(deaths).toBeGreaterThan(0)
    freeGuestPagetable(hostile.guest.lg)
    hostile.world.frames.release(hostile.guest.lg.cpu.regsFrame)
    expect(hostile.world.frames.inUse).toBe(2)
    for (const frame of hostile.own) expect(hostile.world.frames.count(frame)).toBe(1)
  }
})
