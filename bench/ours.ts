/** The kernels on our machine. */
import { Machine, type Engine } from '../generated/emulator/index.ts'
import { codeOf, HALTS, IMAGE_BASE, MAPPED, PAGE_DIRECTORY, resultOf, STACK_TOP } from './image.ts'
import type { Kernel } from './kernels.ts'

const [EAX, ESP] = [0, 4]
const [CS, TR] = [1, 7]

/** A machine in ring 0 with flat segments and paging on. */
export function ourMachine(image: Uint8Array, engine: Engine): Machine {
  const machine = new Machine({ ramBytes: MAPPED, deterministic: true, engine })
  const { cpu, physical } = machine
  physical.writeBytes(IMAGE_BASE, image)
  const flat = { base: 0, limit: 0xffffffff }
  for (let s = 0; s < 6; s++) {
    const flags = s === CS ? 0xcf9b : 0xcf93
    cpu.setSegment(s, { ...flat, selector: s === CS ? 8 : 16, flags })
  }
  cpu.setSegment(TR, { selector: 24, base: 0, limit: 103, flags: 0x8b })
  cpu.cr3 = PAGE_DIRECTORY
  cpu.cr0 = 0x80010011
  return machine
}

/** One run of a kernel from its start. @returns instructions retired, without the last HLT */
export function runOurs({ cpu, physical }: Machine, kernel: Kernel): number {
  const before = cpu.instructions
  physical.write32(STACK_TOP - 4, HALTS)
  cpu.setReg(ESP, STACK_TOP - 4)
  cpu.eflags = 2
  cpu.eip = codeOf(kernel)
  const { reason } = cpu.run(Number.MAX_SAFE_INTEGER)
  if (reason !== 'halt' || cpu.reg(EAX) !== resultOf(kernel)) {
    throw new Error(`${kernel.name}: ${reason}, eax ${cpu.reg(EAX)}, not ${resultOf(kernel)}`)
  }
  return cpu.instructions - before - 1
}
