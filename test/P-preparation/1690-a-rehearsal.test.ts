import { describe, expect, test } from 'vitest'
import { Blocks } from '../../generated/emulator/blocks.ts'
import { createInterpreter } from '../../generated/emulator/interpreter.ts'
import { Machine } from '../../generated/emulator/index.ts'
import { rehearse } from '../../generated/emulator/rehearse.ts'

describe('P:1690 a rehearsal', () => {
  test('leaves the machine as it was', () => {
    const { cpu, physical } = new Machine({ ramBytes: 1 << 16 })
    const fresh = new Machine({ ramBytes: 1 << 16 })
    cpu.setReg(3, 0x1234)
    const before = cpu.saveState()
    const blocks = new Blocks(cpu.core)
    cpu.core.codeWrite = blocks.codeWrite
    rehearse(cpu.core, blocks, createInterpreter(cpu.core, blocks))
    expect(cpu.saveState()).toEqual(before)
    expect(physical.readBytes(0, 1 << 16)).toEqual(new Uint8Array(1 << 16))
    cpu.setReg(3, 0)
    expect(cpu.saveState()).toEqual(fresh.cpu.saveState())
  })
  test('a machine too small for a stage does without', () => {
    const { cpu, physical } = new Machine({ ramBytes: 0x2000 })
    physical.write8(0x100, 0xf4)
    cpu.eip = 0x100
    expect(cpu.run(10).reason).toBe('halt')
  })
})
