import { describe, expect, test } from 'vitest'
import { Assembler, eax, ebx, ecx, esp, mem } from '../../generated/assembler/index.ts'
import { CATALOGUE } from '../../generated/emulator/decode.ts'
import { Machine } from '../../generated/emulator/index.ts'
import { loopModule } from '../../generated/emulator/translate/loop.ts'
import { textOf } from '../../generated/emulator/translate/text.ts'

const CODE = 0x1000

function machineWith(write: (a: Assembler) => void): Machine {
  const a = new Assembler(CODE)
  write(a)
  const machine = new Machine({ ramBytes: 1 << 20, deterministic: true })
  machine.physical.writeBytes(CODE, a.assemble().bytes)
  machine.cpu.eip = CODE
  machine.cpu.setReg(4, 0x8000)
  return machine
}

describe('P:1691 labels instead of cases', () => {
  const lines = textOf(loopModule(), (n) => `${n}`).map((line) => line.trim())
  test('each hot operation has a label, and the cold ones the last', () => {
    const tables = lines.filter((line) => line.startsWith('br_table'))
    expect(tables).toHaveLength(1)
    const labels = tables[0].split(' ').slice(1).map(Number)
    expect(labels).toEqual(Array.from({ length: CATALOGUE.hot + 1 }, (_, n) => n))
  })
  test('what is opened is closed', () => {
    const opened = lines.filter((line) => /^(block|loop|if)$/.test(line)).length
    // the function itself is closed as well
    expect(lines.filter((line) => line === 'end')).toHaveLength(opened + 1)
  })
})

describe('P:1693 three ways on', () => {
  test('a call into another page and back, again and again', () => {
    const { cpu } = machineWith((a) => {
      const [away, top] = [a.label(), a.label()]
      a.mov(ecx, 1000).xor(eax, eax).bind(top).call(away).dec(ecx).jne(top).hlt()
      a.align(4096).bind(away).add(eax, ecx).ret()
    })
    expect(cpu.run(1e6).reason).toBe('halt')
    expect(cpu.reg(0)).toBe(500500)
    expect(cpu.instructions).toBe(2 + 1000 * 5 + 1)
  })
  test('a slice ends where it should, wherever that is', () => {
    const program = (a: Assembler) => {
      const top = a.label()
      a.mov(ecx, 40).bind(top).add(eax, ecx).push(ecx).pop(ebx).dec(ecx).jne(top).hlt()
    }
    const whole = machineWith(program)
    whole.cpu.run(1e6)
    for (const budget of [1, 2, 3, 7, 64, 65, 66, 130]) {
      const { cpu } = machineWith(program)
      for (let n = budget; cpu.run(budget).reason === 'budget'; n += budget) {
        expect(cpu.instructions).toBe(n)
      }
      expect(Buffer.compare(cpu.saveState(), whole.cpu.saveState())).toBe(0)
    }
  })
})

describe('P:1694 steps once more', () => {
  test('a first half that writes over the second is followed by what it has written', () => {
    const { cpu, physical } = machineWith((a) => {
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

describe('P:1697 calling out', () => {
  test('a fault leaves everything as it was before its instruction', () => {
    const { cpu, physical } = machineWith((a) => {
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
    const count = (times: number) => machineWith((a) => {
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
