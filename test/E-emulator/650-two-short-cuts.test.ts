import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { catalogue } from '../../generated/emulator/isa/catalogue.ts'
import {
  SETS_CARRY, SETS_OTHERS, SHOWS, flagEffect,
} from '../../generated/emulator/isa/derived.ts'
import { Machine } from '../../generated/emulator/index.ts'
import { Cases, testableForms } from '../../conformance/cases.ts'
import { Random } from '../../conformance/random.ts'

const CODE = 0x20000
const { operations } = catalogue()

/** A machine with 64 KiB of data, and a HLT behind every exception. */
function machine(program: number[], registers: number[], data: Uint8Array) {
  const m = new Machine({ ramBytes: 1 << 20, deterministic: true })
  const { physical, cpu } = m
  physical.writeBytes(0, data)
  physical.writeBytes(CODE, Uint8Array.from(program))
  physical.write8(0x30000, 0xf4)
  physical.write32(0x31008, 0x0000ffff)
  physical.write32(0x3100c, 0x00cf9b00)
  for (let vector = 0; vector < 32; vector++) {
    physical.write32(0x32000 + vector * 8, 0x00080000)
    physical.write32(0x32004 + vector * 8, 0x00038e00)
  }
  cpu.gdtr = { base: 0x31000, limit: 15 }
  cpu.idtr = { base: 0x32000, limit: 255 }
  registers.forEach((v, i) => cpu.setReg(i, v))
  cpu.eip = CODE
  return m
}

/** Twenty random instructions, jumps only forward, and a HLT. */
function program(cases: Cases, random: Random): number[] {
  const forms = testableForms().filter((f) =>
    !/^(call|ret|jmp|loop|jcxz|enter|popf|leave)/.test(f.instruction.name))
  const plain = forms.filter((f) =>
    /^(add|sub|and|or|xor|inc|dec|shl|shr|sar|imul[23]|cmp|test|mov|adc)$/
      .test(f.instruction.name))
  const bytes: number[] = []
  for (let i = 0; i < 20; i++) {
    if (random.chance(0.25)) bytes.push(0x70 + random.below(16), 0)
    else {
      const form = random.pick(random.chance(0.8) ? plain : forms)
      if (form.map === 0 && (form.opcode & 0xf0) === 0x70) continue
      const { bytes: one } = cases.make(form)
      if (one.length <= 15) bytes.push(...one)
    }
  }
  return [...bytes, 0xf4]
}

describe('E:655 a shortened block does what its instructions do', () => {
  const seed = 1750
  test(`whole and step by step, seed ${seed}`, () => {
    const random = new Random(seed)
    const cases = new Cases(seed,
      { ring: 0, locks: false, segments: false })
    const data = Uint8Array.from({ length: 0x10000 }, () => random.below(256))
    for (let n = 0; n < 150; n++) {
      const code = program(cases, random)
      const registers = Array.from({ length: 8 }, () =>
        random.chance(0.5) ? random.below(0xfff0) : random.int())
      registers[4] = 0x8000
      const whole = machine(code, registers, data)
      const steps = machine(code, registers, data)
      // A function of the x87 costs a thousand instructions, a repetition one for each element.
      whole.cpu.run(1_000_000)
      for (let i = 0; i < 1_000_000; i++) {
        if (steps.cpu.run(1).reason !== 'budget') break
      }
      const see = ({ cpu, physical }: Machine) => [
        ...[0, 1, 2, 3, 4, 5, 6, 7].map((i) => cpu.reg(i)), cpu.eip,
        cpu.eflags, cpu.instructions,
        createHash('sha1').update(physical.readBytes(0, 0x40000)).digest('hex')]
      const hex = code.map((b) => b.toString(16)).join(' ')
      expect([hex, ...see(whole)]).toEqual([hex, ...see(steps)])
    }
  }, 60000)
})

describe('E:653 which flags are seen', () => {
  const effect = (key: string) =>
    flagEffect(operations.find((o) => o.key === key)!.steps())
  test('by kind of operation', () => {
    expect(effect('add.r32.r32')).toBe(SETS_CARRY | SETS_OTHERS)
    expect(effect('inc.r32')).toBe(SETS_OTHERS)
    expect(effect('mov.r32.r32')).toBe(0)
    expect(effect('adc.r32.r32') & SHOWS).toBe(SHOWS)
    expect(effect('mov.r32.m32') & SHOWS).toBe(SHOWS)
    expect(effect('stc') & SHOWS).toBe(SHOWS)
    expect(effect('je.j32') & SHOWS).toBe(SHOWS)
  })
})

describe('E:654 pairs', () => {
  test('no first half leaves', () => {
    const pairs = operations.filter((o) => o.key.includes('+'))
    expect(pairs.length).toBeGreaterThan(50)
    for (const { key } of pairs) {
      const first = operations.find((o) => o.key === key.split('+')[0])!
      for (const { step } of first.steps()) {
        expect(['let', 'read', 'write', 'load', 'flags', 'store', 'modify', 'putBack'])
          .toContain(step)
      }
    }
  })
})

describe('E:654 the catalogue', () => {
  test('hot operations come first and no key comes twice', () => {
    const { hot } = catalogue()
    const chapter = readFileSync(new URL('../../journey/E-emulator/490-printing-the-interpreter.md', import.meta.url), 'utf8')
    const [, all, most] = /There are some ([\d,]+) operations.*? in (\d+)\nof them/s.exec(chapter)!
    expect(operations.length / Number(all.replace(',', ''))).toBeCloseTo(1, 1)
    expect(hot / Number(most)).toBeCloseTo(1, 1)
    expect(new Set(operations.map((o) => o.key)).size).toBe(operations.length)
    expect(operations.length).toBeLessThanOrEqual(2048)
    operations.forEach((o, i) => expect(o.number).toBe(i))
  })
})
