import { describe, expect, test } from 'vitest'
import {
  al, eax, ebx, ecx, edi, edx, esi, esp, mem,
} from '../../generated/assembler/index.ts'
import { gate, tinyMachine } from '../support/tiny-machine.ts'

describe('E:620 slices', () => {
  const counting = () => tinyMachine((a) => {
    const top = a.here()
    a.inc(eax).inc(ebx).inc(ecx).jmp(top)
  })
  test('a budget is used up exactly, whatever it is', () => {
    for (const budget of [1, 2, 3, 4, 63, 64, 65, 66, 127, 1000, 12345]) {
      const { cpu } = counting()
      expect(cpu.run(budget).reason).toBe('budget')
      expect(cpu.instructions).toBe(budget)
      expect(cpu.reg(0)).toBe(Math.ceil(budget / 4))
    }
  })
  test('cut into slices, a run does the same as in one piece', () => {
    const whole = counting()
    whole.cpu.run(10007)
    const pieces = counting()
    for (let left = 10007; left > 0;) {
      const n = Math.min(left, 1 + (left % 97))
      pieces.cpu.run(n)
      left -= n
    }
    expect(pieces.cpu.saveState().join()).toBe(whole.cpu.saveState().join())
  })
})

describe('E:630 the timer', () => {
  test('fires exactly at its count', () => {
    for (const at of [1, 5, 64, 100, 777, 5000]) {
      const m = tinyMachine((a) => {
        const top = a.here()
        a.inc(eax).jmp(top)
        a.here('handler')
        a.hlt()
      })
      gate(m.machine, 0x20, m.symbols.get('handler')!)
      m.cpu.eflags = 0x202
      m.cpu.setTimer(at, 0x20)
      expect(m.cpu.run(1e6).reason).toBe('halt')
      // the HLT itself counts
      expect(m.cpu.instructions).toBe(at + 1)
    }
  })
  test('waits while interrupts are off', () => {
    const m = tinyMachine((a) => {
      const top = a.here()
      a.inc(eax).cmp(eax, 1000).jne(top).sti().nop().inc(ebx).hlt()
      a.here('handler')
      a.hlt()
    })
    gate(m.machine, 0x20, m.symbols.get('handler')!)
    m.cpu.setTimer(10, 0x20)
    m.cpu.run(1e6)
    expect([m.cpu.reg(0), m.cpu.reg(3)]).toEqual([1000, 0])
  })
})

describe('E:640 faults', () => {
  test('leave the instruction undone and uncounted, EIP upon it', () => {
    const m = tinyMachine((a) => {
      a.mov(eax, 7).xor(edx, edx).xor(ecx, ecx)
      a.here('divide')
      a.div(ecx).hlt()
      a.here('handler')
      a.mov(ebx, mem(esp)).hlt()
    })
    gate(m.machine, 0, m.symbols.get('handler')!)
    m.cpu.run(1e3)
    expect(m.cpu.reg(3)).toBe(m.symbols.get('divide'))
    expect(m.cpu.reg(0)).toBe(7)
    expect(m.cpu.instructions).toBe(5)
  })
  test('without a table to deliver it, the processor shuts down', () => {
    const m = tinyMachine((a) => { a.ud2() })
    m.cpu.idtr = { base: 0, limit: 0 }
    expect(m.cpu.run(100).reason).toBe('shutdown')
  })
})

describe('E:645 single steps', () => {
  test('the trap flag brings a trap behind each instruction', () => {
    const m = tinyMachine((a) => {
      a.push(0x302).popf().inc(eax).inc(eax).inc(eax).push(2).popf().hlt()
      a.here('handler')
      a.inc(ecx).iret()
    })
    gate(m.machine, 1, m.symbols.get('handler')!)
    m.cpu.run(1e3)
    expect([m.cpu.reg(0), m.cpu.reg(1)]).toEqual([3, 5])
  })
})

describe('E:620 a repeated string in a slice', () => {
  test('is interrupted between stretches and goes on', () => {
    const bytes = 0x30000
    const m = tinyMachine((a) => {
      a.mov(esi, 0x20000).mov(edi, 0x50000).mov(ecx, bytes).rep().movsb().hlt()
      a.here('handler')
      a.inc(ebx).iret()
    })
    const data = Uint8Array.from({ length: bytes }, (_, i) => i * 31)
    m.physical.writeBytes(0x20000, data)
    gate(m.machine, 0x20, m.symbols.get('handler')!)
    m.cpu.eflags = 0x202
    m.cpu.setTimer(4, 0x20)
    expect(m.cpu.run(1e5).reason).toBe('halt')
    expect(m.cpu.reg(3)).toBe(1)
    expect(m.physical.readBytes(0x50000, bytes)).toEqual(data)
    void al
  })
})
