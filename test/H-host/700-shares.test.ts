import { lines, session } from '../support/puppy.ts'
import { describe, expect, test } from 'vitest'
import { ENOMEM } from '../../generated/abi/errno.ts'
import { kill } from '../../generated/host/lg.ts'
import { demandPage } from '../../generated/host/page-tables/demand.ts'
import { frameForHost, shareOf } from '../../generated/host/page-tables/shares.ts'
import { freeGuestPagetable, initGuestPagetable } from '../../generated/host/page-tables/birth.ts'
import { guestNewPagetable, shadowDirectory } from '../../generated/host/page-tables/switching.ts'
import { A, D, makeGuest, makeWorld, MIB, P, RW, tableFrames, type TestGuest, USER, walkShadow, type World } from './guest-world.ts'
import { makeHost, makeKnownGuest, PAGE_OFFSET, run } from './scripted-host.ts'

const PAGES = 64
const [TOP, MIDDLE, LEAF, MINE] = [1, 10, 11, 12]
const FLAGS = P | RW | USER | A | D
const STACK = 0xc0001000

/** A Guest whose directories are full: one table stands in every entry. */
function fullGuest(world: World, id: number, pae: boolean): TestGuest {
  const guest = makeGuest(world, PAGES, id)
  for (let d = 0; d < 4; d++) {
    for (let i = 0; i < (pae ? 4 : 1023); i++) {
      const at = (TOP + d) * 4096
      if (pae) guest.put(at + i * 8, (MIDDLE * 4096) | P, 0)
      else guest.put(at + i * 4, (LEAF * 4096) | FLAGS)
    }
  }
  for (let i = 0; i < 512; i++) guest.put(MIDDLE * 4096 + i * 8, (LEAF * 4096) | FLAGS, 0)
  for (let i = 0; i < 1024; i++) guest.put(LEAF * 4096 + i * 4, pae && i % 2 ? 0 : (MINE * 4096) | FLAGS)
  return guest
}

const begin = (guest: TestGuest) => {
  victim = 0
  expect(initGuestPagetable(guest.lg, 0)).toBe(0)
  guestNewPagetable(guest.lg.cpu, TOP * 4096)
  expect(guest.lg.dead).toBeNull()
}

/** One page in each table's worth of addresses, in one directory after another. */
function devour(guest: TestGuest, pae: boolean): void {
  const { lg } = guest
  for (let d = 0; d < 4; d++) {
    victim = d
    guestNewPagetable(lg.cpu, (TOP + d) * 4096)
    for (let i = 0; i < (pae ? 2046 : 1023); i++) {
      expect(demandPage(lg.cpu, i * (pae ? 2 : 4) * MIB, 6)).toBe(true)
    }
  }
  expect(lg.dead).toBeNull()
}

/** Which slot the next directory takes. */
let victim = 0
const crowd = () => makeWorld({ ram: 24 * MIB, hostArea: 16 * MIB, random: () => victim / 4 })

describe.each([['two-level', false], ['PAE', true]])('H:710 %s tables', (_, pae) => {
  test('books say what is held, and are empty in the end', () => {
    const world = crowd()
    const guest = fullGuest(world, 0, pae)
    begin(guest)
    devour(guest, pae)
    const { shadows } = guest.lg
    expect(shadows.held).toBe(tableFrames(world, guest.lg))
    expect(shadows.most).toBeGreaterThan(3900)
    expect(shadows.takenBack).toBeGreaterThan(0)
    freeGuestPagetable(guest.lg)
    expect([shadows.held, shadows.leaves.size]).toEqual([0, 0])
    expect(world.frames.inUse).toBe(3)
  })

  test('who has devoured all gives back to a neighbour, and to a newborn', () => {
    const world = crowd()
    const greedy = fullGuest(world, 0, pae)
    const modest = fullGuest(world, 1, pae)
    begin(greedy)
    begin(modest)
    devour(greedy, pae)
    expect(world.frames.alloc()).toBe(0)
    const share = shareOf(world.host)
    for (let i = 0; i < share - 30; i++) expect(demandPage(modest.lg.cpu, i * (pae ? 2 : 4) * MIB, 6)).toBe(true)
    expect([greedy.lg.dead, modest.lg.dead]).toEqual([null, null])
    expect(modest.lg.shadows.takenBack).toBe(0)
    expect(greedy.lg.shadows.takenBack).toBeGreaterThan(share - 60)
    for (const { lg } of [greedy, modest]) expect(lg.shadows.held).toBe(tableFrames(world, lg))
    const regs = frameForHost(world.host, null)
    expect(regs).not.toBe(0)
    world.frames.release(regs)
    const newborn = fullGuest(world, 2, pae)
    begin(newborn)
  })

  test('beyond its share a Guest gives of its own, and its neighbour keeps all', () => {
    const world = crowd()
    const guests = [0, 1].map((id) => fullGuest(world, id, pae))
    guests.forEach(begin)
    const [greedy, modest] = guests
    for (let i = 0; i < 200; i++) demandPage(modest.lg.cpu, i * (pae ? 2 : 4) * MIB, 6)
    const had = modest.lg.shadows.held
    devour(greedy, pae)
    devour(greedy, pae)
    expect([modest.lg.shadows.held, modest.lg.shadows.takenBack]).toEqual([had, 0])
  })

  test('the Switcher and the stack in use stay; another shadow is blank when it lost some', () => {
    const world = crowd()
    const guest = fullGuest(world, 0, pae)
    begin(guest)
    const { lg } = guest
    lg.cpu.esp1 = STACK
    lg.cpu.stackPages = 2
    devour(guest, pae)
    devour(guest, pae)
    const walk = (va: number) => walkShadow(world.physical, pae, shadowDirectory(lg.cpu), va)
    expect(walk(STACK - 1) & (P | RW)).toBe(P | RW)
    expect(walk(STACK - 4097) & (P | RW)).toBe(P | RW)
    expect(walk(0xffc00000) & P).toBe(P)
    const others = lg.pgdirs.filter((_slot, i) => i !== lg.cpu.current)
    expect(others.some(({ blank }) => blank)).toBe(true)
    for (let d = 0; d < 4; d++) {
      guestNewPagetable(lg.cpu, (TOP + d) * 4096)
      expect(walk(STACK - 1) & (P | RW)).toBe(P | RW)
    }
    expect(lg.dead).toBeNull()
  })

  test('the giver pays, whoever runs', () => {
    const world = crowd()
    const [greedy, modest] = [0, 1].map((id) => fullGuest(world, id, pae))
    begin(greedy)
    begin(modest)
    devour(greedy, pae)
    const spent = ({ lg }: TestGuest) => lg.task.account.spent.host
    const before = [greedy, modest].map(spent)
    for (let i = 0; i < 50; i++) demandPage(modest.lg.cpu, i * (pae ? 2 : 4) * MIB, 6)
    expect(spent(greedy) - before[0]).toBeGreaterThan(49 * 300)
    expect(spent(modest)).toBe(before[1])
  })
})

describe('H:720 shares', () => {
  test('sixteen devour in turn, half of them PAE; each keeps its share, and a newborn has that of a dead one', () => {
    const world = crowd()
    const born = (id: number) => {
      const guest = fullGuest(world, id, id % 2 === 1)
      begin(guest)
      return guest
    }
    const guests = Array.from({ length: 16 }, (_, id) => born(id))
    const share = shareOf(world.host)
    const look = () => {
      for (const { lg } of guests) {
        expect(lg.dead).toBeNull()
        expect(lg.shadows.held).toBe(tableFrames(world, lg))
      }
    }
    for (const [id, guest] of guests.entries()) devour(guest, id % 2 === 1)
    look()
    for (const [id, guest] of guests.entries()) devour(guest, id % 2 === 1)
    look()
    for (const { lg } of guests) expect(lg.shadows.held).toBeGreaterThan(share - 20)
    for (const id of [3, 8]) {
      const { held } = guests[id].lg.shadows
      const before = world.frames.inUse
      kill(guests[id].lg, 'enough')
      freeGuestPagetable(guests[id].lg)
      expect(before - world.frames.inUse).toBe(held)
      guests[id] = born(id)
    }
    for (const id of [8, 3]) devour(guests[id], id % 2 === 1)
    look()
  }, 60_000)

  test('sixteen of them fit into what there is, with the Host and the registers', () => {
    const { host } = makeHost()
    const own = host.frames.inUse
    expect(16 * shareOf(host) + own + 16).toBeLessThanOrEqual(host.frames.capacity)
    expect(shareOf(host)).toBeGreaterThan(200)
  })

  test('where nobody has anything to give there is no frame', () => {
    const world = makeWorld()
    const { lg } = makeGuest(world, 16)
    while (world.frames.alloc() !== 0) { /* use it all up */ }
    expect(frameForHost(world.host, null)).toBe(0)
    expect(initGuestPagetable(lg, 0)).toBe(-ENOMEM)
  })
})

describe('H:500 burial', () => {
  test('a Guest that dies gives all back at once, but for its registers', () => {
    const made = makeHost()
    const before = made.host.frames.inUse
    const world = makeKnownGuest(made)
    expect(made.host.frames.inUse).toBeGreaterThan(before + 1)
    kill(world.lg, 'a reason')
    run(world)
    expect(made.host.frames.inUse).toBeGreaterThan(before + 1)
    const other = makeKnownGuest(made)
    other.file.close()
    expect(made.host.frames.inUse).toBe(before + 1)
    world.file.close()
    expect(made.host.frames.inUse).toBe(before)
  })

  test('one that another has killed is buried by that one\'s read, and its Launcher woken', () => {
    const made = makeHost(64 << 20)
    const [killer, sleeper] = [makeKnownGuest(made), makeKnownGuest(made)]
    let woken = 0
    sleeper.lg.task.wake = () => { woken++ }
    killer.scripted.steps.push((cpu) => { kill(sleeper.lg, 'by another'); cpu.setReg('trapnum', 0x20) })
    run(killer)
    expect([woken, sleeper.lg.shadows.held, sleeper.lg.buried]).toEqual([1, 0, true])
    run(killer)
    expect(woken).toBe(1)
    expect(PAGE_OFFSET).toBe(killer.lg.kernelAddress)
    expect(sleeper.file.close()).toBe(0)
  })
})

describe('before the exercises', () => {
  test('a Guest that only counts is interrupted once in a hundred thousand instructions', async () => {
    const { err } = await session(lines('spin 100'), ['--stats'])
    const number = (what: RegExp) => Number(what.exec(err.join('\n'))![1].replaceAll(',', ''))
    const slices = number(/^instructions +([\d,]+)/m) / number(/^ +end of a slice +([\d,]+)/m)
    expect(slices).toBeGreaterThan(70_000)
    expect(slices).toBeLessThan(100_000)
  })
})
