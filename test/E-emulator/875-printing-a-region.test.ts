import { describe, expect, test } from 'vitest'
import { CATALOGUE } from '../../generated/emulator/decode/decode.ts'
import type { Edge, Node } from '../../generated/emulator/print/graph.ts'
import { kindOf } from '../../generated/emulator/print/kinds.ts'
import { Imports, moduleOf } from '../../generated/emulator/print/module.ts'
import { printRegion } from '../../generated/emulator/print/region.ts'

const ZERO = 8
/** Two bytes; no base, no index; alone in its block. */
const record = (operation: number, a: number, b: number) => Int32Array.of(
  operation | a << 11 | b << 16 | ZERO << 21 | ZERO << 25, 5, 7, 1 << 13 | 2 << 20)

/** A region of this instruction three times, and whatever it leads to. */
function around(operation: number, a: number, b: number): Node {
  const out = (at: number): Edge => ({ at, to: null, page: -1 })
  const one = (at: number) => ({ at, length: 2, records: record(operation, a, b), cold: 100 })
  const kind = kindOf(one(0))
  const goesOn = kind === 'plain' || kind === 'cold'
  const node: Node = { instructions: goesOn ? [one(0), one(2), one(4)] : [one(0)], next: out(6), taken: null, guesses: [] }
  if (kind === 'branch' || kind === 'return') node.taken = { at: 0, to: node, page: 0x3000 }
  return node
}

describe('E:879 instructions', () => {
  test('every operation that can be printed makes a valid module, and holds its values in its bank', () => {
    let printed = 0
    for (const { key, number } of CATALOGUE.operations) {
      if (/[+~^]/.test(key)) continue
      for (const [a, b] of [[0, 1], [3, 3], [7, 5]]) {
        const region = around(number, a, b)
        if (kindOf(region.instructions[0]) === 'stop') continue
        const imports = new Imports()
        expect(WebAssembly.validate(moduleOf(imports, [printRegion(imports, region)])), key).toBe(true)
        printed++
      }
    }
    expect(printed).toBeGreaterThan(3 * 1200)
  })
})

describe('E:882 cold operations', () => {
  test('are called by the number of their record, and whoever goes elsewhere is not followed', () => {
    const of = (key: string) => CATALOGUE.operations.find((o) => o.key === key)!.number
    const kind = (key: string) => kindOf({ at: 0, length: 2, records: record(of(key), 0, 0), cold: 0 })
    expect(['daa', 'hlt', 'iret.v16', 'ret.v32.flat', 'jmp.j32', 'call.j32.v32.flat', 'add.r32.m32', 'ud2'].map(kind))
      .toEqual(['cold', 'last', 'last', 'return', 'jump', 'call', 'plain', 'stop'])
  })
})
