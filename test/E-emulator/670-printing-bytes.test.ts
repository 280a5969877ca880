import { describe, expect, test } from 'vitest'
import { compiled } from './support/compiled.ts'

describe('E:672 registers in locals', () => {
  test('are in memory when an instruction faults', () => {
    // inc eax; div ecx: divides by zero, and there is no IDT
    const { cpu, core, enter } = compiled([0x40, 0xf7, 0xf1, 0xf4])
    const before = cpu.instructions
    expect(enter()).toBe(false)
    expect([core.i32[0], cpu.eip, cpu.instructions - before]).toEqual([1, 0x1001, 1])
  })
})
