/**
 * Tiny Guests on the real machine: a few instructions of ring-1 kernel, made
 * by the assembler, under a real Host. Used by tests and benches.
 */
import { callNumber } from '../../generated/abi/common.ts'
import type { CallName } from '../../generated/abi/common.ts'
import { eraA } from '../../generated/abi/era-a.ts'
import { Assembler, ax, ds, eax, ebx, ecx, edx, es, esp, mem } from '../../generated/assembler/index.ts'
import type { Label } from '../../generated/assembler/index.ts'
import { Machine } from '../../generated/emulator/index.ts'
import type { Engine } from '../../generated/emulator/run/run.ts'
import type { HostClock } from '../../generated/host/clock.ts'
import { InstructionClock } from '../../generated/host/clock.ts'
import { Host } from '../../generated/host/host.ts'
import type { HostOptions } from '../../generated/host/host.ts'
import type { LguestFile } from '../../generated/host/lguest-user.ts'
import { LauncherMemory, Task } from '../../generated/host/mm.ts'

export const PAGE_OFFSET = 0xc0000000
export const PAGES = 512
export const PGDIR = 0x1000
export const TABLE = 0x2000
export const DATA = 0x4000
export const GDT = 0x6000
/** Where results are left: physical, one word each. */
export const RESULTS = 0x7000
export const STACK_TOP = 0xa000
export const CODE = 0x10000
/** A program's page and its stack, both mapped for ring 3. */
export const PROGRAM = 0x40000

export interface Made { machine: Machine; host: Host; clock: HostClock }

export function realHost(
  options: { checkTlb?: boolean; slice?: number; clock?: HostClock; engine?: Engine; deterministic?: boolean; more?: Partial<HostOptions> } = {},
): Made {
  const machine = new Machine({ ramBytes: 32 << 20, deterministic: options.deterministic ?? true, retainContexts: true, checkTlb: options.checkTlb ?? true, engine: options.engine })
  const clock = options.clock ?? new InstructionClock(machine.cpu)
  return { machine, clock, host: new Host(machine, { clock, random: () => 0, slice: options.slice ?? 20_000, ...options.more }) }
}

/** The kernel's code, and words for the usual things. */
export class Kernel extends Assembler {
  constructor() { super(PAGE_OFFSET + CODE) }

  /** A hypercall with immediate arguments; EAX, EDX, EBX, ECX change. */
  hcall(name: CallName | number, a = 0, b: number | Label = 0, c = 0): this {
    this.mov(edx, a)
    this.mov(ebx, b)
    this.mov(ecx, c)
    this.mov(eax, typeof name === 'number' ? name : callNumber(eraA, name))
    this.int(0x1f)
    return this
  }

  /** A stack, and LGUEST_INIT. */
  begin(): this {
    this.mov(esp, PAGE_OFFSET + STACK_TOP)
    return this.hcall('LGUEST_INIT', DATA)
  }

  /** Flat segments for rings 1 and 3, and a stack for traps from ring 3. */
  segments(): this {
    return this.hcall('LOAD_GDT', GDT, 32).hcall('SET_STACK', 0x69, PAGE_OFFSET + STACK_TOP - 0x1000, 1)
  }

  /** LOAD_IDT_ENTRY; type 0xe or 0xf. */
  gate(vector: number, handler: Label, type = 0xf, dpl = 0): this {
    this.mov(ebx, handler)
    this.and(ebx, 0xffff)
    this.or(ebx, 0x600000)
    this.mov(ecx, handler)
    this.and(ecx, 0xffff0000)
    this.or(ecx, 0x8000 | (dpl << 13) | (type << 8))
    this.mov(edx, vector)
    this.mov(eax, callNumber(eraA, 'LOAD_IDT_ENTRY'))
    this.int(0x1f)
    return this
  }

  /** EAX into a result word. */
  store(slot: number): this {
    this.mov(mem(PAGE_OFFSET + RESULTS + slot * 4), eax)
    return this
  }

  /** Jumps to ring 3 at a label, with a stack of its own. */
  toRing3(program: Label): this {
    this.mov(eax, 0x7b)
    this.mov(ds, ax)
    this.mov(es, ax)
    this.push(0x7b)
    this.push(PAGE_OFFSET + PROGRAM + 0x2000)
    this.push(0x202)
    this.push(0x73)
    this.push(program)
    this.iret()
    return this
  }

  /** The end, by CRASH with no text. */
  end(): this { return this.hcall('CRASH', RESULTS + 0x800) }
}

export class Tiny {
  readonly made: Made
  readonly mm: LauncherMemory
  readonly file: LguestFile
  readonly task = new Task('launcher')

  constructor(made: Made, build: (k: Kernel) => void) {
    this.made = made
    this.mm = new LauncherMemory(made.host.physical, made.host.frames)
    if (!this.mm.mapZeroed(0, PAGES)) throw new Error('no memory')
    this.tables()
    const kernel = new Kernel()
    build(kernel)
    this.mm.writeBytes(CODE, kernel.assemble().bytes)
    this.file = made.host.open(this.mm)
    const result = this.file.write(Uint32Array.of(0, PAGES, PGDIR, PAGE_OFFSET + CODE, PAGE_OFFSET), this.task)
    if (result !== 16) throw new Error(`INITIALIZE gave ${result}`)
  }

  private tables() {
    const { mm } = this
    mm.write32(PGDIR + (PAGE_OFFSET >>> 22) * 4, TABLE | 7)
    for (let i = 0; i < PAGES; i++) mm.write32(TABLE + i * 4, (i * 4096) | 7)
    mm.writeBytes(DATA + eraA.data.hcallStatus, new Uint8Array(64).fill(0xff))
    const descriptors = [[12, 0x00cf9a00], [13, 0x00cf9200], [14, 0x00cffa00], [15, 0x00cff200]]
    for (const [entry, high] of descriptors) {
      mm.write32(GDT + entry * 8, 0xffff)
      mm.write32(GDT + entry * 8 + 4, high)
    }
  }

  read(buffer: Uint8Array | null = new Uint8Array(1024)) { return this.file.read(buffer, this.task) }

  /** Runs until it dies; its reason. Slices and halts are counted out. */
  runToEnd(slices = 1000): string {
    const buffer = new Uint8Array(1024)
    for (let i = 0; i < slices; i++) {
      const result = this.file.read(buffer, this.task)
      if (result.kind === 'halted') {
        if (result.until === null) throw new Error('halted for ever')
        ;(this.made.clock as InstructionClock).skipTo(result.until)
      }
      if (result.kind === 'error') break
    }
    const result = this.file.read(buffer, this.task)
    if (result.kind !== 'bytes') throw new Error(`still alive: ${JSON.stringify(result)}`)
    return new TextDecoder().decode(buffer.subarray(0, result.count - 1))
  }

  result(slot: number): number { return this.mm.read32(RESULTS + slot * 4) }
}

