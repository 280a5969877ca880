// A Guest of a few instructions on a whole machine: real processor, real
// Switcher, real Host. It has linear tables at PAGE_OFFSET, announces itself,
// does what the test says, and ends by a CRASH of its own, saying "done".
import {
  Assembler, eax, ebx, ecx, edx, esp, mem, type Label,
} from '../../generated/assembler/index.ts'
import { callNumber, type CallName, PAGE_SIZE } from '../../generated/abi/common.ts'
import { eraA } from '../../generated/abi/era-a.ts'
import { Machine } from '../../generated/emulator/index.ts'
import { InstructionClock } from '../../generated/host/clock.ts'
import { Host } from '../../generated/host/host.ts'
import type { Lguest } from '../../generated/host/lg.ts'
import type { LguestFile } from '../../generated/host/lguest-user.ts'
import { LauncherMemory, Task } from '../../generated/host/mm.ts'
import { seeded } from '../H-host/guest-world.ts'

export const PAGE_OFFSET = 0xc0000000
export const PAGES = 512
/** Guest-physical places. */
export const TOP = 0x1000, MIDDLE = 0x2000, LEAF = 0x3000, DATA = 0x4000
export const STACK_TOP = 0x8000, VARIABLES = 0x8000, PROGRAM = 0x10000
const DONE = VARIABLES + 0xf00

export interface LittleOptions {
  /** Three levels, found out at the first NEW_PGTABLE. */
  pae?: boolean
  /** Compare every remembered translation with a walk. */
  checkTlb?: boolean
  retainContexts?: boolean
  seed?: number
  /** A Guest on whose machine and Host this one is to live too. */
  beside?: LittleGuest
  /** Instructions in a slice. */
  slice?: number
}

/** A kernel being written. Addresses in its hypercalls are physical. */
export class LittleKernel {
  readonly a = new Assembler(PAGE_OFFSET + PROGRAM)

  /** The kernel's address of a physical one. */
  at(physical: number) { return mem(PAGE_OFFSET + physical) }

  call(name: CallName, one: number | Label = 0, two: number | Label = 0, three: number | Label = 0): void {
    const { a } = this
    a.mov(eax, callNumber(eraA, name))
    a.mov(edx, one)
    a.mov(ebx, two)
    a.mov(ecx, three)
    a.int(0x1f)
  }

  /** LOAD_IDT_ENTRY with an interrupt or trap gate. */
  gate(vector: number, handler: Label, typeAndDpl = 0x8e00): void {
    const { a } = this
    a.mov(ebx, handler)
    a.mov(ecx, ebx)
    a.and(ebx, 0xffff)
    a.or(ebx, 0x610000)
    a.and(ecx, 0xffff0000)
    a.or(ecx, typeAndDpl)
    a.mov(edx, vector)
    a.mov(eax, callNumber(eraA, 'LOAD_IDT_ENTRY'))
    a.int(0x1f)
  }
}

export interface LittleGuest {
  machine: Machine
  host: Host
  file: LguestFile
  lg: Lguest
  mm: LauncherMemory
  /** Runs one slice; the reason if the Guest is dead, else null. */
  slice(): string | null
  /** Runs until the Guest is dead, and says why. */
  run(): string
  word(physical: number): number
}

/** Boots a kernel whose body the test writes. */
export function littleGuest(
  body: (kernel: LittleKernel) => void, options: LittleOptions = {},
): LittleGuest {
  const pae = options.pae ?? false
  const machine = options.beside?.machine ?? new Machine({
    ramBytes: 24 << 20, deterministic: true,
    checkTlb: options.checkTlb ?? true,
    retainContexts: options.retainContexts ?? true,
  })
  const host = options.beside?.host ?? new Host(machine, {
    clock: new InstructionClock(machine.cpu),
    random: seeded(options.seed ?? 1), slice: options.slice ?? 50_000,
  })
  const mm = new LauncherMemory(machine.physical, host.frames)
  mm.mapZeroed(0, PAGES)
  if (pae) paeTables(mm)
  else twoLevelTables(mm)
  mm.writeBytes(DATA + eraA.data.hcallStatus, new Uint8Array(64).fill(0xff))
  mm.writeBytes(DONE, new TextEncoder().encode('done\0'))
  const program = write(body, pae)
  mm.writeBytes(PROGRAM, program)
  const file = host.open(mm)
  const task = new Task('launcher')
  const start = pae ? PROGRAM : PAGE_OFFSET + PROGRAM
  const result = file.write(Uint32Array.of(0, PAGES, pae ? 0 : TOP, start, PAGE_OFFSET), task)
  if (result !== 16) throw new Error(`INITIALIZE gave ${result}`)
  const lg = file.lg!
  const buffer = new Uint8Array(256)
  const slice = () => {
    const read = file.read(buffer, task)
    if (read.kind === 'bytes') {
      return new TextDecoder().decode(buffer.subarray(0, read.count - 1))
    }
    if (read.kind === 'halted') throw new Error('the little Guest sleeps')
    if (read.kind === 'error' && lg.dead === null) throw new Error(`read gave ${read.errno}`)
    return null
  }
  return {
    machine, host, file, lg, mm, slice,
    word: (physical) => mm.read32(physical) >>> 0,
    run() {
      for (let slices = 0; slices < 10_000; slices++) {
        const reason = slice()
        if (reason !== null) return reason
      }
      throw new Error('the little Guest never ends')
    },
  }
}

function write(body: (kernel: LittleKernel) => void, pae: boolean): Uint8Array {
  const kernel = new LittleKernel()
  const { a } = kernel
  const high = a.label()
  // With PAE we are at the physical address here, and have no tables yet.
  a.mov(esp, pae ? STACK_TOP : PAGE_OFFSET + STACK_TOP)
  kernel.call('LGUEST_INIT', DATA)
  if (pae) {
    kernel.call('NEW_PGTABLE', TOP)
    a.mov(eax, high)
    a.jmp(eax)
  }
  a.bind(high)
  a.mov(esp, PAGE_OFFSET + STACK_TOP)
  body(kernel)
  kernel.call('CRASH', DONE)
  const { bytes } = a.assemble()
  if (PROGRAM + bytes.length > PAGES * PAGE_SIZE) throw new Error('too long')
  return bytes
}

function twoLevelTables(mm: LauncherMemory): void {
  mm.write32(TOP + (PAGE_OFFSET >>> 22) * 4, LEAF | 0x67)
  for (let i = 0; i < PAGES; i++) mm.write32(LEAF + i * 4, (i * PAGE_SIZE) | 3)
}

/** Identity, and the same again at PAGE_OFFSET. */
function paeTables(mm: LauncherMemory): void {
  mm.write32(TOP, MIDDLE | 1)
  mm.write32(TOP + 24, MIDDLE | 1)
  mm.write32(MIDDLE, LEAF | 0x67)
  for (let i = 0; i < PAGES; i++) mm.write32(LEAF + i * 8, (i * PAGE_SIZE) | 3)
}
