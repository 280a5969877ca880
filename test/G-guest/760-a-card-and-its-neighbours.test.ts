import { describe, expect, it } from 'vitest'
import { BareKernel } from '../support/puppy.ts'

/** A bare kernel with so many frames that wait, one for each stamp. */
function waiting(...stamps: [stamp: number, key: number][]): BareKernel {
  const bare = new BareKernel()
  stamps.forEach(([stamp, key], i) => {
    bare.write(bare.at('arrival_state') + 8 * i, stamp)
    bare.write(bare.at('arrival_state') + 8 * i + 4, key)
    bare.write(bare.at('arrival_records') + 100 * i, 60)
  })
  return bare
}

describe('G:761 the records', () => {
  it('are sixteen, of one section each, within a page', () => {
    const bare = new BareKernel()
    for (let i = 0; i < 16; i++) {
      const at = bare.at('arrival_records') + 100 * i
      const address = bare.read(at + 4)
      expect(address % 4096 + 1514).toBeLessThanOrEqual(4096)
      expect(address).toBe(bare.at('arrivals') - 0xc0000000 + 2048 * i)
      expect(bare.read(at + 68)).toBe(1514)
      expect(bare.read(at)).toBe(0)
    }
  })
})

describe('G:764 letters on the mat', () => {
  it('the oldest of a key comes first, or none', () => {
    const bare = waiting([7, 1], [5, 2], [3, 1], [0, 2], [9, 2])
    const find = (key: number): number => bare.call('arrival_find', { eax: key }).eax | 0
    expect([find(1), find(2), find(0), find(3)]).toEqual([2, 1, 2, -1])
    bare.call('arrival_free', { eax: 2 })
    expect([find(1), find(0)]).toEqual([0, 1])
    expect(bare.read(bare.at('arrival_records') + 200)).toBe(0)
  })

  it('too many lose the oldest, and four records stay free', () => {
    const bare = waiting(...Array.from({ length: 16 }, (_, i): [number, number] => [(i * 5) % 16 + 1, 1]))
    bare.call('make_room')
    const stamps = Array.from({ length: 16 }, (_, i) => bare.read(bare.at('arrival_state') + 8 * i))
    expect(stamps.filter((stamp) => stamp !== 0).sort((a, b) => a - b)).toEqual([5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16])
  })
})
