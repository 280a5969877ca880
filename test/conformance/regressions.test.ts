/** What the comparisons once found. */
import { expect, test } from 'vitest'
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
  cpu.setReg(4, 0x12348000)
  cpu.eip = 0x1000
  cpu.run(10)
  expect(cpu.reg(5) >>> 0).toBe(0x12347ffc)
  expect(cpu.reg(4) >>> 0).toBe(0x12347ff4)
})
