import { describe, expect, test } from 'vitest'
import { type Assembler, eax, ebx, ecx } from '../../generated/assembler/index.ts'
import { CATALOGUE } from '../../generated/emulator/decode/decode.ts'
import { loopModule } from '../../generated/emulator/run/loop.ts'
import { textOf } from '../../site/src/figures/wasm-text.ts'
import { tinyMachine } from '../support/tiny-machine.ts'

describe('E:691 labels instead of cases', () => {
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

describe('E:693 three ways on', () => {
  test('a call into another page and back, again and again', () => {
    const { cpu } = tinyMachine((a) => {
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
    const whole = tinyMachine(program)
    whole.cpu.run(1e6)
    for (const budget of [1, 2, 3, 7, 64, 65, 66, 130]) {
      const { cpu } = tinyMachine(program)
      for (let n = budget; cpu.run(budget).reason === 'budget'; n += budget) {
        expect(cpu.instructions).toBe(n)
      }
      expect(Buffer.compare(cpu.saveState(), whole.cpu.saveState())).toBe(0)
    }
  })
})
