import { describe, expect, it } from 'vitest'
import {
  Assembler, dx, eax, ebx, ecx, edi, edx, esp, mem,
} from '../../generated/assembler/index.ts'
import { BareMachine, Machine, type MachineOptions } from
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

/** A gate for vector 0x40, to a handler at 0x2000. */
function gateAt({ physical, cpu }: Machine): void {
  physical.writeBytes(0x3000 + 0x40 * 8, Uint8Array.of(0x00, 0x20, 0x08, 0, 0, 0x8e, 0, 0))
  physical.write32(0x4008, 0x0000ffff)
  physical.write32(0x400c, 0x00cf9a00)
  cpu.idtr = { base: 0x3000, limit: 0x7ff }
  cpu.gdtr = { base: 0x4000, limit: 0xff }
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

describe('a machine with an empty socket', () => {
  const GDT = 0x4000
  const IDT = 0x5000
  const HALT = 0x6000
  /** The vector of the fault that code at CODE ends in, or -1. */
  const vectorOf = (machine: BareMachine, ...code: number[]): number => {
    const { cpu, physical } = machine
    let seen = -1
    cpu.onTrap = (vector) => { seen = vector }
    physical.writeBytes(GDT + 8, Uint8Array.of(0xff, 0xff, 0, 0, 0, 0x9b, 0xcf, 0))
    for (let n = 0; n < 32; n++) physical.writeBytes(IDT + n * 8, Uint8Array.of(0, HALT >> 8, 8, 0, 0, 0x8e, 0, 0))
    physical.writeBytes(HALT, Uint8Array.of(0xf4))
    physical.writeBytes(CODE, Uint8Array.of(...code, 0xf4))
    cpu.gdtr = { base: GDT, limit: 15 }
    cpu.idtr = { base: IDT, limit: 255 }
    cpu.setReg(4, 0x8000)
    cpu.eip = CODE
    expect(cpu.run(10_000)).toEqual({ reason: 'halt' })
    return seen
  }
  const NM = 7
  const UD = 6
  it.each([
    ['fld1', NM, [0xd9, 0xe8]], ['fadd, which is hot', NM, [0xdc, 0xc1]], ['fsin', NM, [0xd9, 0xfe]],
    ['emms', UD, [0x0f, 0x77]], ['paddb mm0, mm1', UD, [0x0f, 0xfc, 0xc1]],
    ['addps xmm0, xmm1', UD, [0x0f, 0x58, 0xc1]], ['movaps xmm0, xmm1', UD, [0x0f, 0x28, 0xc1]],
  ])('faults at %s, which a whole one performs', (_, vector, code) => {
    for (const cr0 of [0x11, 0x15]) {
      const bare = new BareMachine({ ramBytes: 1 << 20 })
      bare.cpu.cr4 = 0x200
      bare.cpu.cr0 = cr0
      expect(bare.cpu.cr0).toBe(0x15)
      expect(vectorOf(bare, ...code)).toBe(vector)
    }
    const whole = new Machine({ ramBytes: 1 << 20 })
    whole.cpu.cr4 = 0x200
    expect(vectorOf(whole, ...code)).toBe(-1)
  })

  it('says in CPUID what it lacks', () => {
    const machine = new BareMachine({ ramBytes: 1 << 20 })
    machine.cpu.setReg(0, 1)
    expect(vectorOf(machine, 0x0f, 0xa2)).toBe(-1)
    const whole = new Machine({ ramBytes: 1 << 20 })
    whole.cpu.setReg(0, 1)
    expect(vectorOf(whole, 0x0f, 0xa2)).toBe(-1)
    const calculates = 1 | 1 << 19 | 1 << 23 | 1 << 24 | 1 << 25 | 1 << 26
    expect(machine.cpu.reg(2) & calculates).toBe(0)
    expect(whole.cpu.reg(2)).toBe(machine.cpu.reg(2) | calculates)
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
    gateAt(machine)
    cpu.raise(0x50)
    cpu.raise(0x40)
    expect(cpu.run(10_000)).toEqual({ reason: 'halt' })
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
    gateAt(machine)
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

describe('E:917 from inside a callback, it counts from the next instruction on', () => {
  /** Devices from 1 MB on; paging off. INC ECX follows each access. */
  const DEVICE = 0x200000
  const accesses: [string, (a: Assembler) => void][] = [
    ['a port is written', (a) => a.out(dx, eax)],
    ['a port is read', (a) => a.db(0xed)],
    ['memory is written', (a) => a.mov(mem(DEVICE), eax)],
    ['memory is read', (a) => a.mov(eax, mem(DEVICE))],
    ['memory is changed', (a) => a.add(mem(DEVICE), eax)],
    ['a string is stored', (a) => a.mov(edi, DEVICE).stosd()],
    ['it lies across RAM\'s end', (a) => a.mov(mem((1 << 20) - 2), eax)],
    ['a double is loaded', (a) => a.db(0xdd, 0x05).dd(DEVICE)],
    ['it is pushed', (a) => a.mov(esp, DEVICE + 4).push(eax).mov(esp, 0x8000)],
  ]
  const machine = (access: (a: Assembler) => void, act: (m: Machine) => void, deviceAt = 0) => {
    const m = running((a) => {
      a.sti().xor(ecx, ecx).mov(ebx, 3)
      access(a)
      for (let n = 0; n < 10; n++) a.inc(ecx)
      a.hlt()
      a.here('handler')
      a.hlt()
    }, { deterministic: true })
    const { cpu } = m
    cpu.cr0 = 0x31
    let calls = 0
    const called = () => { if (calls++ === deviceAt) act(m) }
    cpu.onPortRead = () => { called(); return 0 }
    cpu.onPortWrite = called
    cpu.onDeviceRead = () => { called(); return 0 }
    cpu.onDeviceWrite = called
    gateTo(m, 0x20, m.physical.readBytes(CODE, 200).lastIndexOf(0xf4) + CODE)
    gateTo(m, 2, m.physical.readBytes(CODE, 200).lastIndexOf(0xf4) + CODE)
    return m
  }
  const gateTo = ({ cpu, physical }: Machine, vector: number, handler: number) => {
    cpu.gdtr = { base: 0xa000, limit: 0x17 }
    physical.write32(0xa008, 0xffff)
    physical.write32(0xa00c, 0xcf9b00)
    cpu.idtr = { base: 0x9000, limit: 0x7ff }
    physical.write32(0x9000 + vector * 8, (8 << 16) | (handler & 0xffff))
    physical.write32(0x9004 + vector * 8, 0x8e00)
  }
  for (const [name, access] of accesses) {
    it(`raise(), when ${name}`, () => {
      const m = machine(access, ({ cpu }) => cpu.raise(0x20))
      expect(m.cpu.run(1e5).reason).toBe('halt')
      expect([m.cpu.reg(1), m.cpu.pending()]).toEqual([0, -1])
    })
    it(`nmi() and a timer, when ${name}`, () => {
      for (const act of [({ cpu }: Machine) => cpu.nmi(), ({ cpu }: Machine) => cpu.setTimer(1, 0x20)]) {
        const m = machine(access, act)
        m.cpu.run(1e5)
        expect(m.cpu.reg(1)).toBeLessThan(2)
      }
    })
    it(`stop(), when ${name}`, () => {
      const m = machine(access, ({ cpu }) => cpu.stop())
      expect(m.cpu.run(1e5).reason).toBe('stopped')
      expect(m.cpu.reg(1)).toBe(0)
      expect(m.cpu.run(1e5).reason).toBe('halt')
      expect(m.cpu.reg(1)).toBe(10)
    })
  }
  it('each access is made once, and costs one instruction', () => {
    for (const [name, access] of accesses.slice(0, 5)) {
      let calls = 0
      const m = machine(access, () => {}, -1)
      m.cpu.onPortRead = m.cpu.onDeviceRead = () => { calls++; return 0 }
      m.cpu.onPortWrite = m.cpu.onDeviceWrite = () => { calls++ }
      expect(m.cpu.run(1e5).reason).toBe('halt')
      expect([name, calls, m.cpu.instructions]).toEqual([name, name.includes('changed') ? 2 : 1, 3 + 1 + 10 + 1])
    }
  })
  it('a repetition into a device stops behind the element that raised', () => {
    const m = machine((a) => a.mov(ecx, 100).mov(edi, DEVICE).rep().stosd(), ({ cpu }) => cpu.raise(0x20), 40)
    expect(m.cpu.run(1e5).reason).toBe('halt')
    expect([m.cpu.reg(1), m.cpu.reg(7)]).toEqual([59, DEVICE + 41 * 4])
  })
})

describe('E:917 what is told and asked', () => {
  const table = (m: Machine, vectors: number[], handler: number) => {
    m.cpu.gdtr = { base: 0xa000, limit: 0x17 }
    m.physical.write32(0xa008, 0xffff)
    m.physical.write32(0xa00c, 0xcf9b00)
    m.cpu.idtr = { base: 0x9000, limit: 0x7ff }
    for (const v of vectors) {
      m.physical.write32(0x9000 + v * 8, (8 << 16) | handler)
      m.physical.write32(0x9004 + v * 8, 0x8e00)
    }
  }
  it('onTrap: how, and with which code', () => {
    const m = running((a) => {
      a.int(0x30).mov(eax, 0x1f8).db(0x8e, 0xd8).sti().nop().nop().hlt()
      a.here('handler')
      // drop the code of vector 13, and step over its instruction
      a.cmp(ebx, 0).iret()
    })
    const seen: unknown[] = []
    m.cpu.onTrap = (...told) => { seen.push(told); if (told[0] === 13) m.cpu.stop() }
    const handler = m.physical.readBytes(CODE, 64).lastIndexOf(0xcf) - 3 + CODE
    table(m, [2, 0x20, 0x30, 13], handler)
    m.cpu.raise(0x20)
    m.cpu.run(1e4)
    m.cpu.setReg(4, m.cpu.reg(4) + 4)
    m.physical.write32(m.cpu.reg(4), m.physical.read32(m.cpu.reg(4)) + 2)
    m.cpu.nmi()
    m.cpu.run(1e4)
    expect(seen).toEqual([[0x30, 'software', -1], [13, 'exception', 0x1f8], [2, 'nmi', -1], [0x20, 'interrupt', -1]])
  })
  it('priority and onInterrupt: an interrupt controller', () => {
    const m = running((a) => {
      a.sti().nop().nop().hlt()
      a.here('handler')
      a.iret()
    })
    const accepted: number[] = []
    m.cpu.onInterrupt = (vector) => { accepted.push(vector) }
    m.cpu.priority = (vector) => vector
    table(m, [0x20, 0x31, 0xef], m.physical.readBytes(CODE, 64).lastIndexOf(0xcf) + CODE)
    for (const v of [0x31, 0xef, 0x20]) m.cpu.raise(v)
    expect(m.cpu.pending()).toBe(0xef)
    expect(m.cpu.run(100).reason).toBe('halt')
    expect(accepted).toEqual([0xef, 0x31, 0x20])
  })
  it('an NMI waits for the shelter behind SS, not for IF, and blocks the next until IRET', () => {
    const m = running((a) => {
      a.mov(eax, 0x10).db(0x8e, 0xd0).inc(ecx).inc(ecx).hlt()
      a.here('handler')
      a.inc(ebx).nop().iret()
    })
    m.physical.write32(0xa010, 0xffff)
    m.physical.write32(0xa014, 0xcf9300)
    table(m, [2], m.physical.readBytes(CODE, 64).lastIndexOf(0xcf) - 2 + CODE)
    m.cpu.run(2)
    m.cpu.nmi()
    m.cpu.run(1)
    expect([m.cpu.reg(1), m.cpu.reg(3)]).toEqual([1, 0])
    m.cpu.run(1)
    expect([m.cpu.reg(1), m.cpu.reg(3)]).toEqual([1, 1])
    m.cpu.nmi()
    m.cpu.run(1)
    expect(m.cpu.reg(3)).toBe(1)
    m.cpu.run(2)
    expect([m.cpu.reg(1), m.cpu.reg(3)]).toEqual([1, 2])
    expect(m.cpu.run(100).reason).toBe('halt')
    expect([m.cpu.reg(1), m.cpu.reg(3)]).toEqual([2, 2])
  })
  it('model-specific registers and CPUID leaves of the owner', () => {
    const m = running((a) => {
      a.mov(ecx, 0x1b).mov(eax, 5).mov(edx, 6).db(0x0f, 0x30).xor(eax, eax).xor(edx, edx).db(0x0f, 0x32)
      a.mov(mem(0xb000), eax).mov(mem(0xb004), edx)
      a.mov(eax, 0x40000000).mov(ecx, 3).db(0x0f, 0xa2).hlt()
    })
    const registers = new Map<number, bigint>()
    m.cpu.onMsrRead = (n) => registers.get(n)
    m.cpu.onMsrWrite = (n, v) => n === 0x1b && registers.set(n, v) !== undefined
    m.cpu.onCpuid = (leaf, subleaf, answer) => {
      if (leaf === 0x40000000) Object.assign(answer, { eax: leaf + 1, ebx: subleaf, ecx: 0, edx: -1 })
    }
    expect(m.cpu.run(100).reason).toBe('halt')
    expect(registers.get(0x1b)).toBe(0x600000005n)
    expect([m.physical.read32(0xb000), m.physical.read32(0xb004)]).toEqual([5, 6])
    expect([0, 3, 1, 2].map((r) => m.cpu.reg(r))).toEqual([0x40000001, 3, 0, 0xffffffff])
  })
})
