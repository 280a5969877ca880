import { describe, expect, test } from 'vitest'
import { ERESTART } from '../../generated/abi/errno.ts'
import { inKernel, makeKnownGuest, reason, run, START, trap } from './scripted-host.ts'

/** Runs one instruction of the Guest kernel into a protection fault. */
function fault(bytes: number[], registers = {}) {
  const world = makeKnownGuest()
  inKernel(world)
  world.mm.writeBytes(0x10000, Uint8Array.from(bytes))
  trap(world, 13, { errcode: 0, eax: 0x12345678, ...registers })
  run(world)
  return world
}

describe('port instructions', () => {
  const table: [string, number[], number][] = [
    ['in al, ib', [0xe4, 0x60], 0x1234ffff],
    ['in eax, ib', [0xe5, 0x60], 0xffffffff],
    ['in al, dx', [0xec], 0x1234ffff],
    ['in eax, dx', [0xed], 0xffffffff],
    ['66 in al, ib', [0x66, 0xe4, 0x60], 0xffff5678],
    ['66 in ax, ib', [0x66, 0xe5, 0x60], 0xffffffff],
    ['66 in al, dx', [0x66, 0xec], 0xffff5678],
    ['66 in ax, dx', [0x66, 0xed], 0xffffffff],
    ['out ib, al', [0xe6, 0x60], 0x12345678],
    ['out ib, eax', [0xe7, 0x60], 0x12345678],
    ['out dx, al', [0xee], 0x12345678],
    ['66 out dx, ax', [0x66, 0xef], 0x12345678],
  ]
  for (const [name, bytes, eax] of table) {
    test(`B-H-072 to B-H-077, X-22: ${name}`, () => {
      const { cpu, lg } = fault(bytes)
      expect(lg.dead).toBeNull()
      expect(cpu.reg('eip')).toBe(START + bytes.length)
      expect(cpu.reg('eax')).toBe(eax)
    })
  }

  test('B-H-071: a program, or an address below the kernel, is not served', () => {
    for (const registers of [{ cs: 0x73 }, { eip: 0x08048000 }]) {
      const world = fault([0xec], registers)
      expect(reason(world)).toContain('unhandled trap 13')
      expect(world.cpu.reg('eax')).toBe(0x12345678)
    }
  })

  test('B-H-078: any other instruction stays where it is', () => {
    for (const bytes of [[0xf4], [0x66, 0x90], [0x6c], [0xf3, 0xec]]) {
      const { cpu, lg } = fault(bytes)
      expect(lg.dead).toContain('unhandled trap 13')
      expect(cpu.reg('eip')).toBe(START)
    }
  })

  test('B-H-079: an address without memory kills', () => {
    const world = fault([0xec], { eip: 0xc0300000 })
    expect(world.lg.dead).not.toBeNull()
  })

  test('an instruction across a page boundary is read from both pages', () => {
    const world = makeKnownGuest()
    inKernel(world)
    world.mm.write32(0x2000 + 0x11 * 4, (0x20 << 12) | 7)
    world.mm.writeBytes(0x10fff, Uint8Array.of(0xe4))
    world.mm.writeBytes(0x20000, Uint8Array.of(0x21))
    trap(world, 13, { eip: START + 0xfff, eax: 0 })
    run(world)
    expect(world.cpu.reg('eip')).toBe(START + 0x1001)
    expect(world.cpu.reg('eax')).toBe(0xffff)
  })

  test('X-37, B-I-042, B-H-070: the old reset line asks for a restart', () => {
    const asked = fault([0xe6, 0x64], { eax: 0xfe })
    expect(asked.file.read(null, asked.task)).toEqual({ kind: 'error', errno: ERESTART })
    const byDx = fault([0xee], { eax: 0xfe, edx: 0x64 })
    expect(byDx.lg.dead).toBe(-ERESTART)
    expect(fault([0xe6, 0x64], { eax: 0xfd }).lg.dead).toBeNull()
    expect(fault([0xee], { eax: 0xfe, edx: 0x60 }).lg.dead).toBeNull()
  })
})
