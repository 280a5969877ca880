import { describe, expect, it } from 'vitest'
import { BareKernel, lines, session } from '../support/puppy.ts'

describe('G:152 which gate', () => {
  const bare = new BareKernel()
  const gates = new Map(Array.from({ length: 37 }, (_, i) => {
    const at = bare.at('gates') + 12 * i
    return [bare.read(at), { handler: bare.read(at + 4), flags: bare.read(at + 8) }]
  }))

  it('there are 37, each with a stub of its own', () => {
    expect(gates.size).toBe(37)
    expect(new Set([...gates.values()].map((gate) => gate.handler)).size).toBe(37)
  })

  it('system calls go straight in, from ring 3', () => {
    expect(gates.get(0x80)!.flags).toBe(0xef00)
  })

  it('interrupts and what the Host must see do not', () => {
    for (const vector of [6, 7, 13, 14, 32, 33, 47]) {
      expect(gates.get(vector)!.flags).toBe(0x8e00)
    }
  })

  it('other exceptions do, and two may be raised by programs', () => {
    expect([0, 1, 5, 12, 17].map((vector) => gates.get(vector)!.flags))
      .toEqual([0x8f00, 0x8f00, 0x8f00, 0x8f00, 0x8f00])
    expect([3, 4].map((vector) => gates.get(vector)!.flags)).toEqual([0xef00, 0xef00])
  })
})

describe('G:155 the way out', () => {
  it('the window is a store, a pop and an iret', () => {
    const bare = new BareKernel()
    const from = bare.at('noirq_start')
    const to = bare.at('noirq_end')
    const bytes = bare.machine.physical.readBytes(from - 0xc0000000, to - from)
    expect(bytes[0]).toBe(0x36)
    expect([...bytes.slice(-2)]).toEqual([0x58, 0xcf])
    expect(to - from).toBeLessThanOrEqual(9)
  })
})

describe('G:153 a kernel stack that overflows', () => {
  it('is noticed before anything is pushed', () => {
    const bare = new BareKernel()
    bare.set('stack_floor', 0xffffffff)
    expect(() => bare.call('stub_14')).toThrow('shutdown')
    expect(bare.machine.cpu.reg(4)).toBe(bare.at('spare_stack') + 1024)
    bare.set('stack_floor', bare.at('spare_stack'))
    expect(() => bare.call('stub_14')).toThrow('shutdown')
    expect(bare.machine.cpu.reg(4)).toBeLessThan(bare.at('spare_stack') + 1000)
  })
})

describe('G:154 a program that errs', () => {
  it('cannot bring its flags into the kernel', async () => {
    const { answers, status } = await session(lines('oops step', 'oops nested', 'echo fine'))
    expect(answers.slice(0, 3)).toEqual(['It did no harm.\n', 'It did no harm.\n', 'fine\n'])
    expect(status).toBe(0)
  })

  it('dies, is named, and the shell goes on', async () => {
    const kinds = ['null', 'kernel', 'code', 'divide', 'opcode', 'privileged', 'hypercall', 'stack']
    const { answers, status } = await session(lines(...kinds.map((kind) => `oops ${kind}`), 'echo well'))
    expect(answers.map((answer) => answer.replace(/0x[0-9a-f]{6}(?!\w)/g, 'EIP').trim()).slice(0, 9)).toEqual([
      'oops[2]: page fault at EIP, address 0x0',
      'oops[3]: page fault at EIP, address 0xc0000000',
      'oops[4]: page fault at EIP, address EIP',
      'oops[5]: divide error at EIP',
      'oops[6]: invalid opcode at EIP',
      'oops[7]: protection fault at EIP',
      'oops[8]: protection fault at EIP',
      'oops[9]: page fault at EIP, address EIP',
      'well',
    ])
    expect(status).toBe(0)
  })
})
