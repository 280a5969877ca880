import { describe, expect, it } from 'vitest'
import {
  AssemblyError, ax, bh, cr3, dr7, eax, ebx, ecx, edi, esp, fs, gs, Label, mem,
  Register, Sum,
} from '../../generated/assembler/index.ts'
import { showMem } from '../../generated/assembler/memory.ts'
import { showInstruction } from '../../generated/assembler/operands.ts'
import { fits, showValue } from '../../generated/assembler/values.ts'

describe('registers', () => {
  it('have the numbers the 8086 gave them', () => {
    const numbers = [eax, ecx, ebx, esp, edi, ax, bh, gs, cr3, dr7]
      .map((register) => register.number)
    expect(numbers).toEqual([0, 1, 3, 4, 7, 0, 7, 5, 3, 7])
  })

  it('know their kind', () => {
    expect(eax).toBeInstanceOf(Register)
    expect([eax, ax, bh, gs, cr3, dr7].map(({ kind }) => kind))
      .toEqual(['r32', 'r16', 'r8', 'sreg', 'creg', 'dreg'])
  })
})

describe('values', () => {
  const start = new Label('start')
  const end = new Label('end')

  it('are sums of at most one label less at most one', () => {
    expect(start.plus(4)).toEqual(new Sum(start, null, 4))
    expect(end.minus(start).plus(1)).toEqual(new Sum(end, start, 1))
    expect(end.minus(8)).toEqual(new Sum(end, null, -8))
  })

  it('are shown as they were written', () => {
    const values = [5, 255, -16, start, start.plus(4), end.minus(start).plus(-32)]
    expect(values.map(showValue))
      .toEqual(['5', '0xff', '-0x10', 'start', 'start+4', 'end-start-0x20'])
  })

  it('fit when either reading fits', () => {
    expect([-129, -128, 255, 256, 1.5, NaN].map((n) => fits(n, 8)))
      .toEqual([false, true, true, false, false, false])
  })
})

describe('memory', () => {
  const table = new Label('table')

  it('is shown as it was written', () => {
    const all = [
      mem(ebx), mem(ebx, -8), mem(0x1000).dword, mem(table, 4).byte,
      mem({ base: ebx, index: ecx, scale: 4, disp: table }), mem(ebx).seg(fs).word,
      mem({ index: ecx, scale: 8 }),
    ]
    expect(all.map(showMem)).toEqual([
      '[ebx]', '[ebx-8]', 'dword [0x1000]', 'byte [table+4]',
      '[ebx+ecx*4+table]', 'word [fs:ebx]', '[ecx*8]',
    ])
  })

  it('is not changed by its tags', () => {
    const plain = mem(ebx, 8)
    expect(plain.byte.bits).toBe(8)
    expect(plain.seg(fs).segment).toBe(fs)
    expect([plain.bits, plain.segment]).toEqual([null, null])
    expect(plain.seg(fs).word.segment).toBe(fs)
  })

  it('refuses what cannot be addressed', () => {
    expect(() => mem({ base: eax, index: esp })).toThrow(AssemblyError)
    expect(() => mem({ base: eax, index: esp }))
      .toThrow('[eax+esp*1]: esp cannot be an index')
    expect(() => mem(eax, 2 ** 32)).toThrow('displacement out of range')
    expect(() => mem(table, table)).toThrow('two labels cannot be added')
  })
})

it('an instruction is quoted as it was written', () => {
  expect(showInstruction('mov', [eax, mem(ebx, 8)])).toBe('mov eax, [ebx+8]')
  expect(showInstruction('hlt', [])).toBe('hlt')
})
