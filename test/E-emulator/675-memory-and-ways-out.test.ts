import { describe, expect, test } from 'vitest'
import { compiled } from './support/compiled.ts'

describe('E:675 memory', () => {
  test('a translation that is at hand calls nobody', () => {
    // add eax, [esi]; add [esi], eax; hlt
    const { cpu, core, physical, enter } = compiled([0x03, 0x06, 0x01, 0x06, 0xf4])
    physical.write32(0x8000, 5)
    core.i32.set([2, 0, 0, 0, 0, 0, 0x8000, 0])
    enter()
    expect([cpu.reg(0), physical.read32(0x8000)]).toEqual([7, 12])
  })})

describe('E:676 code that changes under our feet', () => {
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

describe('E:679 a block that leads back to itself', () => {
  test('goes round inside until it is done', () => {
    // dec ecx; jne start; hlt
    const { cpu, core, enter } = compiled([0x49, 0x75, 0xfd, 0xf4])
    core.i32[1] = 100
    enter()
    expect([cpu.reg(1), cpu.instructions, cpu.eip]).toEqual([0, 201, 0x1004])
  })
  test('or until the slice is over, and can be entered again', () => {
    const { cpu, core, enter } = compiled([0x49, 0x75, 0xfd, 0xf4])
    core.i32[1] = 2000
    enter()
    expect([cpu.reg(1), cpu.instructions, cpu.eip]).toEqual([1499, 1002, 0x1000])
    enter()
    enter()
    enter()
    expect([cpu.reg(1), cpu.instructions]).toEqual([0, 4001])
  })
})
