import { describe, expect, test } from 'vitest'
import { eax, ebx, ecx, esp, mem } from '../../generated/assembler/index.ts'
import { CODE, tinyMachine } from '../support/tiny-machine.ts'

describe('E:694 steps once more', () => {
  test('a first half that writes over the second is followed by what it has written', () => {
    const { cpu, physical } = tinyMachine((a) => {
      const next = a.label()
      a.mov(eax, 0xf4f4f4f4 | 0).mov(mem({ disp: next }), eax)
      a.bind(next).mov(ecx, mem(0x9000)).mov(ebx, 1).hlt()
    })
    physical.write32(0x9000, 77)
    expect(cpu.run(100).reason).toBe('halt')
    expect([cpu.reg(1), cpu.reg(3)]).toEqual([0, 0])
    expect(cpu.instructions).toBe(3)
  })
})

describe('E:697 calling out', () => {
  test('a fault leaves everything as it was before its instruction', () => {
    const { cpu, physical } = tinyMachine((a) => {
      a.mov(eax, 5).add(mem(esp), eax).mov(ebx, 7).add(ebx, mem(0x200000)).hlt()
    })
    cpu.idtr = { base: 0x2000, limit: 0x7ff }
    cpu.gdtr = { base: 0x3000, limit: 0xff }
    physical.writeBytes(0x3008, Uint8Array.of(255, 255, 0, 0, 0, 0x9b, 0xcf, 0))
    physical.writeBytes(0x3010, Uint8Array.of(255, 255, 0, 0, 0, 0x93, 0xcf, 0))
    physical.writeBytes(0x2000 + 14 * 8, Uint8Array.of(0, 0x40, 8, 0, 0, 0x8e, 0, 0))
    physical.writeBytes(0x4000, Uint8Array.of(0xf4))
    physical.write32(0x10000, 0x11003)
    for (let page = 0; page < 256; page++) physical.write32(0x11000 + page * 4, (page << 12) | 3)
    cpu.cr3 = 0x10000
    cpu.cr0 = 0x80010011
    expect(cpu.run(100).reason).toBe('halt')
    expect(cpu.cr2).toBe(0x200000)
    expect(cpu.reg(3)).toBe(7)
    expect(physical.read32(0x8000)).toBe(5)
    // error code, and EIP of the sum
    expect(physical.read32(0x8000 - 16)).toBe(0)
    expect(physical.read32(0x8000 - 12)).toBe(CODE + 5 + 3 + 5)
    expect(cpu.instructions).toBe(3 + 1)
  })
  test('machines share the module and nothing else', () => {
    const count = (times: number) => tinyMachine((a) => {
      const top = a.label()
      a.mov(ecx, times).bind(top).inc(eax).mov(mem(0x9000), eax).dec(ecx).jne(top).hlt()
    })
    const [one, two] = [count(300), count(400)]
    for (const budget of [100, 500]) {
      one.cpu.run(budget)
      two.cpu.run(budget * 2)
    }
    expect([one, two].map(({ physical }) => physical.read32(0x9000))).toEqual([150, 300])
    for (const each of [one, two]) expect(each.cpu.run(1e5).reason).toBe('halt')
    expect([one.cpu.reg(0), two.cpu.reg(0)]).toEqual([300, 400])
  })
})
