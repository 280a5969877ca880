/** A machine with flat segments and a program, for tests of the processor. */
import { Assembler } from '../../generated/assembler/index.ts'
import { Machine, type MachineOptions } from '../../generated/emulator/index.ts'

export const CODE = 0x1000
export const STACK = 0x8000
export const IDT = 0x9000

export function tinyMachine(write: (a: Assembler) => void,
  options: Partial<MachineOptions> = {}) {
  const machine = new Machine(
    { ramBytes: 1 << 20, deterministic: true, ...options })
  const a = new Assembler(CODE)
  write(a)
  const { bytes, symbols } = a.assemble()
  machine.physical.writeBytes(CODE, bytes)
  machine.cpu.eip = CODE
  machine.cpu.setReg(4, STACK)
  flatTable(machine)
  return { machine, cpu: machine.cpu, physical: machine.physical, symbols }
}

/** GDT at 0xa000: code 8, data 0x10; an empty IDT of 256 gates. */
function flatTable({ physical, cpu }: Machine): void {
  physical.write32(0xa008, 0x0000ffff)
  physical.write32(0xa00c, 0x00cf9b00)
  physical.write32(0xa010, 0x0000ffff)
  physical.write32(0xa014, 0x00cf9300)
  cpu.gdtr = { base: 0xa000, limit: 0x17 }
  cpu.idtr = { base: IDT, limit: 0x7ff }
}

/** An interrupt gate for `vector` to `handler`. */
export function gate({ physical }: Machine, vector: number, handler: number) {
  physical.write32(IDT + vector * 8, (8 << 16) | (handler & 0xffff))
  physical.write32(IDT + vector * 8 + 4, (handler & 0xffff0000) | 0x8e00)
}
