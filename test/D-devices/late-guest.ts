/** Tiny Guests of eras B2 and C0 to C2 on the real machine, and their bare Launcher. */
import { callNumber, LHREQ_ERA_SHIFT, LHREQ_GETREG, LHREQ_SETREG } from '../../generated/abi/common.ts'
import type { CallName, Era } from '../../generated/abi/common.ts'
import { eraC1, ptRegs } from '../../generated/abi/era-c.ts'
import { Assembler, eax, ebx, ecx, edx, esi, esp } from '../../generated/assembler/index.ts'
import { LauncherMemory, Task } from '../../generated/host/mm.ts'
import type { Observer } from '../../generated/host/observer.ts'
import { Guest } from '../../generated/launcher/guest.ts'
import { GuestMemory } from '../../generated/launcher/memory.ts'
import { realHost } from '../H-host/tiny-guest.ts'

export const CODE = 0x10000
export const DATA = 0x4000
export const STACK = 0x9000
export const PAGES = 512
/** The first page of device windows, and the first behind them. */
export const WINDOWS = 1024
export const DEVICE_LIMIT = 1026
const TABLES = 0x40000

/** An observer that says nothing. */
const SILENT: Observer = { entering() {}, left() {}, trap() {}, hypercall() {}, interrupt() {} }

/** A kernel in linear mode: virtual is physical. */
export class Kernel extends Assembler {
  readonly era: Era
  constructor(era: Era) {
    super(CODE)
    this.era = era
  }

  hcall(name: CallName, a = 0, b = 0, c = 0, d = 0): this {
    for (const [register, value] of [[ebx, a], [ecx, b], [edx, c], [esi, d]] as const) this.mov(register, value)
    this.mov(eax, callNumber(this.era, name))
    return this.ask()
  }

  /** The instruction by which this era's Guests ask. */
  ask(): this {
    if (this.era.hypercall.byVmcall) this.db(0x0f, 0x01, 0xc1)
    else this.int(0x1f)
    return this
  }

  /** A gate of the Guest, of type 0xe or 0xf. */
  gate(vector: number, handler: number, type = 0xe): this {
    return this.hcall('LOAD_IDT_ENTRY', vector, 0x610000 | handler & 0xffff,
      (handler & 0xffff0000) | 0x8000 | type << 8)
  }
}

/** What of the era's data page differs in a test. */
interface Facts { iret?: number, byLauncher?: boolean, before?: (mm: LauncherMemory) => void,
  syscallVector?: number, observer?: object }

export class LateGuest {
  readonly mm: LauncherMemory
  readonly file
  readonly task = new Task('test')
  readonly era: Era
  readonly #memory: GuestMemory

  /** Tables map 0 to PAGES as they are, and the windows, at NEW_PGTABLE. */
  constructor(write: (k: Kernel) => void, era: Era = eraC1, facts: Facts = {}) {
    this.era = era
    const { host } = realHost({ more: { syscallVector: facts.syscallVector, observer: facts.observer && { ...SILENT, ...facts.observer } } })
    const mm = this.mm = new LauncherMemory(host.physical, host.frames)
    const { data } = era
    const memory = new GuestMemory(mm, PAGES * 4096)
    mm.write32(DATA + data.kernelAddress!, 0xc0000000)
    mm.write32(DATA + data.syscallVector!, 0x80)
    if (data.noirqIret !== null) mm.write32(DATA + data.noirqIret, facts.iret ?? 0xffffffff)
    mm.writeBytes(DATA + data.hcallStatus, new Uint8Array(64).fill(0xff))
    this.#writeTables(7)
    const kernel = new Kernel(era)
    kernel.mov(esp, STACK)
    kernel.hcall('LGUEST_INIT', DATA)
    write(kernel)
    mm.writeBytes(CODE, kernel.assemble().bytes)
    this.file = host.open(mm)
    this.#memory = memory
    if (facts.byLauncher) return
    const words = Uint32Array.of(era.tag << LHREQ_ERA_SHIFT, 0, PAGES, CODE, DEVICE_LIMIT)
    facts.before?.(mm)
    const result = this.file.write(words, this.task)
    if (result !== era.initializeReturns) throw new Error(`no Guest: ${result}`)
  }

  /** The same Guest as the Launcher has it; for one made with `byLauncher`. */
  launched(): Guest {
    const guest = new Guest(this.file, this.#memory)
    guest.initialize(this.era, { pfnLimit: PAGES, start: CODE, deviceLimit: DEVICE_LIMIT })
    return guest
  }

  #writeTables(flags: number): void {
    for (const [half, first] of [[0, 0], [1, 1024]]) {
      this.mm.write32(TABLES + half * 4, TABLES + 0x1000 * (half + 1) | 7)
      for (let i = 0; i < 1024; i++) {
        const page = first + i
        const there = page < PAGES || page >= WINDOWS && page < DEVICE_LIMIT
        this.mm.write32(TABLES + 0x1000 * (half + 1) + i * 4, there ? page << 12 | flags : 0)
      }
    }
  }

  static readonly tables = TABLES

  /** Where the tables have the entry of a page. */
  entryOf(page: number): number { return TABLES + 0x1000 + (page >> 10) * 0x1000 + (page & 1023) * 4 }

  request(...words: number[]): number { return this.file.write(Uint32Array.from(words), this.task) }

  read(buffer: Uint8Array | null = new Uint8Array(12)) {
    for (let turn = 0; turn < 100; turn++) {
      const result = this.file.read(buffer, this.task)
      if (result.kind !== 'again') return result
    }
    return { kind: 'busy' } as const
  }

  /** The next record: trap, instruction, address; or how else it ended. */
  pending(): { trap: number; insn: number[]; address: number } | string {
    const buffer = new Uint8Array(12)
    const result = this.read(buffer)
    if (result.kind !== 'bytes') return this.file.lg!.dead?.toString() ?? result.kind
    return { trap: buffer[0], insn: [...buffer.subarray(1, 8)], address: new DataView(buffer.buffer).getUint32(8, true) }
  }

  get(name: keyof typeof ptRegs): number {
    this.request(LHREQ_GETREG, ptRegs[name]!)
    const word = new Uint32Array(1)
    this.read(new Uint8Array(word.buffer))
    return word[0]
  }

  set(name: keyof typeof ptRegs, value: number): number { return this.request(LHREQ_SETREG, ptRegs[name]!, value) }

  /** Moves the Guest behind an instruction. */
  skip(bytes: number): void { this.set('eip', this.get('eip') + bytes) }
}

/** Runs a Guest and lets `serve` answer each record, until it halts or dies. */
export function runServed(guest: Guest, serve: (words: Uint32Array) => Iterable<unknown>): string {
  const words = new Uint32Array(3)
  for (let turn = 0; turn < 2000; turn++) {
    const result = guest.run(new Uint8Array(words.buffer))
    if (result.kind === 'bytes') for (const _price of serve(words)) { /* done at once */ }
    else if (result.kind === 'error') return reason(guest)
    else if (result.kind === 'halted') return 'halted'
  }
  return 'busy'
}

function reason(guest: Guest): string {
  const text = new Uint8Array(128)
  const { count } = guest.run(text) as { count: number }
  return new TextDecoder().decode(text.subarray(0, count - 1))
}
