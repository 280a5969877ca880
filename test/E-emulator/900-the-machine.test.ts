import { describe, expect, it } from 'vitest'
import {
  Assembler, dx, eax, ebx, ecx, edx, esp, mem,
} from '../../generated/assembler/index.ts'
import { Machine, type MachineOptions } from
  '../../generated/emulator/index.ts'

const CODE = 0x1000

/** A machine with a program at CODE, its stack below 0x8000. */
function running(
  program: (a: Assembler) => void, options: Partial<MachineOptions> = {},
): Machine {
  const machine = new Machine({ ramBytes: 1 << 20, ...options })
  const a = new Assembler(CODE)
  program(a)
  machine.physical.writeBytes(CODE, a.assemble().bytes)
  machine.cpu.eip = CODE
  machine.cpu.setReg(4, 0x8000)
  return machine
}

describe('E:905 being born', () => {
  it('is in flat protected mode', () => {
    const { cpu } = new Machine({ ramBytes: 65536 })
    expect([cpu.cr0, cpu.cpl, cpu.eflags, cpu.cr3, cpu.cr4])
      .toEqual([0x11, 0, 2, 0, 0])
    for (let i = 0; i < 6; i++) {
      expect(cpu.segment(i)).toMatchObject({ base: 0, limit: 0xffffffff })
    }
  })

  it('runs the smallest program', () => {
    const machine = running((a) => { a.inc(eax); a.hlt() })
    expect(machine.cpu.run(1000)).toEqual({ reason: 'halt' })
    expect([machine.cpu.reg(0), machine.cpu.eip]).toEqual([1, CODE + 2])
    expect(machine.cpu.instructions).toBe(2)
  })
})

describe('E:915 running', () => {
  it('stops when the budget is used, and goes on', () => {
    const machine = running((a) => {
      const loop = a.here()
      a.inc(eax)
      a.jmp(loop)
    })
    expect(machine.cpu.run(1000)).toEqual({ reason: 'budget' })
    expect(machine.cpu.instructions).toBe(1000)
    expect(machine.cpu.run(1)).toEqual({ reason: 'budget' })
    machine.cpu.run(999)
    expect([machine.cpu.instructions, machine.cpu.reg(0)])
      .toEqual([2000, 1000])
  })

  it('shuts down after a triple fault', () => {
    const machine = running((a) => { a.ud2() })
    expect(machine.cpu.run(1000)).toEqual({ reason: 'shutdown' })
  })

  it('takes interrupts when it is ready for them', () => {
    const machine = running((a) => {
      a.nop()
      a.sti()
      a.inc(eax)
      const loop = a.here()
      a.inc(ebx)
      a.jmp(loop)
    })
    const { cpu, physical } = machine
    const handler = new Assembler(0x2000)
    handler.mov(ecx, mem(esp))
    handler.hlt()
    physical.writeBytes(0x2000, handler.assemble().bytes)
    physical.writeBytes(0x3000 + 0x40 * 8,
      Uint8Array.of(0x00, 0x20, 0x08, 0, 0, 0x8e, 0, 0))
    physical.write32(0x4008, 0x0000ffff)
    physical.write32(0x400c, 0x00cf9a00)
    cpu.idtr = { base: 0x3000, limit: 0x7ff }
    cpu.gdtr = { base: 0x4000, limit: 0xff }
    cpu.raise(0x50)
    cpu.raise(0x40)
    expect(cpu.run(100)).toEqual({ reason: 'halt' })
    // STI holds interrupts back for one more instruction
    expect([cpu.reg(0), cpu.reg(3), cpu.reg(1)]).toEqual([1, 0, CODE + 3])
    expect(cpu.pending()).toBe(0x50)
    cpu.lower(0x50)
    expect(cpu.pending()).toBe(-1)
  })

  it('fires a timer after exactly so many instructions', () => {
    const machine = running((a) => {
      a.sti()
      const loop = a.here()
      a.inc(eax)
      a.jmp(loop)
    })
    const { cpu, physical } = machine
    physical.write8(0x2000, 0xf4)
    physical.writeBytes(0x3000 + 0x40 * 8,
      Uint8Array.of(0x00, 0x20, 0x08, 0, 0, 0x8e, 0, 0))
    physical.write32(0x4008, 0x0000ffff)
    physical.write32(0x400c, 0x00cf9a00)
    cpu.idtr = { base: 0x3000, limit: 0x7ff }
    cpu.gdtr = { base: 0x4000, limit: 0xff }
    cpu.setTimer(101, 0x40)
    expect(cpu.run(10_000)).toEqual({ reason: 'halt' })
    expect([cpu.reg(0), cpu.instructions]).toEqual([50, 102])
  })
})

describe('E:920 the outside', () => {
  it('is asked for ports and devices', () => {
    const seen: unknown[] = []
    const machine = running((a) => {
      a.mov(edx, 0x3f8)
      a.in_(eax, dx)
      a.mov(ebx, mem(0xfee00000))
      a.hlt()
    })
    machine.cpu.onPortRead = (port, size) => {
      seen.push([port, size])
      return 0x12345678
    }
    machine.cpu.onDeviceRead = (pa, size) => {
      seen.push([pa, size])
      return 7
    }
    machine.cpu.run(10)
    expect(seen).toEqual([[0x3f8, 4], [0xfee00000, 4]])
    expect([machine.cpu.reg(0), machine.cpu.reg(3)])
      .toEqual([0x12345678, 7])
  })
})

describe('E:925 saving', () => {
  it('goes on from where it was, on another machine', () => {
    const program = (a: Assembler): void => {
      const loop = a.here()
      a.add(eax, 3)
      a.mov(mem(0x5000), eax)
      a.jmp(loop)
    }
    const one = running(program, { deterministic: true })
    one.cpu.run(1001)
    const saved = one.cpu.saveState()
    const other = new Machine({ ramBytes: 1 << 20, deterministic: true })
    other.cpu.run(1)
    other.cpu.loadState(saved)
    one.cpu.run(5000)
    other.cpu.run(5000)
    expect(Buffer.compare(other.cpu.saveState(), one.cpu.saveState()))
      .toBe(0)
    expect(() => new Machine({ ramBytes: 65536 }).cpu.loadState(saved))
      .toThrow(RangeError)
  })
})
