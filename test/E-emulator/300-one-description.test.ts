import { describe, expect, test } from 'vitest'
import { Builder, compute, type Operand } from '../../generated/emulator/isa/builder.ts'

describe('E:306 the builder', () => {
  test('does operations on constants at once', () => {
    const b = new Builder()
    expect(b.add(2, 3)).toEqual({ kind: 'const', value: 5 })
    expect(b.shr(-1, 28)).toEqual({ kind: 'const', value: 15 })
    expect(b.steps).toEqual([])
  })
  test('loads come before writes in the record of an addition', () => {
    const b = new Builder()
    const x: Operand = { kind: 'mem', size: 32 }
    const left = b.modify(x)
    const sum = b.add(left, 1)
    b.write(x, sum)
    b.flags('add', 32, left, 1, sum)
    const order = b.steps.map((s) => s.step).filter((s) => s !== 'let')
    expect(order).toEqual(['read', 'modify', 'putBack', 'flags'])
  })
  test('an operand without a value is a mistake', () => {
    const b = new Builder()
    expect(() => b.read({ kind: 'flat', flat: true })).toThrow('has no value')
    expect(() => b.write({ kind: 'imm', size: 8, field: 'imm' }, 1)).toThrow('cannot write')
  })
})

describe('E:306 the meaning of operations', () => {
  test('shifts take the count modulo 32; comparisons are signed or not', () => {
    expect(compute('shl', 1, 33)).toBe(2)
    expect(compute('sar', -8, 1)).toBe(-4)
    expect(compute('shr', -8, 1)).toBe(0x7ffffffc)
    expect(compute('lt', -1, 1)).toBe(1)
    expect(compute('ltu', -1, 1)).toBe(0)
    expect(compute('mul', 0x10001, 0x10001)).toBe(0x20001)
  })
})
