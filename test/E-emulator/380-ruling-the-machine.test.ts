import { describe, expect, test } from 'vitest'
import {
  al, ax, dx, eax, ebx, ecx, ds, fs, mem, ss,
} from '../../generated/assembler/index.ts'
import { HELPERS } from '../../generated/emulator/isa/helpers.ts'
import { gate, tinyMachine } from '../support/tiny-machine.ts'

const halted = (m: ReturnType<typeof tinyMachine>) => {
  expect(m.cpu.run(1e5).reason).toBe('halt')
  return m
}

describe('E:382 segment registers', () => {
  test('a selector goes in and comes out; a bad one faults', () => {
    const m = halted(tinyMachine((a) => {
      a.mov(eax, 0x10).mov(fs, ax).xor(eax, eax).mov(ax, fs).hlt()
    }))
    expect(m.cpu.reg(0)).toBe(0x10)
  })
  test('an operand in FS is relative to its base', () => {
    const m = tinyMachine((a) => { a.mov(eax, mem(ebx, 4).seg(fs)).hlt() })
    m.physical.write32(0x7004, 0x1234)
    m.cpu.setSegment(4, { ...m.cpu.segment(4), base: 0x7000 })
    m.cpu.setReg(3, 0)
    expect(halted(m).cpu.reg(0)).toBe(0x1234)
  })
})

describe('E:386 ports', () => {
  test('IN and OUT reach the outside with size and value', () => {
    const seen: number[][] = []
    const m = tinyMachine((a) => {
      a.mov(dx, 0x3f8).mov(eax, 0x12345678).out(dx, eax).out(0x80, al)
      a.in_(al, dx).hlt()
    })
    m.cpu.onPortWrite = (port, size, value) => { seen.push([port, size, value]) }
    m.cpu.onPortRead = (port, size) => { seen.push([port, size]); return 0x5a }
    expect(halted(m).cpu.reg(0)).toBe(0x1234565a)
    expect(seen).toEqual([[0x3f8, 4, 0x12345678], [0x80, 1, 0x78], [0x3f8, 1]])
  })
  test('a callback sees the exact number of instructions', () => {
    const counts: number[] = []
    const m = tinyMachine((a) => {
      a.nop().nop().out(0x80, al).nop().out(0x80, al).hlt()
    })
    m.cpu.onPortWrite = () => { counts.push(m.cpu.instructions) }
    halted(m)
    expect(counts).toEqual([2, 4])
  })
})

describe('E:386 shadows', () => {
  const pendingAt = (write: Parameters<typeof tinyMachine>[0]) => {
    const m = tinyMachine(write)
    gate(m.machine, 0x40, m.symbols.get('handler')!)
    m.cpu.raise(0x40)
    return halted(m)
  }
  test('STI lets one more instruction pass', () => {
    const m = pendingAt((a) => {
      a.sti().inc(ecx).inc(ecx).hlt()
      a.here('handler')
      a.hlt()
    })
    expect(m.cpu.reg(1)).toBe(1)
  })
  test('so does a load of SS', () => {
    const m = pendingAt((a) => {
      a.mov(eax, 0x10).sti().mov(ss, ax).mov(ebx, 1).mov(ecx, 1).hlt()
      a.here('handler')
      a.hlt()
    })
    expect([m.cpu.reg(3), m.cpu.reg(1)]).toEqual([1, 0])
  })
})

describe('E:382 what is refused', () => {
  test('MOV to CS is no instruction', () => {
    const m = tinyMachine((a) => {
      a.db(0x8e, 0xc8).hlt()
      a.here('handler')
      a.mov(ebx, 6).hlt()
    })
    gate(m.machine, 6, m.symbols.get('handler')!)
    expect(halted(m).cpu.reg(3)).toBe(6)
    void ds
  })
})

describe('E:388 the helpers', () => {
  test('each names a module or an expression', () => {
    for (const [name, from] of Object.entries(HELPERS)) {
      expect(`${name} ${from}`).toMatch(/^\w+ (=.+|[a-z/0-9-]+\??)$/)
    }
  })
})
