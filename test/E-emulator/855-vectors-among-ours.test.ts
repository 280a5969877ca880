// Quick ways of vectors and of the x87: what is ordinary stays in the region, and is what the interpreter does.
import { describe, expect, it } from 'vitest'
import { QUICK_WAYS } from '../../generated/emulator/isa/forms.ts'
import { Machine, type Engine } from '../../generated/emulator/index.ts'

const [CODE, DATA, COUNT] = [0x1000, 0x4000, 20]
const le = (n: number) => [0, 8, 16, 24].map((shift) => (n >>> shift) & 255)

function machine(engine: Engine): Machine {
  const machine = new Machine({ ramBytes: 1 << 16, deterministic: true, engine })
  for (let s = 0; s < 6; s++) {
    machine.cpu.setSegment(s, { base: 0, limit: 0xffffffff, selector: s === 1 ? 8 : 16, flags: s === 1 ? 0xcf9b : 0xcf93 })
  }
  machine.cpu.cr4 = 0x600
  return machine
}
const machines = (['interpreted', 'eager'] as const).map(machine)
const fresh = machines[0].cpu.saveState()

/** Two vectors, or two numbers on the stack, then `code` again and again, on both. */
function run(numbers: Uint8Array, prepare: number[], code: number[], mxcsr = 0x1fa0): Machine[] {
  const loop = [...prepare, ...code]
  const start = [0x0f, 0xae, 0x15, ...le(DATA + 0x100), 0xdb, 0xe3, 0xb9, ...le(COUNT)] // ldmxcsr; fninit; mov ecx, COUNT
  for (const { cpu, physical } of machines) {
    cpu.loadState(fresh)
    physical.writeBytes(DATA, numbers)
    physical.write32(DATA + 0x100, mxcsr)
    physical.writeBytes(CODE, Uint8Array.from([...start, ...loop, 0x49, 0x0f, 0x85, ...le(-loop.length - 7), 0xf4])) // dec ecx; jne
    cpu.setReg(4, 0x3000)
    cpu.setReg(6, DATA)
    cpu.eip = CODE
    expect(cpu.run(1e6).reason).toBe('halt')
  }
  return machines
}
const same = ([slow, quick]: Machine[]) => Buffer.compare(slow.cpu.saveState(), quick.cpu.saveState()) === 0
function compare(name: string, numbers: Uint8Array, prepare: number[], code: number[], mxcsr?: number): void {
  const { made: before, exits: { 'rare case': rare, 'cold operation left': cold } } = machines[1].cpu.translation
  expect(same(run(numbers, prepare, code, mxcsr)), name).toBe(true)
  const { made, exits } = machines[1].cpu.translation
  expect(made, name).toBeGreaterThan(before)
  expect(exits['rare case'] - rare, name).toBe(0)
  expect(exits['cold operation left'] - cold, name).toBeLessThan(2) // HLT
}
const bytes = (numbers: Float64Array | Float32Array | Int32Array) => new Uint8Array(numbers.buffer)
const LOADS = [0x0f, 0x28, 0x06, 0x0f, 0x28, 0x4e, 16] // movaps xmm0, [esi]; movaps xmm1, [esi + 16]

const FLOATS = [0x58, 0x59, 0x5c, 0x5e, 0x5d, 0x5f]
const PACKED = ['fc', 'f8', 'ec', 'e8', 'dc', 'd8', '74', '64', 'da', 'de', 'e0', 'fd', 'f9', 'ed', 'e9', 'dd', 'd9', '75', '65', 'ea',
  'ee', 'e3', 'd5', 'fe', 'fa', '76', '66', 'd4', 'fb', 'f5', '63', '67', '6b', 'db', 'df', 'eb', 'ef', '60', '61', '62', '68', '69', '6a',
  '6c', '6d', '14', '15', '54', '55', '56', '57', 'e4', 'e5', 'f4', 'f6'].map((op) => parseInt(op, 16))

describe('E:855 quick ways of vectors', { timeout: 60_000 }, () => {
  it('are told of instructions that exist', async () => {
    const { instructions } = await import('../../generated/emulator/isa/forms.ts')
    const names = new Set(instructions().map(({ name }) => name))
    expect([...QUICK_WAYS.keys()].filter((name) => !names.has(name))).toEqual([])
  })

  it('add, compare, interleave and narrow integers', () => {
    const noise = bytes(Int32Array.from({ length: 8 }, (_, n) => Math.imul(n + 1, 0x9e3779b1)))
    for (const op of PACKED) {
      compare(op.toString(16), noise, LOADS, [0x66, 0x0f, op, 0xc1])
      compare(`${op.toString(16)} from memory`, noise, LOADS, [0x66, 0x0f, op, 0x46, 16])
    }
  })

  it('shift and shuffle by what the last byte says', () => {
    const noise = bytes(Int32Array.from({ length: 8 }, (_, n) => Math.imul(n + 1, 0x9e3779b1)))
    for (const by of [0, 1, 7, 8, 14, 15]) {
      for (const [group, digit] of [[0x71, 2], [0x71, 4], [0x71, 6], [0x72, 2], [0x72, 4], [0x72, 6], [0x73, 2], [0x73, 3], [0x73, 6], [0x73, 7]]) {
        compare(`${group.toString(16)} /${digit} ${by}`, noise, LOADS, [0x66, 0x0f, group, 0xc0 | digit << 3, by])
      }
      for (const prefix of [0x66, 0xf2, 0xf3]) compare(`shuffle ${prefix} ${by}`, noise, LOADS, [prefix, 0x0f, 0x70, 0xc1, by * 17])
      for (const prefix of [[], [0x66]]) compare(`shufp ${by}`, noise, LOADS, [...prefix, 0x0f, 0xc6, 0xc1, by * 17])
    }
    compare('a sign goes no further', noise, LOADS, [0x66, 0x0f, 0x72, 0xe0, 200])
    compare('masks', noise, LOADS, [0x66, 0x0f, 0xd7, 0xc1, 0x0f, 0x50, 0xd1, 0x66, 0x0f, 0x50, 0xd9])
    compare('words in and out', noise, LOADS, [0x66, 0x0f, 0x7e, 0xc8, 0x66, 0x0f, 0x6e, 0xd0])
  })

  it('shift by a register, and put words in and out', () => {
    for (const by of [0, 3, 15]) {
      const numbers = bytes(Int32Array.of(0x81234567, -2, 0x7fff8000, 77, by, 0, -1, -1))
      for (const op of [0xd1, 0xd2, 0xd3, 0xe1, 0xe2, 0xf1, 0xf2, 0xf3]) compare(`${op.toString(16)} by ${by}`, numbers, LOADS, [0x66, 0x0f, op, 0xc1])
      compare(`word ${by}`, numbers, LOADS, [0x66, 0x0f, 0xc5, 0xc0, by, 0x66, 0x0f, 0xc4, 0xc8, by ^ 5, 0x66, 0x0f, 0xc4, 0x4e, 8, by])
      for (const far of [16, 32, 64, 1 << 20]) {
        numbers.set(le(far + by), 16)
        for (const op of [0xd1, 0xe2, 0xf3]) expect(same(run(numbers, LOADS, [0x66, 0x0f, op, 0xc1])), `${op} by ${far + by}`).toBe(true)
      }
      numbers.set(le(1), 20)
      expect(same(run(numbers, LOADS, [0x66, 0x0f, 0xd3, 0xc1])), 'a count of 64 bits').toBe(true)
    }
  })

  it('take roots, compare into masks and convert', () => {
    for (const set of [[1.5, 2.25, 3e7, 4e-3, 0.1, 7, 0.3, 1e-9], [0, -0, 3.5, 0, 5.5, 6.5, 7, 8.4999]]) {
      for (const [prefix, numbers] of [[[], bytes(Float32Array.from(set))], [[0xf3], bytes(Float32Array.from(set))],
        [[0x66], bytes(Float64Array.from(set))], [[0xf2], bytes(Float64Array.from(set))]] as const) {
        compare(`root ${prefix} ${set}`, numbers, LOADS, [...prefix, 0x0f, 0x51, 0xd1, ...prefix, 0x0f, 0x51, 0xc0])
        for (const by of [0, 1, 2, 4, 5, 6]) compare(`mask ${prefix} ${by} ${set}`, numbers, LOADS, [...prefix, 0x0f, 0xc2, 0xc1, by, ...prefix, 0x0f, 0xc2, 0xc9, by])
        expect(same(run(numbers, LOADS, [...prefix, 0x0f, 0xc2, 0xc1, 3, ...prefix, 0x0f, 0xc2, 0xc9, 7])), 'unordered').toBe(true)
        if (prefix.length && prefix[0] !== 0x66) compare(`to general ${set}`, numbers, LOADS, [...prefix, 0x0f, 0x2d, 0xc1, ...prefix, 0x0f, 0x2c, 0xd0])
      }
      const doubles = bytes(Float64Array.of(set[2], -set[4], 1.5, -2.5))
      for (const prefix of [0x66, 0xf2]) compare(`doubles to integers ${prefix}`, doubles, LOADS, [prefix, 0x0f, 0xe6, 0xd1, prefix, 0x0f, 0xe6, 0xc0])
      compare('doubles to floats', doubles, LOADS, [0x66, 0x0f, 0x5a, 0xd1, 0x66, 0x0f, 0x5a, 0xc0])
      const floats = bytes(Float32Array.from(set.map((x, n) => n & 1 ? -x : x)))
      for (const prefix of [[0x66], [0xf3]]) compare(`floats to integers ${prefix}`, floats, LOADS, [...prefix, 0x0f, 0x5b, 0xd1, ...prefix, 0x0f, 0x5b, 0xc0])
      compare('floats to doubles', floats, LOADS, [0x0f, 0x5a, 0xd1, 0x0f, 0x5a, 0xc0])
    }
    const integers = bytes(Int32Array.of(0, -1, 0x7fffffff, -0x80000000, 16777217, -5, 123456789, 1))
    compare('from integers', integers, LOADS, [0x0f, 0x5b, 0xd1, 0x0f, 0x5b, 0xc0, 0xf3, 0x0f, 0xe6, 0xd9, 0xf3, 0x0f, 0xe6, 0x66, 16, 0xf3, 0x0f, 0x2a, 0x2e, 0xf2, 0x0f, 0x2a, 0x76, 8])
  })

  it('leave to the interpreter what does not fit an integer', () => {
    for (const odd of [2147483647, 2147483647.5, 2147483648, -2147483648, -2147483649, 3e9, NaN, Infinity, 1e-310, 2147483520]) {
      const [floats, doubles] = [bytes(Float32Array.from(Array<number>(8).fill(odd))), bytes(Float64Array.from(Array<number>(4).fill(odd)))]
      for (const prefix of [[0x66], [0xf3]]) expect(same(run(floats, LOADS, [...prefix, 0x0f, 0x5b, 0xd1])), `${odd} ${prefix}`).toBe(true)
      for (const prefix of [0x66, 0xf2]) expect(same(run(doubles, LOADS, [prefix, 0x0f, 0xe6, 0xd1])), `${odd} ${prefix}`).toBe(true)
      for (const op of [0x2c, 0x2d]) {
        expect(same(run(doubles, LOADS, [0xf2, 0x0f, op, 0xc1, 0xf2, 0x0f, 0x51, 0xc1])), `${odd} ${op}`).toBe(true)
        expect(same(run(floats, LOADS, [0xf3, 0x0f, op, 0xc1, 0xf3, 0x0f, 0x51, 0xc1])), `${odd} ${op}`).toBe(true)
      }
    }
  })

  it('calculate with ordinary floats, zeros among them', () => {
    const sets = [[1.5, -2.25, 3e7, -4e-3, 0.1, 7, -0.3, 1e-9], [0, -0, 3, 0, 5, 6, 7, -8], [2, 2, 2, 2, 2, 2, 2, 2]]
    for (const set of sets) {
      for (const op of FLOATS) {
        for (const prefix of [[], [0xf3]]) compare(`float ${op} ${prefix} ${set}`, bytes(Float32Array.from(set)), LOADS, [...prefix, 0x0f, op, 0xc1])
        const doubles = bytes(Float64Array.of(set[0], set[1], set[4], set[5]))
        for (const prefix of [0x66, 0xf2]) compare(`double ${op} ${prefix} ${set}`, doubles, LOADS, [prefix, 0x0f, op, 0xc1])
      }
      compare('comisd', bytes(Float64Array.of(set[0], set[1], set[4], set[5])), LOADS, [0x66, 0x0f, 0x2f, 0xc1, 0x66, 0x0f, 0x2e, 0xc0])
      compare('comiss', bytes(Float32Array.from(set)), LOADS, [0x0f, 0x2f, 0xc1])
      compare('conversions', bytes(Float64Array.of(set[0], set[1], set[4], set[5])), LOADS,
        [0xf2, 0x0f, 0x2c, 0xc1, 0xf2, 0x0f, 0x2a, 0xd0, 0xf2, 0x0f, 0x5a, 0xd9, 0xf3, 0x0f, 0x5a, 0xe3])
    }
  })

  it('are exact before the precision flag has risen', () => {
    for (const [set, ops] of [[[3, -5, 1024, 7, 12, 20, 4, 0.5], [0x58, 0x59, 0x5c, 0x5d, 0x5f]], [[12, -9, 0.75, 0, 4, -3, 0.25, 8], [0x5e]]]) {
      for (const op of ops) {
        for (const prefix of [[], [0xf3]]) compare(`float ${op} ${prefix} ${set}`, bytes(Float32Array.from(set)), LOADS, [...prefix, 0x0f, op, 0xc1], 0x1f80)
        const doubles = bytes(Float64Array.of(set[0], set[1], set[4], set[5]))
        for (const prefix of [0x66, 0xf2]) compare(`double ${op} ${prefix} ${set}`, doubles, LOADS, [prefix, 0x0f, op, 0xc1], 0x1f80)
      }
    }
  })

  it('raise the precision flag in full', () => {
    for (const set of [[0.1, 1 / 3, 1e9, 1e-9, 3, 7, 1 + 2 ** -23, 0.7], [1e30, 1e-30, 16777217, 4097, 1, 2 ** -53, -1, 2 ** -24], [1, 3, 10, 0.1, 8388609, 8388607, 5, 3]]) {
      for (const op of FLOATS) {
        for (const prefix of [[], [0xf3]]) expect(same(run(bytes(Float32Array.from(set)), LOADS, [...prefix, 0x0f, op, 0xc1], 0x1f80)), `${op} ${set}`).toBe(true)
        for (const prefix of [0x66, 0xf2]) expect(same(run(bytes(Float64Array.from(set)), LOADS, [prefix, 0x0f, op, 0xc1], 0x1f80)), `${op} ${set}`).toBe(true)
      }
    }
  })

  it('move', () => {
    const numbers = bytes(Float64Array.of(1.25, -2, 3, 4e5))
    for (const [prefix, load, store] of [[[], 0x28, 0x29], [[0x66], 0x28, 0x29], [[0x66], 0x6f, 0x7f], [[], 0x10, 0x11], [[0x66], 0x10, 0x11],
      [[0xf3], 0x6f, 0x7f], [[0xf3], 0x10, 0x11], [[0xf2], 0x10, 0x11]] as const) {
      compare(`move ${prefix} ${load}`, numbers, LOADS, [...prefix, 0x0f, load, 0x56, 16, ...prefix, 0x0f, load, 0xd9,
        ...prefix, 0x0f, store, 0x4e, 48, ...prefix, 0x0f, store, 0xcc])
    }
  })

  it('move halves, around the caches, and eight bytes out', () => {
    const numbers = bytes(Float64Array.of(1.25, -2, 3, 4e5))
    for (const prefix of [[], [0x66]]) {
      for (const [load, store] of [[0x12, 0x13], [0x16, 0x17]]) {
        compare(`half ${prefix} ${load}`, numbers, LOADS, [...prefix, 0x0f, load, 0x46, 20, ...prefix, 0x0f, store, 0x4e, 49])
      }
      compare(`around the caches ${prefix}`, numbers, LOADS, [...prefix, 0x0f, 0x2b, 0x46, 48])
    }
    compare('between halves', numbers, LOADS, [0x0f, 0x12, 0xd1, 0x0f, 0x16, 0xc1, 0x0f, 0x16, 0xc0])
    compare('integers around the caches', numbers, LOADS, [0x66, 0x0f, 0xe7, 0x4e, 48, 0x0f, 0xc3, 0x4e, 65])
    compare('eight bytes', numbers, LOADS, [0x66, 0x0f, 0xd6, 0xca, 0x66, 0x0f, 0xd6, 0x4e, 53, 0xf3, 0x0f, 0x7e, 0x5e, 3])
  })

  it('leave what is not ordinary to the interpreter', () => {
    for (const odd of [Infinity, NaN, 1e-310, 1.7e308]) {
      const numbers = bytes(Float64Array.of(odd, odd, 1.1e308, odd))
      for (const op of FLOATS) {
        expect(same(run(numbers, LOADS, [0x66, 0x0f, op, 0xc1])), `${odd} ${op}`).toBe(true)
      }
    }
  })
})

describe('E:771 quick ways of the x87', { timeout: 60_000 }, () => {
  const numbers = bytes(Float64Array.of(1.25, -2.5, 3, 4e5))
  const work: [string, number[]][] = [
    ['arithmetic on registers', [0xd8, 0xc1, 0xdc, 0xc9, 0xd8, 0xf1, 0xdc, 0xe9]], ['with doubles', [0xdc, 0x06, 0xdc, 0x4e, 8, 0xdc, 0x66, 16]],
    ['with floats and integers', [0xd8, 0x46, 4, 0xda, 0x4e, 12, 0xde, 0x46, 14]], ['signs and exchange', [0xd9, 0xe0, 0xd9, 0xc9, 0xd9, 0xe1]],
    ['comparisons', [0xdb, 0xf1, 0xd8, 0xd1, 0xdf, 0xe0, 0xdc, 0x56, 8, 0xd9, 0xe4]],
    ['stores', [0xdd, 0x56, 64, 0xd9, 0x56, 72, 0xdf, 0x56, 76, 0xdb, 0x56, 80]], ['loads and pops', [0xd9, 0xc1, 0xd9, 0xe8, 0xde, 0xc1, 0xdd, 0xd8]],
    ['the control word', [0xd9, 0x7e, 96, 0xd9, 0x6e, 96]], ['integers of 64 bits', [0xdf, 0x6e, 24, 0xdf, 0x7e, 88]],
  ]
  for (const [name, code] of work) {
    it(name, () => compare(name, numbers, [0xdd, 0x06, 0xdd, 0x46, 8], [...code, 0xdd, 0xd8, 0xdd, 0xd8])) // fld, fld; fstp st0 twice
  }
})
