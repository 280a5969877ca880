import { describe, expect, test } from 'vitest'
import { Body, Bytes, Imports, moduleOf } from '../../generated/emulator/print/module.ts'

function leb(n: number, kind: 'signed' | 'unsigned'): number[] {
  const bytes = new Bytes()
  bytes[kind](n)
  return [...bytes.copy()]
}

describe('E:662 numbers of any length', () => {
  test.each([[0, [0]], [63, [63]], [64, [0xc0, 0]], [-1, [0x7f]], [-64, [0x40]], [-65, [0xbf, 0x7f]],
    [-123456, [0xc0, 0xbb, 0x78]], [0x80000000, [0x80, 0x80, 0x80, 0x80, 0x78]]])('signed %i', (n, bytes) => {
    expect(leb(n, 'signed')).toEqual(bytes)
  })
  test.each([[0, [0]], [127, [127]], [128, [0x80, 1]], [624485, [0xe5, 0x8e, 0x26]],
    [0xffffffff, [0xff, 0xff, 0xff, 0xff, 0x0f]]])('unsigned %i', (n, bytes) => {
    expect(leb(n, 'unsigned')).toEqual(bytes)
  })
  test('bytes grow', () => {
    const bytes = new Bytes()
    for (let i = 0; i < 10000; i++) bytes.byte(i & 255)
    expect(bytes.copy()[9999]).toBe(9999 & 255)
  })
})

describe('E:664 a module around it', () => {
  test('reads the memory it is given and calls who it imports', () => {
    const imports = new Imports()
    const body = new Body(imports)
    body.get(0)
    body.memory('i32.load', 8)
    body.tee(1)
    body.get(1)
    body.call('twice', 2)
    const bytes = moduleOf(imports, [{ body, parameters: 1, locals: 1 }])
    expect(WebAssembly.validate(bytes)).toBe(true)
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 })
    new Int32Array(memory.buffer)[3] = 21
    const twice = (x: number, y: number) => x + y
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { m: { m: memory }, h: { twice } })
    expect((exports['0'] as (at: number) => number)(4)).toBe(42)
  })
})
