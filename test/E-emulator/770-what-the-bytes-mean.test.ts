// Each x87 form on random states, here and on this machine's own processor.
import { describe, expect, it } from 'vitest'
import { ebp, ebx } from '../../generated/assembler/index.ts'
import { tinyMachine } from '../support/tiny-machine.ts'
import { hasNative, runNative, runOurs } from '../support/native.ts'
import { X87_FORMS } from '../support/float-forms.ts'
import { essence, input, pieces } from '../support/x87-cases.ts'

const SEED = Number(process.env.SEED ?? 0x87)
const COUNT = Number(process.env.COUNT ?? 200)

describe.skipIf(!hasNative())('E:770 the x87 beside the hardware', () => {
  for (const [name, forms] of Object.entries(X87_FORMS)) {
    it(`${name}: ${forms.length} forms, ${COUNT} states each, seed ${SEED}`, () => {
      const list = pieces(forms, COUNT, SEED)
      const theirs = runNative(list)
      const ours = runOurs(list)
      const wrong: string[] = []
      list.forEach((piece, p) => {
        let shown = 0
        piece.blocks.forEach((before, n) => {
          const [a, b] = [essence(theirs[p][n]), essence(ours[p][n])]
          if (a !== b && shown++ < Number(process.env.SHOW ?? 2)) wrong.push(`${piece.name}\n in     ${input(before)}\n theirs ${a}\n ours   ${b}`)
        })
        if (shown) wrong.push(`${piece.name}: ${shown} of ${COUNT}`)
      })
      expect(wrong.join('\n')).toBe('')
    })
  }
})

describe('E:770 where the operand was', () => {
  /** FDS and the offset, as FNSTENV has them, after an instruction. */
  const noted = (bytes: number[], address = 0xb010) => {
    const m = tinyMachine((a) => {
      a.db(0xdb, 0xe3, 0xd9, 0xe8).mov(ebx, address).mov(ebp, address).db(...bytes)
      // fnstenv [0xb100]
      a.db(0xd9, 0x35).dd(0xb100).hlt()
    })
    const { cpu, physical } = m
    cpu.cr0 = 0x31
    const flat = { limit: 0xffffffff, flags: 0xc093 }
    for (const i of [0, 2, 3, 4, 5]) cpu.setSegment(i, { ...flat, selector: 0x100 + i * 8, base: i > 3 ? 0x10 : 0 })
    expect(cpu.run(100).reason).toBe('halt')
    return [physical.read32(0xb118) & 0xffff, physical.read32(0xb114)]
  }
  it('FDS is the segment that was used: DS, SS for EBP and ESP, or what a prefix names', () => {
    for (const [name, op] of [['fld m32', [0xd9]], ['fld m64', [0xdd]], ['fild m32', [0xdb]], ['fadd m32', [0xd8]], ['fiadd m16', [0xde]]] as const) {
      expect([name, noted([...op, 0x03])]).toEqual([name, [0x118, 0xb010]])
      expect([name, noted([...op, 0x45, 4])]).toEqual([name, [0x110, 0xb014]])
      expect([name, noted([0x26, ...op, 0x45, 0])]).toEqual([name, [0x100, 0xb010]])
      expect([name, noted([0x36, ...op, 0x03])]).toEqual([name, [0x110, 0xb010]])
      expect([name, noted([0x64, ...op, 0x03])]).toEqual([name, [0x120, 0xb010]])
      expect([name, noted([0x65, ...op, 0x03])]).toEqual([name, [0x128, 0xb010]])
    }
    // fstp m80, fstp m64
    expect(noted([0xdb, 0x7d, 0])).toEqual([0x110, 0xb010])
    expect(noted([0x65, 0xdd, 0x1b])).toEqual([0x128, 0xb010])
  })
})
