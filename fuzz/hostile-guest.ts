/**
 * A hostile Guest: memory, tables, and a kernel that goes on with the next
 * step whatever becomes of the last, because every gate it has leads there.
 */
import { callNumber, PAGE_SIZE } from '../generated/abi/common.ts'
import type { Era } from '../generated/abi/common.ts'
import { Assembler, ax, ds, eax, es, esp, mem, ss } from '../generated/assembler/index.ts'
import type { Host } from '../generated/host/host.ts'
import type { LguestFile } from '../generated/host/lguest-user.ts'
import { LauncherMemory, Task } from '../generated/host/mm.ts'
import { eraNamed } from './case.ts'
import type { Case, Step } from './case.ts'
import { object } from './finding.ts'
import { baseOf, callCode, StepWriter } from './machine-code.ts'
import {
  CODE, COUNTER, DATA, DEVICE_PAGES, forUsers, GDT, HANDLER, LAST_WORDS, LEAF, MIDDLE, PAGE_OFFSET, PAGES, RAM, SHARED,
  STACK, STEP, STEPS, TOP, TRAP_STACK, USER_STEPS,
} from './places.ts'
import { Server } from './server.ts'

/** In the boot page, where the Host of 2009 looks for it. */
const RAM_SIZE = 0x2d8
/** Flat segments for rings 1 and 3. */
const DESCRIPTORS = [[12, 0x00cf9a00], [13, 0x00cf9200], [14, 0x00cffa00], [15, 0x00cff200]] as const
const SEGMENT_LOW = 0xffff
const NOT_BEGUN = 0xffffffff
/** Behind all that is its own, its Launcher has a page that looks like a table. */
const BEYOND = new Uint8Array(Uint32Array.from({ length: PAGE_SIZE / 4 }, (_, i) => i % 2 === 0 ? STEPS | 3 : 0).buffer)
const templates = new Map<string, Uint8Array>()

export class HostileGuest {
  readonly mm: LauncherMemory
  readonly file: LguestFile
  readonly task = new Task('hostile')
  /** Its Launcher, if it has devices to be served. */
  readonly server: Server | null
  /** Address of the page behind all that is its own. */
  readonly #beyond: number

  /**
   * Prepares a Guest that has not run yet.
   * @param shared host-physical page that it has in common with others
   */
  constructor(host: Host, one: Case, steps: readonly Step[], shared?: { frame: number; file: object }) {
    this.mm = new LauncherMemory(host.physical, host.frames)
    this.file = host.open(this.mm)
    this.server = one.devices === true ? new Server(eraNamed(one.era), this.file, this.mm, this.task) : null
    if (this.server === null && !this.mm.mapZeroed(0, PAGES)) throw new Error('no memory for a Guest')
    this.#beyond = this.server?.memory.top ?? RAM
    if (!this.mm.mapZeroed(this.#beyond, 1)) throw new Error('no memory behind a Guest')
    this.mm.writeBytes(this.#beyond, BEYOND)
    this.mm.writeBytes(0, template(one))
    this.#writeSteps(one, steps)
    if (shared !== undefined) this.mm.mapShared(SHARED, shared.frame, shared.file, 0)
    const result = this.file.write(initialize(one, this.server), this.task)
    if (result < 0) throw new Error(`INITIALIZE gave ${result}`)
  }

  #writeSteps(one: Case, steps: readonly Step[]): void {
    const writer = new StepWriter(eraNamed(one.era), baseOf(one))
    for (const step of steps) writer.add(step)
    const used = writer.count * STEP
    this.mm.writeBytes(STEPS, writer.ring1.subarray(0, used))
    this.mm.writeBytes(USER_STEPS, writer.ring3.subarray(0, used))
    this.mm.write32(COUNTER + 4, writer.count)
  }

  get dead(): string | number | null { return this.server?.farewell ?? this.file.lg!.dead }

  /** Has it begun with its steps? */
  get underWay(): boolean { return this.mm.read32(COUNTER) !== NOT_BEGUN }

  /** What lies behind its memory is its Launcher's alone. */
  examine(): void {
    const same = Buffer.compare(this.mm.readBytes(this.#beyond, PAGE_SIZE), BEYOND) === 0
    object('beyond', same, () => 'its Launcher\'s memory, behind its own, was written')
  }

  /** Ends it and gives its memory back. */
  close(): void {
    this.server?.model.close()
    this.file.close()
    this.mm.unmapAll()
  }
}

function initialize(one: Case, server: Server | null): Uint32Array {
  const era = eraNamed(one.era)
  const limits = server?.limits ?? { pfnLimit: PAGES, deviceLimit: PAGES }
  const known = { memBase: 0, pgdir: 0, start: CODE, pageOffset: PAGE_OFFSET, ...limits }
  return Uint32Array.of(era.tag << 8, ...era.initialize.map((name) => known[name]))
}

/** All of the Guest's memory that does not depend on its steps. */
function template(one: Case): Uint8Array {
  const key = `${one.era} ${one.start} ${one.gates} ${one.devices}`
  let bytes = templates.get(key)
  if (bytes === undefined) templates.set(key, bytes = makeTemplate(one))
  return bytes
}

function makeTemplate(one: Case): Uint8Array {
  const era = eraNamed(one.era)
  const bytes = new Uint8Array(0x14000)
  const view = new DataView(bytes.buffer)
  const pages = one.devices ? PAGES + DEVICE_PAGES : PAGES
  if (one.start === 'pae') paeTables(view, pages)
  else twoLevelTables(view, pages)
  for (const [entry, high] of DESCRIPTORS) {
    view.setUint32(GDT + entry * 8, SEGMENT_LOW, true)
    view.setUint32(GDT + entry * 8 + 4, high, true)
  }
  bytes.set(new TextEncoder().encode('done\0'), LAST_WORDS)
  view.setUint32(RAM_SIZE, PAGES * PAGE_SIZE, true)
  view.setUint32(COUNTER, NOT_BEGUN, true)
  dataPage(view, era)
  if (one.gates !== 'none') gates(view, one, era)
  bytes.set(birth(one, era), CODE)
  bytes.set(handler(one, era), HANDLER)
  return bytes
}

function twoLevelTables(view: DataView, pages: number): void {
  for (const top of [0, PAGE_OFFSET >>> 22]) view.setUint32(TOP + top * 4, LEAF | 0x67, true)
  for (let page = 0; page < pages; page++) view.setUint32(LEAF + page * 4, leaf(page), true)
}

function paeTables(view: DataView, pages: number): void {
  for (const top of [0, 3]) view.setUint32(TOP + top * 8, MIDDLE | 1, true)
  view.setUint32(MIDDLE, LEAF | 0x67, true)
  for (let page = 0; page < pages; page++) view.setUint32(LEAF + page * 8, leaf(page), true)
}

const leaf = (page: number) => page * PAGE_SIZE | (forUsers(page) ? 7 : 3)

function dataPage(view: DataView, era: Era): void {
  const { data, hypercall } = era
  view.setUint32(DATA + data.irqEnabled, 0x200, true)
  for (let slot = 0; slot < hypercall.ringSlots; slot++) view.setUint8(DATA + data.hcallStatus + slot, 0xff)
  if (data.kernelAddress !== null) view.setUint32(DATA + data.kernelAddress, PAGE_OFFSET, true)
  if (data.syscallVector !== null) view.setUint32(DATA + data.syscallVector, 0x80, true)
}

/** Vectors of its own: what fits into the ring, which sets them all at once. */
const VECTORS = [
  ...[0, 1, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 16, 17, 18, 19, 20, 21, 30],
  ...Array.from({ length: 32 }, (_, irq) => 32 + irq), 0x80, 0x81, 0xff,
]
const FOR_USERS = [3, 4, 0x80, 0x81]

/** LOAD_IDT_ENTRY for each of them, in the ring. */
function gates(view: DataView, one: Case, era: Era): void {
  const { hypercall, data } = era
  const address = baseOf(one) + HANDLER
  VECTORS.forEach((vector, slot) => {
    const at = DATA + data.hcalls + slot * hypercall.slotSize
    const trap = one.gates === 'trap' || vector === 0x80
    const type = (trap ? 0x8f00 : 0x8e00) | (FOR_USERS.includes(vector) ? 0x6000 : 0)
    const args = [vector, 0x610000 | address & 0xffff, (address & 0xffff0000 | type) >>> 0]
    args.forEach((value, i) => view.setUint32(at + hypercall.slotArguments[i], value, true))
    view.setUint32(at + hypercall.slotNumber, callNumber(era, 'LOAD_IDT_ENTRY'), true)
    view.setUint8(DATA + data.hcallStatus + slot, 0)
  })
}

/** From the first instruction to the first step. */
function birth(one: Case, era: Era): Uint8Array {
  const base = baseOf(one)
  const call = (name: Parameters<typeof callNumber>[1], ...args: number[]) =>
    Uint8Array.from(callCode(era, callNumber(era, name), args))
  const a = new Assembler(CODE)
  a.mov(esp, STACK).db(call('LGUEST_INIT', DATA))
  if (one.start !== 'linear') a.db(call('NEW_PGTABLE', TOP))
  if (era.calls.includes('LOAD_GDT')) a.db(call('LOAD_GDT', GDT, 32))
  else for (const [entry, high] of DESCRIPTORS) a.db(call('LOAD_GDT_ENTRY', entry, SEGMENT_LOW, high))
  a.db(call('SET_STACK', 0x69, base + TRAP_STACK, 1))
  a.mov(eax, base + HANDLER).jmp(eax)
  return a.assemble().bytes
}

/** What every gate leads to: on to the next step, or to the end. */
function handler(one: Case, era: Era): Uint8Array {
  const base = baseOf(one)
  const a = new Assembler(base + HANDLER)
  const end = a.label()
  a.mov(eax, 0x69)
  for (const segment of [ds, es, ss]) a.mov(segment, ax)
  a.mov(esp, base + STACK)
  a.mov(mem(base + DATA + era.data.irqEnabled).dword, 0x200)
  a.inc(mem(base + COUNTER).dword)
  a.mov(eax, mem(base + COUNTER))
  a.cmp(eax, mem(base + COUNTER + 4)).jae(end)
  a.shl(eax, 7).add(eax, base + STEPS).jmp(eax)
  a.bind(end)
  const last = era.calls.includes('CRASH') ? 'CRASH' : 'SHUTDOWN'
  a.db(Uint8Array.from(callCode(era, callNumber(era, last), [LAST_WORDS, 1])))
  const again = a.here()
  a.jmp(again)
  return a.assemble().bytes
}
