import { readFileSync } from 'node:fs'
// The table of E:952, byte for byte.
import { describe, expect, it } from 'vitest'
import { Register as IcedRegister } from 'iced-x86'
import {
  Assembler, eax, ebp, ebx, ecx, edi, edx, esi, esp, Label, mem,
} from '../../generated/assembler/index.ts'
import type { Mem, Register } from '../../generated/assembler/index.ts'
import {
  appendValue, littleEndian, operandBytes,
} from '../../generated/assembler/modrm.ts'
import { sum } from '../../generated/assembler/values.ts'
import { decode } from '../support/disassemble.ts'

const bytes = (rm: Mem | Register, reg = 0): string =>
  Buffer.from(operandBytes(reg, rm).bytes).toString('hex')

/** The chapter's table of decisions: an operand, and what becomes of it. */
function decisions(): [string, number[]][] {
  const chapter = readFileSync(new URL('../../journey/E-emulator/950-modrm-and-sib.md', import.meta.url), 'utf8')
  return [...chapter.matchAll(/^ +(\[.*?\]) +mod (\d) +rm (\d)(?: +SIB (\d),(\d),(\d))?/gm)].map(([, text, ...fields]) => {
    const [mod, rm, scale, index, base] = fields.map(Number)
    return [text, [mod << 6 | rm, ...fields[2] === undefined ? [] : [scale << 6 | index << 3 | base]]]
  })
}
const TOLD: Record<string, Mem> = {
  '[0x1000]': mem(0x1000), '[eax]': mem(eax), '[ebp]': mem(ebp), '[eax+8]': mem(eax, 8), '[eax+0x1000]': mem(eax, 0x1000),
  '[esp]': mem(esp), '[eax+ecx*4]': mem({ base: eax, index: ecx, scale: 4 }),
  '[ecx*4+0x1000]': mem({ index: ecx, scale: 4, disp: 0x1000 }),
}

describe('ModRM and SIB', () => {
  it('are decided as the chapter tells', () => {
    expect(decisions().map(([text]) => text)).toEqual(Object.keys(TOLD))
    for (const [text, told] of decisions()) {
      expect([...operandBytes(0, TOLD[text]).bytes].slice(0, told.length), text).toEqual(told)
    }
  })

  it.each([
    ['a register', edx, 'c2'],
    ['[0x1000]', mem(0x1000), '0500100000'],
    ['[eax]', mem(eax), '00'],
    ['[ebp] needs a displacement', mem(ebp), '4500'],
    ['[eax+8]', mem(eax, 8), '4008'],
    ['[eax-0x80]', mem(eax, -0x80), '4080'],
    ['[eax+0x80]', mem(eax, 0x80), '8080000000'],
    ['[eax+0x1000]', mem(eax, 0x1000), '8000100000'],
    ['[eax+0xffffffff] is [eax-1]', mem(eax, 0xffffffff), '40ff'],
    ['[esp] needs a SIB byte', mem(esp), '0424'],
    ['[esp+4]', mem(esp, 4), '442404'],
    ['[eax+ecx*4]', mem({ base: eax, index: ecx, scale: 4 }), '0488'],
    ['[ebp+ecx*2]', mem({ base: ebp, index: ecx, scale: 2 }), '444d00'],
    ['[ecx*4]', mem({ index: ecx, scale: 4 }), '048d00000000'],
    ['[ecx*1] is [ecx]', mem({ index: ecx }), '01'],
    ['[esp+ebx]', mem({ base: esp, index: ebx }), '041c'],
  ])('%s', (_, rm, hex) => {
    expect(bytes(rm)).toBe(hex)
  })

  it.each([eax, ecx, edx, ebx, ebp, esi, edi])('%o as an index alone stays in DS', (index) => {
    const a = new Assembler(0)
    a.mov(eax, mem({ index, disp: 8 })).mov(eax, mem({ index, scale: 2 }))
    expect(decode(a.assemble().bytes).map((i) => i.memorySegment))
      .toEqual([IcedRegister.DS, IcedRegister.DS])
  })

  it('the register or digit goes in between', () => {
    expect(bytes(eax, 7)).toBe('f8')
    expect(bytes(mem(ebx), 2)).toBe('13')
  })

  it('a label always takes four bytes, as a patch', () => {
    const label = new Label('there')
    const { bytes, patches } = operandBytes(0, mem(ebx, label))
    expect(bytes).toEqual([0x83, 0, 0, 0, 0])
    expect(patches).toEqual([
      { at: 1, width: 4, value: sum(label), relative: false },
    ])
  })
})

it('numbers go out lowest byte first', () => {
  expect(littleEndian(0x12345678, 4)).toEqual([0x78, 0x56, 0x34, 0x12])
  expect(littleEndian(-2, 2)).toEqual([0xfe, 0xff])
  expect(littleEndian(0xffffffff, 4)).toEqual([255, 255, 255, 255])
  const encoded = appendValue({ bytes: [1], patches: [] }, sum(2), 1)
  expect(encoded).toEqual({ bytes: [1, 2], patches: [] })
})
