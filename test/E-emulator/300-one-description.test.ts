import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Builder, compute, type Operand, type Place, type Step, type Value } from '../../generated/emulator/isa/builder.ts'
import { catalogue } from '../../generated/emulator/isa/catalogue.ts'

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

/** Steps in the chapter's notation; outcomes are numbered as they come, `let` names what is used again. */
function written(steps: Step[]): string[] {
  const names = new Map<Value, string>()
  const place = (p: Place) => p.kind === 'word' ? p.name : `register ${(p as { field: string }).field}`
  const value = (v: Value): string => {
    if (names.has(v)) return names.get(v)!
    if (v.kind === 'const') return String(v.value)
    if (v.kind !== 'binary') throw new Error(`no notation for ${v.kind}`)
    if (v.op === 'shl' && v.right.kind === 'const' && v.right.value === 0) return value(v.left)
    return `(${v.op === 'xor' ? `${value(v.left)} xor ${value(v.right)}` : `${value(v.left)} ${v.op} ${value(v.right)}`})`
  }
  const outcome = (v: Value) => { names.set(v, `o${names.size}`); return names.get(v)! }
  return steps.flatMap((s) => {
    switch (s.step) {
      case 'read': return `read   ${outcome(s.out)} = ${place(s.place)}`
      case 'load': { const at = value(s.address); return `load   ${outcome(s.out)} = ${s.size} bits at ${at}` }
      case 'let': {
        if ([...names.values()].includes('r')) return []
        const text = value(s.value)
        names.set(s.value, 'r')
        return `let    r = ${text}`
      }
      case 'flags': return [`flags  result  = ${value(s.result)}`, `       carries = ${value(s.carries)}`]
      case 'write': return `write  ${place(s.place)} = ${value(s.value)}`
      default: throw new Error(`no notation for ${s.step}`)
    }
  })
}

test('E:302: the record of an addition is the one that the chapter shows', () => {
  const chapter = readFileSync(new URL('../../journey/E-emulator/300-one-description.md', import.meta.url), 'utf8')
  const [, shown] = /^```text\n(read [^]*?)^```/m.exec(chapter)!
  const { steps } = catalogue().operations.find(({ key }) => key === 'add.r32.m32')!
  expect(written(steps())).toEqual(shown.trimEnd().split('\n'))
})
