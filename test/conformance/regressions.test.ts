/** What the comparisons once found. */
import { expect, test } from 'vitest'
import { testableForms } from '../../conformance/cases.ts'
import { Subject } from '../../conformance/subject.ts'
import { CODE, CODE_AT_CODE, USER_CODE, USER_DATA } from '../../conformance/world.ts'
import { Machine } from '../../generated/emulator/index.ts'

/** Runs `bytes` and HLT from 0x1000, on `registers`. */
function run(bytes: number[], registers: number[] = [], eflags = 2) {
  const machine = new Machine({ ramBytes: 1 << 20, deterministic: true })
  const { cpu, physical } = machine
  physical.writeBytes(0x1000, Uint8Array.of(...bytes, 0xf4))
  registers.forEach((value, i) => cpu.setReg(i, value))
  cpu.eflags = eflags
  cpu.eip = 0x1000
  const { reason } = cpu.run(1000)
  return { reason, cpu, physical }
}

test('SALC makes AL of the carry', () => {
  expect(run([0xd6], [0x1234], 3).cpu.reg(0)).toBe(0x12ff)
  expect(run([0xd6], [0x1234], 2).cpu.reg(0)).toBe(0x1200)
})

test('there is no segment register 6 or 7 to read', () => {
  expect(run([0x8c, 0xf0]).reason).toBe('shutdown')
  expect(run([0x8c, 0xf8]).reason).toBe('shutdown')
  expect(run([0x8c, 0xe8]).reason).toBe('halt')
})

test('ENTER on a 16-bit stack gives EBP all of ESP, as the manual writes it', () => {
  const machine = new Machine({ ramBytes: 1 << 20, deterministic: true })
  const { cpu, physical } = machine
  cpu.setSegment(2, { selector: 0x10, base: 0, limit: 0xffff, flags: 0x93 })
  physical.writeBytes(0x1000, Uint8Array.of(0xc8, 8, 0, 0, 0xf4))
  const enterAt = (esp: number) => {
    cpu.setReg(4, esp)
    cpu.eip = 0x1000
    cpu.run(10)
    return [cpu.reg(5) >>> 0, cpu.reg(4) >>> 0]
  }
  expect(enterAt(0x12348000)).toEqual([0x12347ffc, 0x12347ff4])
  expect(enterAt(0x12340000)).toEqual([0x1234fffc, 0x1234fff4])
})

test('BOUND reads both bounds before it looks at one', () => {
  // the upper one is on the missing page
  const outcome = inRing3([0x62, 0x0d, 0xfc, 0x7f, 0, 0])
  expect(outcome).toMatchObject({ vector: 14, cr2: 0x8000 })
})

const subject = new Subject()
const ECX = 1, ESP = 4

const START = { cs: USER_CODE, eip: 0x100, ecx: 0, esp: 0x1000, eflags: 2 }
type Start = typeof START

/** One instruction of ring 3, in the world of the random cases. */
function inRing3(bytes: number[], given: Partial<Start> = {}) {
  const { cs, eip, ecx, esp, eflags } = { ...START, ...given }
  const base = cs === CODE_AT_CODE ? CODE : 0
  const outcome = subject.run({
    form: testableForms()[0], bytes, eip: CODE + eip - base, address: CODE + eip, eflags,
    registers: [0, ecx, 0, 0, esp, 0, 0, 0], segments: [USER_DATA, cs, USER_DATA, USER_DATA, 0, 0],
    pokes: [{ address: 0x1000, value: 0x20000 }], floats: null, repeats: false, count: -1, edge: false, size: 32,
  })
  return { ...outcome, eip: outcome.eip + base - CODE }
}

// to 0x20000 and more, where the segment ends at 0xffff
const FAR = [0xfb, 0xfe, 1, 0]

test.each([
  ['jmp', [0xe9, ...FAR], {}],
  ['je, taken', [0x0f, 0x84, ...FAR], { eflags: 0x42 }],
  ['call', [0xe8, ...FAR], {}],
  ['ret', [0xc3], {}],
  ['ret 8', [0xc2, 8, 0], {}],
  ['jmp [esp]', [0xff, 0x24, 0x24], {}],
  ['call [esp]', [0xff, 0x14, 0x24], {}],
] as [string, number[], object][])('%s out of its code segment faults itself, and has done nothing', (_name, bytes, given) => {
  const outcome = inRing3(bytes, { cs: CODE_AT_CODE, ...given })
  expect(outcome).toMatchObject({ vector: 13, code: 0, eip: 0x100 })
  expect(outcome.registers[ESP]).toBe(0x1000)
  expect(new DataView(subject.data.buffer, subject.data.byteOffset).getUint32(0xffc, true)).toBe(0)
})

test('a loop that may not go has not counted', () => {
  const stay = inRing3([0xe2, 0x80], { cs: CODE_AT_CODE, ecx: 2 })
  expect(stay).toMatchObject({ vector: -1, eip: 0x82 })
  expect(stay.registers[ECX]).toBe(1)
  // 0x80 back from 0x32 is below zero, or beyond the end
  const leave = inRing3([0xe2, 0x80], { cs: CODE_AT_CODE, ecx: 2, eip: 0x30 })
  expect(leave).toMatchObject({ vector: 13, code: 0, eip: 0x30 })
  expect(leave.registers[ECX]).toBe(2)
})

test('a jump that is not taken may lead anywhere', () => {
  expect(inRing3([0x0f, 0x84, ...FAR], { cs: CODE_AT_CODE })).toMatchObject({ vector: -1, eip: 0x106 })
})

const CALL_FAR = [0x9a, 0x40, 0, 0x10, 0, USER_CODE, 0]

test('the frame of a far call is checked for alignment', () => {
  expect(inRing3(CALL_FAR, { esp: 0xffe, eflags: 0x40002 })).toMatchObject({ vector: 17, code: 0, eip: 0x100 })
  expect(inRing3(CALL_FAR, { esp: 0xffe })).toMatchObject({ vector: -1, eip: 0x40 })
  expect(inRing3(CALL_FAR, { eflags: 0x40002 })).toMatchObject({ vector: -1, eip: 0x40 })
})

test('a frame that cannot be pushed names the word that would have come first', () => {
  expect(inRing3(CALL_FAR, { esp: 0x8010 })).toMatchObject({ vector: 14, cr2: 0x800c })
  expect(inRing3(CALL_FAR, { esp: 0x9004 })).toMatchObject({ vector: 14, cr2: 0x8ffc })
})
