/** Where the exercises begin: what holds today, and what each would change. */
import { beforeEach, describe, expect, test } from 'vitest'
import { demandPage } from '../../generated/host/page-tables/demand.ts'
import { guestClearAll, guestNewPagetable, shadowDirectory } from '../../generated/host/page-tables/switching.ts'
import { initGuestPagetable } from '../../generated/host/page-tables/birth.ts'
import { A, makeGuest, makeWorld, P, RW, type TestGuest, USER, walkShadow, type World } from '../H-host/guest-world.ts'
import { hypercall, makeKnownGuest, run } from '../H-host/scripted-host.ts'
import { GuestTables } from '../H-host/tables.ts'

const FIRST = 0x08048000
const READ = USER
/** Pages from one to the next that is no neighbour of it, as M:007 has them. */
const FAR = 8

let world: World
let guest: TestGuest

beforeEach(() => {
  world = makeWorld()
  guest = makeGuest(world, 256)
  initGuestPagetable(guest.lg, 0)
  const tables = new GuestTables(guest, 64, false)
  for (let i = 0; i < 8 * FAR; i++) tables.map(FIRST + i * 4096, 16 + i, P | RW | USER | A)
  guestNewPagetable(guest.lg.cpu, tables.top)
})

const shadowOf = (va: number) =>
  walkShadow(world.physical, false, shadowDirectory(guest.lg.cpu), va)

/** How many of eight pages, so many apart, fault when they are read in turn. */
function faults(apart = 1): number {
  let count = 0
  for (let i = 0; i < 8; i++) {
    const page = FIRST + i * apart * 4096
    if (shadowOf(page) !== 0) continue
    count++
    expect(demandPage(guest.lg.cpu, page, READ)).toBe(true)
  }
  return count
}

describe('before the exercises', () => {
  test('M:006: a Guest\'s programs find no SYSENTER', () => {
    const { scripted, file, task } = makeKnownGuest()
    scripted.steps.push((cpu) => { expect(scripted.msr(0x174)).toBe(0); cpu.setReg('trapnum', 0x20) })
    expect(file.read(new Uint8Array(8), task)).toEqual({ kind: 'again' })
  })

  test('M:007: a page is fetched alone, each of its neighbours by a fault of its own', () => {
    expect(demandPage(guest.lg.cpu, FIRST, READ)).toBe(true)
    expect(shadowOf(FIRST + 4096)).toBe(0)
    expect(faults()).toBe(7)
  })

  test('M:008: a page that a shadow maps stays until the shadow lets go', () => {
    faults()
    const frame = (shadowOf(FIRST) & ~0xfff) >>> 0
    const held = world.frames.count(frame)
    guestClearAll(guest.lg.cpu)
    expect(world.frames.count(frame)).toBe(held - 1)
  })

  test('M:009: one changed mapping that cannot be named costs every page a fault', () => {
    expect([faults(FAR), faults(FAR)]).toEqual([8, 0])
    guestClearAll(guest.lg.cpu)
    expect(faults(FAR)).toBe(8)
  })

  test('M:009: flushing everything by FLUSH_TLB 1 harms nobody', () => {
    const known = makeKnownGuest()
    hypercall(known, 'FLUSH_TLB', 1)
    expect(run(known)).toEqual({ kind: 'again' })
    expect(known.lg.dead).toBeNull()
  })
})
