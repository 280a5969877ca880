import { describe, expect, it } from 'vitest'
import { KERNEL_BASE, USER_TEXT } from '../../generated/puppy/numbers.ts'
import { BareKernel, lines, session } from '../support/puppy.ts'

describe('G:252 a space', () => {
  it('has the kernel\'s part and nothing else', () => {
    const bare = new BareKernel().withFrames()
    bare.set('memory_end', 8 << 20)
    bare.call('map_linear')
    const { eax: space } = bare.call('space_new')
    for (let i = 0; i < 1024; i++) {
      const kernel = bare.read(bare.at('kernel_directory') + 4 * i)
      expect(bare.read(space + 4 * i)).toBe(i < 768 ? 0 : kernel)
    }
    expect(bare.read(space + 4 * 768)).not.toBe(0)
  })
})

describe('G:255 a program\'s pages', () => {
  const bare = new BareKernel().withFrames()
  const { eax: space } = bare.call('space_new')
  bare.call('space_fill', { eax: space })
  const entry = (address: number): number => bare.read(
    bare.call('entry_of', { eax: space, edx: address }).eax)

  it('are those of the image, read-only', () => {
    expect(entry(USER_TEXT) & ~0xfff).toBe(bare.at('programs') - KERNEL_BASE)
    expect(entry(USER_TEXT) & 7).toBe(5)
  })

  it('may be copied if they hold data, not if they hold code', () => {
    const code = bare.at('programs_data') - bare.at('programs')
    expect(entry(USER_TEXT + code - 4096) & 0x200).toBe(0)
    expect(entry(USER_TEXT + code) & 0x207).toBe(0x205)
  })

  it('have one user more', () => {
    expect(bare.call('frame_users', { eax: bare.at('programs') }).eax).toBe(2)
  })
})

describe('G:256 memory that comes and goes', () => {
  it('is all given back', async () => {
    const history = Array.from({ length: 16 }, () => 'echo')
    const { answers } = await session(lines(
      ...history, 'mem', 'echo a | upper | wc', 'oops null', 'oops stack', 'bench', 'nothing', 'mem'))
    const [before, after] = [answers[16], answers[22]]
    expect(before).toMatch(/\d+ KiB {2}in frames handed out/)
    expect(after).toBe(before)
  })

  it('runs out, and only the process that asked dies', async () => {
    const deep = Array.from({ length: 20 }, () => 'sh')
    const { out, status } = await session(lines(...deep, 'echo here'))
    expect(out).toContain('here')
    expect(status).toBe(0)
  })
})

describe('G:800, the exercise: one by one', () => {
  it('fork tells of its pages by the ring', async () => {
    const { answers } = await session(lines('calls echo x'))
    const [, single, byRing] = /^ +(\d+) +(\d+) +SET_PTE/m.exec(answers[0])!
    expect(Number(single)).toBeGreaterThan(0)
    expect(Number(byRing)).toBeGreaterThan(0)
  })
})
