import { describe, expect, test } from 'vitest'
import { Machine } from '../../generated/emulator/index.ts'
import { slice, type Execution } from '../../generated/emulator/run.ts'
import type { Core } from '../../generated/emulator/state.ts'
import { compileBlock, perform, surroundings } from '../../generated/emulator/translate/compile.ts'

/** A flat machine with its code at 0x1000, and a block of it compiled. */
function compiled(bytes: number[]) {
  const machine = new Machine({ ramBytes: 1 << 20, deterministic: true })
  const { cpu, physical } = machine
  const { core, execution } = cpu as unknown as { core: Core, execution: Execution }
  physical.writeBytes(0x1000, Uint8Array.from(bytes))
  cpu.eip = 0x1000
  const s = surroundings(core, execution.cache)
  const block = compileBlock(s, execution.cache.find(0x1000, 0))
  return { cpu, physical, core, enter: () => slice(core, () => perform(s, block) & 1, 0, 1000), block }
}

describe('P:1676 code that changes under our feet', () => {
  test('a block that writes over itself ends behind the write', () => {
    // mov byte [0x100c], 0x43; inc eax; nop ...: the inc is to become inc ebx
    const { cpu, enter } = compiled([0xc6, 0x05, 0x07, 0x10, 0, 0, 0x43, 0x40, 0xf4])
    expect(enter()).toBe(true)
    expect([cpu.eip, cpu.instructions]).toEqual([0x1007, 1])
    expect(cpu.run(10)).toEqual({ reason: 'halt' })
    expect([cpu.reg(0), cpu.reg(3)]).toEqual([0, 1])
  })
  test('a write beside the block leaves it alone', () => {
    const { cpu, enter } = compiled([0xc6, 0x05, 0x00, 0x18, 0, 0, 0x43, 0x40, 0xf4])
    enter()
    expect([cpu.eip, cpu.instructions, cpu.reg(0)]).toEqual([0x1009, 3, 1])
  })
})

describe('P:1672 registers in locals', () => {
  test('are in memory when an instruction faults', () => {
    // inc eax; div ecx: divides by zero, and there is no IDT
    const { cpu, core, enter } = compiled([0x40, 0xf7, 0xf1, 0xf4])
    const before = cpu.instructions
    expect(enter()).toBe(false)
    expect([core.i32[0], cpu.eip, cpu.instructions - before]).toEqual([1, 0x1001, 1])
  })
  test('a translation that is at hand calls nobody', () => {
    // add eax, [esi]; add [esi], eax; hlt
    const { cpu, core, physical, enter } = compiled([0x03, 0x06, 0x01, 0x06, 0xf4])
    physical.write32(0x8000, 5)
    core.i32.set([2, 0, 0, 0, 0, 0, 0x8000, 0])
    enter()
    expect([cpu.reg(0), physical.read32(0x8000)]).toEqual([7, 12])
  })
})
