// The least a Host can be: page tables, descriptors, gates and a stack in an
// emulated machine's memory, and the far call. One Guest, in machine code.
import {
  Assembler, eax, mem,
} from '../../generated/assembler/index.ts'
import { lguestRegs } from '../../generated/abi/common.ts'
import type { RegisterName } from '../../generated/abi/common.ts'
import { Machine } from '../../generated/emulator/index.ts'
import type { MachineOptions } from '../../generated/emulator/index.ts'
import { buildSwitcher } from '../../generated/switcher/code.ts'
import { lguestPages, lguestState, tss } from '../../generated/switcher/layout.ts'

export const SWITCHER = 0xffc00000
export const PAGES = SWITCHER + 0x1000

/** Frames of physical memory, by what they hold. */
const AT = {
  hostDirectory: 0x1000, hostLow: 0x2000, hostHigh: 0x3000,
  guestDirectory: 0x4000, guestLow: 0x5000, guestHigh: 0x6000,
  text: 0x7000, spare: 0x8000, state: 0x9000, regs: 0xa000,
  gdt: 0xb000, idt: 0xc000, tss: 0xd000, stack: 0xe000, code: 0xf000,
  counts: 0x12000, kernel: 0x20000, kernelStack: 0x21000, user: 0x22000,
} as const

/** Guest-virtual addresses. The user page is the only one for ring 3. */
export const KERNEL = 0x10000
export const KERNEL_STACK_TOP = 0x12000
export const USER = 0x13000

export const KERNEL_CS = 0x61
export const KERNEL_DS = 0x69
export const USER_CS = 0x73
export const USER_DS = 0x7b
const LGUEST_CS = 0x50
const ES = 0, CS = 1, SS = 2, DS = 3, FS = 4, GS = 5, TR = 7

const FLAT_CODE = 0x00cf9b00
const FLAT_DATA = 0x00cf9300

type Words = [low: number, high: number]

export class TinyHost {
  readonly machine: Machine
  readonly switcher = buildSwitcher(SWITCHER)
  /** Where the far call returns to. */
  private home = 0

  constructor(options: Partial<MachineOptions> = {}) {
    this.machine = new Machine({
      ramBytes: 1 << 20, deterministic: true, checkTlb: true, ...options,
    })
    this.mapHost()
    this.mapGuest()
    this.fillHostTables()
    this.fillStatePage()
    this.physical.writeBytes(AT.text, this.switcher.text)
    this.writeCode()
    this.moveIn()
  }

  get physical() { return this.machine.physical }
  get cpu() { return this.machine.cpu }

  // --- before and after a run ---

  /** The Guest's registers as in L:030: ring 1, everything else zero. */
  birth(registers: Partial<Record<RegisterName, number>> = {}): void {
    this.physical.fill(AT.regs, 4096, 0)
    this.set({
      cs: KERNEL_CS, ds: KERNEL_DS, es: KERNEL_DS, ss: KERNEL_DS,
      eflags: 0x202, eip: KERNEL, esp: KERNEL_STACK_TOP, ...registers,
    })
  }

  set(registers: Partial<Record<RegisterName, number>>): void {
    for (const [name, value] of Object.entries(registers)) {
      const at = AT.regs + lguestPages.regs + lguestRegs[name as RegisterName]
      this.physical.write32(at, value >>> 0)
    }
  }

  get(name: RegisterName): number {
    return this.physical.read32(AT.regs + lguestPages.regs + lguestRegs[name])
  }

  /** Code of the Guest, at KERNEL or USER. */
  program(address: number, write: (a: Assembler) => void): void {
    const a = new Assembler(address)
    write(a)
    const frame = address === USER ? AT.user : AT.kernel
    this.physical.writeBytes(frame, a.assemble().bytes)
  }

  /** One of the 32 descriptors the Guest runs with. */
  setDescriptor(entry: number, [low, high]: Words): void {
    this.write64(AT.state + lguestState.guestGdt + entry * 8, [low, high])
  }

  /** An entry of the page table that maps the Guest's first 4 MB. */
  setGuestPage(address: number, pte: number): void {
    this.physical.write32(AT.guestLow + (address >>> 12) * 4, pte)
  }

  /** How often the Host's handler of a vector has run. */
  handled(vector: number): number {
    return this.physical.read32(AT.counts + vector * 4)
  }

  /** Into the Guest, and whatever happens until the far call returns. */
  enter(budget = 100_000): number {
    const { cpu } = this
    this.set({ trapnum: 256 })
    cpu.setReg(0, PAGES)
    cpu.setReg(3, AT.guestDirectory)
    cpu.eip = AT.code
    const exit = cpu.run(budget)
    if (exit.reason !== 'halt' || cpu.eip !== this.home) {
      throw new Error(`lost: ${exit.reason} at ${cpu.eip.toString(16)}`)
    }
    return this.get('trapnum')
  }

  /** All that the Host is entitled to find again, apart from SS. */
  hostState(): object {
    const { cpu } = this
    return {
      segments: [CS, DS, ES, FS, GS, TR].map((s) => cpu.segment(s)),
      tables: [cpu.gdtr, cpu.idtr], cr3: cpu.cr3, cr0: cpu.cr0,
      esp: cpu.reg(4), ebp: cpu.reg(5), eflags: cpu.eflags, cpl: cpu.cpl,
    }
  }

  // --- the house ---

  private mapHost(): void {
    this.entry(AT.hostDirectory, 0, AT.hostLow | 3)
    this.entry(AT.hostDirectory, 1023, AT.hostHigh | 3)
    for (let page = 1; page < 256; page++) {
      this.entry(AT.hostLow, page, (page << 12) | 3)
    }
    this.entry(AT.hostHigh, 0, AT.text | 1)
    this.entry(AT.hostHigh, 1, AT.spare | 3)
    this.entry(AT.hostHigh, 2, AT.state | 3)
  }

  private mapGuest(): void {
    this.entry(AT.guestDirectory, 0, AT.guestLow | 7)
    this.entry(AT.guestDirectory, 1023, AT.guestHigh | 3)
    this.entry(AT.guestHigh, 0, AT.text | 0x21)
    this.entry(AT.guestHigh, 1, AT.regs | 0x63)
    this.entry(AT.guestHigh, 2, AT.state | 0x21)
    this.setGuestPage(KERNEL, AT.kernel | 3)
    this.setGuestPage(KERNEL + 0x1000, AT.kernelStack | 3)
    this.setGuestPage(USER, AT.user | 7)
  }

  private fillHostTables(): void {
    this.write64(AT.gdt + 10 * 8, [0xffff, FLAT_CODE])
    this.write64(AT.gdt + 11 * 8, [0xffff, FLAT_DATA])
    this.write64(AT.gdt + 12 * 8, [0xffff, FLAT_CODE])
    this.write64(AT.gdt + 13 * 8, [0xffff, FLAT_DATA])
    this.write64(AT.gdt + 16 * 8, tssDescriptor(AT.tss))
  }

  private fillStatePage(): void {
    const { state } = AT
    const seen = PAGES + lguestPages.state
    this.physical.write32(state + lguestState.hostCr3, AT.hostDirectory)
    this.pseudo(lguestState.hostIdtDesc, 0x7ff, AT.idt)
    this.pseudo(lguestState.hostGdtDesc, 0xff, AT.gdt)
    this.pseudo(lguestState.guestIdtDesc, 0x7ff, seen + lguestState.guestIdt)
    this.pseudo(lguestState.guestGdtDesc, 0xff, seen + lguestState.guestGdt)
    this.physical.write32(state + lguestState.guestTss + tss.esp0, seen)
    this.physical.write32(state + lguestState.guestTss + tss.ss0, 0x58)
    this.physical.write16(state + lguestState.guestTss + tss.ioBase, tss.size)
    this.setDescriptor(10, [0xffff, FLAT_CODE])
    this.setDescriptor(11, [0xffff, FLAT_DATA])
    this.setDescriptor(12, [0xffff, FLAT_CODE | 0x2000])
    this.setDescriptor(13, [0xffff, FLAT_DATA | 0x2000])
    this.setDescriptor(14, [0xffff, FLAT_CODE | 0x6000])
    this.setDescriptor(15, [0xffff, FLAT_DATA | 0x6000])
    this.setDescriptor(16, tssDescriptor(seen + lguestState.guestTss))
    this.switcher.stubs.forEach((stub, vector) => this.setGate(vector, stub, 3))
  }

  /** A gate of the Guest: to a stub, callable from `dpl` and further in. */
  setGate(vector: number, stub: number, dpl: number): void {
    this.write64(AT.state + lguestState.guestIdt + vector * 8,
      gate(LGUEST_CS, stub, 0x8e00 | (dpl << 13)))
  }

  /** The door, and a handler for each vector that counts and returns. */
  private writeCode(): void {
    const a = new Assembler(AT.code)
    a.pushf().callFar(LGUEST_CS, this.switcher.entry).hlt()
    this.home = a.address
    for (let vector = 0; vector < 256; vector++) {
      this.write64(AT.idt + vector * 8, gate(0x60, a.address, 0x8e00))
      a.push(eax)
      a.inc(mem(AT.counts + vector * 4).dword)
      a.pop(eax).iret()
    }
    this.physical.writeBytes(AT.code, a.assemble().bytes)
  }

  private moveIn(): void {
    const { cpu } = this
    const flat = { base: 0, limit: 0xffffffff }
    cpu.setSegment(CS, { ...flat, selector: 0x60, flags: 0xcf9b })
    for (const s of [ES, SS, DS, FS, GS]) {
      cpu.setSegment(s, { ...flat, selector: 0x68, flags: 0xcf93 })
    }
    cpu.setSegment(TR, { selector: 0x80, base: AT.tss, limit: 0x67, flags: 0x8b })
    cpu.gdtr = { base: AT.gdt, limit: 0xff }
    cpu.idtr = { base: AT.idt, limit: 0x7ff }
    cpu.cr3 = AT.hostDirectory
    cpu.cr0 = 0x80010031
    cpu.eflags = 2
    cpu.setReg(4, AT.stack + 0x1000)
    cpu.setReg(5, 0xb0b)
  }

  private entry(table: number, index: number, value: number): void {
    this.physical.write32(table + index * 4, value)
  }

  private write64(at: number, [low, high]: Words): void {
    this.physical.write32(at, low >>> 0)
    this.physical.write32(at + 4, high >>> 0)
  }

  private pseudo(field: number, limit: number, base: number): void {
    this.physical.write16(AT.state + field, limit)
    this.physical.write32(AT.state + field + 2, base >>> 0)
  }
}

function gate(selector: number, offset: number, type: number): Words {
  return [(selector << 16) | (offset & 0xffff), (offset & 0xffff0000) | type]
}

function tssDescriptor(base: number): Words {
  return [0x67 | (base << 16),
    0x8900 | (base & 0xff000000) | ((base >>> 16) & 0xff)]
}
