/** What shadow page tables cost the Host, without the world switch around it. */
import { demandPage } from '../generated/host/page-tables/demand.ts'
import { guestClearAll, guestFlushUser, guestNewPagetable } from '../generated/host/page-tables/switching.ts'
import { guestSetPte } from '../generated/host/page-tables/changes.ts'
import { initGuestPagetable } from '../generated/host/page-tables/birth.ts'
import { makeGuest, makeWorld, P, RW, USER } from '../test/H-host/guest-world.ts'
import { GuestTables } from '../test/H-host/tables.ts'
import { medianTime, type Bench, type Row } from './bench.ts'

const PAGES = 512
const BASE = 0x08000000

/** A Guest with three processes, each with 512 pages of its own. */
function setUp(pae: boolean) {
  const victims = [0, 0, 1, 2]
  const world = makeWorld({ ram: 40 << 20, random: () => (victims.shift() ?? 0) / 4 })
  const guest = makeGuest(world, 4096)
  const processes = [0, 1, 2].map((n) => {
    const tables = new GuestTables(guest, 2048 + n * 64, pae)
    tables.map(0xc0000000, 0, P | RW)
    for (let i = 0; i < PAGES; i++) tables.map(BASE + i * 4096, i, P | RW | USER)
    return tables
  })
  initGuestPagetable(guest.lg, 0)
  for (const { top } of processes) guestNewPagetable(guest.lg.cpu, top)
  return { cpu: guest.lg.cpu, tops: processes.map(({ top }) => top) }
}

async function each(what: string, times: number, work: () => void): Promise<Row> {
  const ms = await medianTime(60, work)
  return { what, value: ms * 1e6 / times, unit: 'ns' }
}

async function measure(pae: boolean): Promise<Row[]> {
  const { cpu, tops } = setUp(pae)
  const name = pae ? 'PAE' : 'two-level'
  const pages = Array.from({ length: PAGES }, (_, i) => BASE + i * 4096)
  return [
    await each(`page fault mended, ${name}`, PAGES, () => {
      guestFlushUser(cpu)
      for (const va of pages) demandPage(cpu, va, 6)
    }),
    await each(`SET_PTE, ${name}`, PAGES, () => {
      for (const va of pages) guestSetPte(cpu, tops[2], va, (va - BASE) | 0x67)
    }),
    await each(`switch among known directories, ${name}`, 3000, () => {
      for (let i = 0; i < 3000; i++) guestNewPagetable(cpu, tops[i % 3])
    }),
    await each(`everything dropped, ${name}`, 100, () => {
      for (let i = 0; i < 100; i++) guestClearAll(cpu)
    }),
  ]
}

const bench: Bench = {
  name: 'shadow page tables, the Host alone',
  async run() {
    return [...await measure(false), ...await measure(true)]
  },
}

export default bench
