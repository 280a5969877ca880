import { describe, expect, it } from 'vitest'
import { KERNEL_BASE, MEMORY_LIMIT } from '../../generated/puppy/numbers.ts'
import { BareKernel, session } from '../support/puppy.ts'

/** A boot page with these E820 entries: start, size, type. */
function booted(...map: [number, number, number][]): BareKernel {
  const bare = new BareKernel()
  const { physical } = bare.machine
  physical.write8(0x1e8, map.length)
  map.forEach(([start, size, type], i) => {
    const at = 0x2d0 + 20 * i
    physical.write32(at, start)
    physical.write32(at + 8, size)
    physical.write32(at + 16, type)
  })
  return bare
}

describe('G:102 how much memory', () => {
  it('is what the first entry of RAM says', () => {
    const bare = booted([0xf0000, 0x10000, 2], [0, 0x2000000, 1])
    bare.call('memory_size', { esi: KERNEL_BASE })
    expect(bare.get('memory_end')).toBe(0x2000000)
    expect(bare.get('ram_end')).toBe(0x2000000)
  })

  it('is cut where the linear map ends; the devices are not', () => {
    const bare = booted([0, 0x40000000, 1])
    bare.call('memory_size', { esi: KERNEL_BASE })
    expect(bare.get('memory_end')).toBe(0x40000000)
    expect(bare.get('ram_end')).toBe(MEMORY_LIMIT)
  })

  it('is not guessed', () => {
    const bare = booted([0, 0x1000000, 2])
    expect(() => bare.call('memory_size', { esi: KERNEL_BASE })).toThrow('shutdown')
    const line = Buffer.from(bare.machine.physical.readBytes(
      bare.at('line') - KERNEL_BASE, 60)).toString('latin1')
    expect(line).toContain('no memory in the map')
  })
})

describe('G:103 segments', () => {
  it('are flat, the kernel in ring 1 and programs in ring 3', () => {
    const bare = new BareKernel()
    const high = (entry: number) => bare.read(bare.at('gdt') + 8 * entry + 4)
    expect([12, 13, 14, 15].map((entry) => (high(entry) >>> 13) & 3))
      .toEqual([1, 1, 3, 3])
    expect([0, 10, 11, 16, 31].map(high)).toEqual([0, 0, 0, 0, 0])
  })
})

describe('G:104 a sign of life', () => {
  it.each([[8, 8192], [32, 32768], [64, 65536]])('with %i MiB', async (size, kib) => {
    const { out, status } = await session([], ['--memory', `${size}`])
    expect(out).toMatch(new RegExp(
      `^Puppy wakes in ring 1:\n${kib} KiB of memory, \\d+ frames free,\nconsole at interrupt 1\n`))
    expect(status).toBe(0)
  })

  it('finds the console behind other devices too', async () => {
    const { out, status } = await session([], ['--block=disk'])
    expect(out).toContain('console at interrupt 2\n')
    expect(status).toBe(0)
  })
})
