import { describe, expect, test } from 'vitest'
import { Code, Decoder, DecoderOptions, FlowControl } from 'iced-x86'
import { DECODED, Decoder as Ours, SHORT } from '../../generated/emulator/decode/decode.ts'
import { catalogue } from '../../generated/emulator/isa/catalogue.ts'
import { Random } from '../../conformance/random.ts'

const FLAT32 = 1 | 2 | 4 | 8
const decode = (bytes: number[], mode = FLAT32, available = bytes.length) => {
  const decoder = new Ours()
  const result = decoder.decode(Uint8Array.from([...bytes, ...new Array(16).fill(0)]),
    0, available, mode)
  return { result, ...decoder.out, key: catalogue().operations[decoder.out.operation].key }
}

describe('E:432 operands', () => {
  test('registers, memory and immediates come into their fields', () => {
    const { key, a, base, index, scale, displacement, immediate, length } =
      decode([0x81, 0x44, 0x9e, 0x10, 0x78, 0x56, 0x34, 0x12])
    expect({ key, a, base, index, scale, displacement, immediate, length }).toEqual({
      key: 'add.m32.i', a: 0, base: 6, index: 3, scale: 2, displacement: 16,
      immediate: 0x12345678, length: 8 })
  })
  test('upper byte registers have odd indexes', () => {
    expect(decode([0x88, 0xe3])).toMatchObject({ key: 'mov.r8.r8', a: 12, b: 1 })
  })
})

describe('E:440 the record in front', () => {
  test('flat operands need none, FS and 16-bit addresses do', () => {
    const of = (bytes: number[], mode = FLAT32) => {
      const { address } = decode(bytes, mode)
      return address < 0 ? '' : catalogue().operations[address].key
    }
    expect(of([0x8b, 0x03])).toBe('')
    expect(of([0x64, 0x8b, 0x03])).toBe('address.n.a32')
    expect(of([0x67, 0x8b, 0x07])).toBe('address.n.a16')
    expect(of([0x8b, 0x03], FLAT32 & ~4)).toBe('address.n.a32')
    expect(of([0x67, 0x8d, 0x07])).toBe('addressBare')
  })
  test('knows from the description whether memory is written', () => {
    expect(decode([0x64, 0x01, 0x03]).access).toBe(0x404)
    expect(decode([0x64, 0x39, 0x03]).access).toBe(4)
    expect(decode([0x64, 0xff, 0x33]).access).toBe(4)
    expect(decode([0x64, 0x0f, 0xc7, 0x0b]).access).toBe(0x408)
  })
})

describe('E:420 windows', () => {
  test('an instruction that is cut off asks for more', () => {
    expect(decode([0xb8, 1, 2, 3, 4], FLAT32, 4).result).toBe(SHORT)
    expect(decode([0xb8, 1, 2, 3, 4], FLAT32, 5).result).toBe(DECODED)
  })
  test('fifteen bytes are allowed, sixteen are not', () => {
    const prefixes = (n: number) => [...new Array(n).fill(0x3e), 0x90]
    expect(decode(prefixes(14)).key).not.toBe('tooLong')
    expect(decode(prefixes(15), FLAT32, 16).key).toBe('tooLong')
  })
  test('LOCK needs an instruction that changes memory', () => {
    expect(decode([0xf0, 0x01, 0x03]).key).toBe('add.m32.r32')
    expect(decode([0xf0, 0x01, 0xc3]).key).toBe('invalid')
    expect(decode([0xf0, 0x03, 0x03]).key).toBe('invalid')
    expect(decode([0xf0, 0x39, 0x03]).key).toBe('invalid')
  })
})

describe('E:400 lengths agree with iced-x86', () => {
  const seed = 1300
  test(`on random bytes, seed ${seed}`, () => {
    const random = new Random(seed)
    const ours = new Ours()
    const INVALID = catalogue().operations.find((o) => o.key === 'invalid')!.number
    let compared = 0
    for (let n = 0; n < 20000; n++) {
      const bytes = Uint8Array.from({ length: 16 }, () => random.below(256))
      const theirs = new Decoder(32, bytes.subarray(0, 15), DecoderOptions.None)
      const instruction = theirs.decode()
      ours.decode(bytes, 0, 16, FLAT32)
      if (instruction.code !== Code.INVALID && ours.out.operation !== INVALID) {
        compared++
        expect({ bytes: [...bytes], length: ours.out.length })
          .toEqual({ bytes: [...bytes], length: instruction.length })
        if (instruction.flowControl === FlowControl.UnconditionalBranch) {
          expect(ours.out.ends).toBe(true)
        }
      }
      instruction.free()
      theirs.free()
    }
    console.log(`lengths of ${compared} instructions compared, seed ${seed}`)
    expect(compared).toBeGreaterThan(10000)
  })
})
