import { describe, expect, expectTypeOf, it } from 'vitest'
import {
  Assembler, ax, cr3, cs, dx, eax, ebx, ecx, fs, mem,
} from '../../generated/assembler/index.ts'
import type {
  Mem, Reg16, Reg32, Reg8, Value,
} from '../../generated/assembler/index.ts'
import { encode } from '../../generated/assembler/encode.ts'
import { family, readForm } from '../../generated/assembler/forms.ts'
import type { OperandsOf } from '../../generated/assembler/forms.ts'
import { matches, memoryBits } from '../../generated/assembler/kinds.ts'

describe('reading a form', () => {
  it('splits operands and steps', () => {
    expect(readForm('add', 'rm32, imm8s: 83 /0 ib')).toEqual({
      mnemonic: 'add', kinds: ['rm32', 'imm8s'], text: 'rm32, imm8s: 83 /0 ib',
      steps: [
        { step: 'byte', byte: 0x83 }, { step: 'modrm', digit: 0 },
        { step: 'value', width: 1 },
      ],
    })
    expect(readForm('hlt', ': F4').kinds).toEqual([])
  })

  it('complains about a slip of the pen', () => {
    expect(() => readForm('add', 'rm33: 83 /0')).toThrow('add: no kind')
    expect(() => readForm('add', 'rm32: 83 /8')).toThrow('no step of a form: /8')
    expect(() => readForm('add', 'rm32: 8')).toThrow('no step of a form: 8')
  })
})

it('a family counts its opcodes and digits', () => {
  const both = family({ or: 1, cmp: 7 }, ['al, imm8: 04+8n ib', 'rm8: 80 /n'])
  expect(both.or).toEqual(['al, imm8: 0C ib', 'rm8: 80 /1'])
  expect(both.cmp).toEqual(['al, imm8: 3C ib', 'rm8: 80 /7'])
  expect(family({ je: 4 }, ['rel32: 0F 80+n cd']).je)
    .toEqual(['rel32: 0F 84 cd'])
})

it('the compiler reads the forms', () => {
  expectTypeOf<OperandsOf<'r32, rm8: 0F B6 /r'>>()
    .toEqualTypeOf<[Reg32, Reg8 | Mem]>()
  expectTypeOf<OperandsOf<': F4'>>().toEqualTypeOf<[]>()
  expectTypeOf<Assembler['lea']>().parameters
    .toEqualTypeOf<[Reg16, Mem] | [Reg32, Mem]>()
  expectTypeOf<Assembler['int']>().parameters.toEqualTypeOf<[Value]>()
})

describe('kinds', () => {
  it('know ranges', () => {
    expect([-129, -128, 127, 128, 0xffffff80, 0xffffffff]
      .map((n) => matches('imm8s', n)))
      .toEqual([false, true, true, false, true, true])
    expect([0xff80, 0xffff, 0xff7f].map((n) => matches('imm8w', n)))
      .toEqual([true, true, false])
    expect(matches('one', 1)).toBe(true)
    expect(matches('one', 2)).toBe(false)
  })

  it('know sizes of memory', () => {
    expect(matches('rm32', mem(ebx))).toBe(true)
    expect(matches('rm32', mem(ebx).byte)).toBe(false)
    expect(matches('m', mem(ebx).byte)).toBe(true)
    expect(matches('moffs32', mem(ebx))).toBe(false)
    expect(['rm8', 'm16', 'moffs32', 'm', 'imm8', 'r32']
      .map((kind) => memoryBits(kind as 'm')))
      .toEqual([8, 16, 32, null, null, null])
  })

  it('tell one register from its kind', () => {
    expect(matches('dx', dx)).toBe(true)
    expect(matches('dx', ax)).toBe(false)
    expect(matches('r16', ax)).toBe(true)
    expect(matches('cs', cs)).toBe(true)
  })
})

describe('from form to bytes', () => {
  const bytes = (text: string, ...operands: Parameters<typeof encode>[1]) =>
    Buffer.from(encode(readForm('test', text), operands).bytes).toString('hex')

  it('puts every operand in its place', () => {
    expect(bytes('rm32, r32: 89 /r', ecx, eax)).toBe('89c1')
    expect(bytes('r32, rm32: 8B /r', ecx, eax)).toBe('8bc8')
    expect(bytes('creg, r32: 0F 22 /r', cr3, ebx)).toBe('0f22db')
    expect(bytes('r32, creg: 0F 20 /r', ebx, cr3)).toBe('0f20db')
    expect(bytes('r32: 50+r', ebx)).toBe('53')
    expect(bytes('r32, rm32, imm8s: 6B /r ib', ecx, eax, 5)).toBe('6bc805')
  })

  it('writes a far pointer offset first', () => {
    expect(bytes('imm16, imm32: EA id iw', 0x50, 0xffc00000))
      .toBe('ea0000c0ff5000')
    expect(bytes('imm16, imm8: C8 iw ib', 16, 2)).toBe('c8100002')
  })

  it('puts another segment in front', () => {
    expect(bytes('rm32, r32: 89 /r', mem(ecx).seg(fs), eax)).toBe('648901')
  })
})
