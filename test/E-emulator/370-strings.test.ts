import { describe, expect, test } from 'vitest'
import { sameAsHardware } from '../../conformance/expect.ts'
import { eax, ecx, edi } from '../../generated/assembler/index.ts'
import { tinyMachine } from '../support/tiny-machine.ts'

describe('E:370 as hardware does it', () => {
  test('all of them, with all prefixes', () => sameAsHardware(/^(movs|cmps|stos|lods|scas)8?$/, 6000), 60000)
})

describe('E:374 a repetition that overwrites itself', () => {
  /** Fills from 64 bytes before itself on, with HLT. */
  const run = (budgets: number[]) => {
    const { cpu } = tinyMachine((a) => {
      const self = a.label()
      a.mov(edi, self).sub(edi, 64).mov(ecx, 200).mov(eax, 0xf4f4f4f4)
      a.db(...new Array<number>(80).fill(0x90)).bind(self).db(0xf3, 0xab).hlt()
    })
    for (const budget of budgets) if (cpu.run(budget).reason === 'halt') break
    return [cpu.reg(1), cpu.reg(7), cpu.eip]
  }
  test('is seen at once, wherever the slices end', () => {
    const [left, to, at] = run([1e6])
    expect(left).toBe(200 - 17)
    for (let first = 80; first < 110; first++) expect(run([first, 1, 1, 2, 300]), `${first}`).toEqual([left, to, at])
  })
})

describe('E:374 a search that does not end', () => {
  test('leaves the flags as they were, wherever the slices end', () => {
    const { cpu } = tinyMachine((a) => {
      a.mov(eax, 5).mov(edi, 0x3000).mov(ecx, 300).cmp(ecx, ecx).db(0xf2, 0xae).hlt() // repne scasb, over zeros
    })
    cpu.run(4)
    const before = cpu.eflags & 0x8d5
    for (let n = 0; n < 20; n++) {
      cpu.run(10)
      expect(cpu.eflags & 0x8d5).toBe(before)
    }
    expect(cpu.reg(1)).toBe(100)
  })
})
