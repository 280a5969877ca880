import { describe, expect, test } from 'vitest'
import { catalogue } from '../../generated/emulator/isa/catalogue.ts'
import {
  INTERNAL, V_MEMORY, V_SIZE16, keyOf, shape,
} from '../../generated/emulator/isa/forms.ts'

const { forms, operations } = catalogue()
const formOf = (name: string, opcode: number) =>
  forms.find((f) => f.instruction.name === name && f.opcode === opcode)!

describe('E:312 the notation', () => {
  test('maps, digits and register opcodes are read', () => {
    expect(formOf('add', 0x81)).toMatchObject({ map: 0, modrm: true, digit: 0, opcodes: 1 })
    expect(formOf('bswap', 0xc8)).toMatchObject({ map: 1, modrm: false, opcodes: 8 })
    expect(formOf('pause', 0x90)).toMatchObject({ prefix: 'F3' })
  })
})

describe('E:314 variants', () => {
  test('size and place make different operations of one encoding', () => {
    const form = formOf('add', 0x01)
    const key = (variant: number) => keyOf('add', shape(form, variant)!)
    expect([0, V_SIZE16, V_MEMORY, V_MEMORY | V_SIZE16].map(key)).toEqual(
      ['add.r32.r32', 'add.r16.r16', 'add.m32.r32', 'add.m16.r16'])
  })
  test('encodings that mean the same work share an operation', () => {
    expect(formOf('add', 0x01).operations[0]).toBe(formOf('add', 0x03).operations[0])
  })
  test('a memory operand cannot be a register', () => {
    expect(shape(formOf('lea', 0x8d), 0)).toBeNull()
  })
})

describe('E:316 the catalogue', () => {
  test('no two encodings of a map claim the same bytes', () => {
    const seen = new Map<string, string>()
    for (const f of forms) {
      if (f.map === INTERNAL) continue
      for (let i = 0; i < f.opcodes; i++) {
        const kinds = f.operands.map((w) => w[0])
        const place = kinds.includes('M') ? 'm' : kinds.includes('R') ? 'r' : ''
        const id = [f.map, f.opcode + i, f.prefix, f.digit, f.exact, place].join()
        expect(`${id} ${seen.get(id) ?? f.instruction.name}`)
          .toBe(`${id} ${f.instruction.name}`)
        seen.set(id, f.instruction.name)
      }
    }
  })
  test('every operation can be described', () => {
    expect(operations.length).toBeGreaterThan(900)
  })
})
