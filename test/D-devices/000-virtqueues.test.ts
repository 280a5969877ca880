import { describe, expect, it } from 'vitest'
import { busRing, busRingSize, Virtqueue } from
  '../../generated/launcher/virtio/queue.ts'
import { fakeMemory } from '../L-launcher/fakes.ts'
import { Driver, NEXT, WRITE } from './virtio-driver.ts'

const RING = 0x10000
const fixture = (entries = 8) => {
  const memory = fakeMemory(1)
  const queue = new Virtqueue(memory, entries, busRing(RING, entries))
  return { memory, queue, driver: new Driver(memory, RING, entries) }
}

describe('D:000 the layout of a ring on the lguest bus', () => {
  it('has the sizes of the eras', () => {
    expect(busRing(0, 128)).toEqual(
      { descriptors: 0, available: 0x800, used: 0x1000 })
    expect(busRing(0, 256)).toEqual(
      { descriptors: 0, available: 0x1000, used: 0x2000 })
    expect(busRingSize(256)).toBe(10246)
  })
})

describe('D:000 taking buffers and giving them back', () => {
  it('walks a chain: readable, then writable', () => {
    const { queue, driver } = fixture()
    expect(queue.take()).toBeNull()
    const head = driver.add([[0x4000, 10], [0x5000, 20]], [[0x6000, 30]])
    expect(queue.take()).toEqual({
      head,
      readable: [{ address: 0x4000, length: 10 },
        { address: 0x5000, length: 20 }],
      writable: [{ address: 0x6000, length: 30 }],
    })
    expect(queue.take()).toBeNull()
  })

  it('keeps count over the wrap of 65536', () => {
    const { queue, driver } = fixture(4)
    for (let i = 0; i < 70000; i++) {
      driver.add([], [[0x4000, i % 100 + 1]])
      const chain = queue.take()!
      queue.give(chain, i % 7)
      const [used] = driver.collect()
      expect(used).toEqual({ id: chain.head, length: i % 7 })
    }
  })

  it('serves a full ring, and gives back in any order', () => {
    const { queue, driver } = fixture(4)
    for (let i = 0; i < 4; i++) driver.add([[0x4000 + i, 1]], [])
    const chains = [1, 2, 3, 4].map(() => queue.take()!)
    for (const chain of [...chains].reverse()) queue.give(chain, 0)
    expect(driver.collect().map((used) => used.id)).toEqual(
      chains.map((c) => c.head).reverse())
  })

  it('can put one back unseen', () => {
    const { queue, driver } = fixture()
    const head = driver.add([[0x4000, 1]], [])
    queue.take()
    queue.untake()
    expect(queue.take()!.head).toBe(head)
  })

  it('asks whether an interrupt is wanted', () => {
    const { queue, driver } = fixture()
    expect(queue.wantsInterrupt()).toBe(true)
    driver.suppress(true)
    expect(queue.wantsInterrupt()).toBe(false)
  })

  it('follows a table of descriptors, if agreed', () => {
    const { queue, driver, memory } = fixture()
    driver.write(memory, 0x8000, 0, 0x4000, 5, NEXT, 1)
    driver.write(memory, 0x8000, 1, 0x5000, 6, WRITE, 0)
    driver.addIndirect(0x8000, 2)
    expect(() => queue.take()).toThrow('bad table')
    queue.untake()
    queue.indirect = true
    const chain = queue.take()!
    expect(chain.readable).toEqual([{ address: 0x4000, length: 5 }])
    expect(chain.writable).toEqual([{ address: 0x5000, length: 6 }])
  })

  it('takes a table of any size, but no chain longer than the ring', () => {
    for (const [length, fits] of [[8, true], [9, false]] as const) {
      const { queue, driver, memory } = fixture()
      for (let i = 0; i < 1000; i++) {
        driver.write(memory, 0x20000, i, 0x4000, 0, i + 1 < length ? NEXT : 0, i + 1)
      }
      driver.addIndirect(0x20000, 1000)
      queue.indirect = true
      if (fits) expect(queue.take()!.readable.length).toBe(8)
      else expect(() => queue.take()).toThrow('Looped descriptor')
    }
  })
})

describe('D:000 rings that make no sense', () => {
  it.each([
    ['an index too far ahead', 'moved used index', (d: Driver) =>
      d.setAvailable(9)],
    ['a head outside', 'index 8 is available', (d: Driver) => d.offer(8)],
    ['a next outside', 'Desc next is 8', (d: Driver) => {
      d.descriptor(0, 0x4000, 1, NEXT, 8)
      d.offer(0)
    }],
    ['a loop', 'Looped descriptor', (d: Driver) => {
      d.descriptor(0, 0x4000, 1, NEXT, 1)
      d.descriptor(1, 0x4000, 1, NEXT, 0)
      d.offer(0)
    }],
    ['out after in', 'out after in', (d: Driver) => {
      d.descriptor(0, 0x4000, 1, NEXT | WRITE, 1)
      d.descriptor(1, 0x4000, 1, 0, 0)
      d.offer(0)
    }],
    ['an address outside', 'Invalid address', (d: Driver) => {
      d.descriptor(0, 0xfffff000, 0x2000, 0, 0)
      d.offer(0)
    }],
    ['a length outside', 'Invalid address', (d: Driver) => {
      d.descriptor(0, 0x4000, 0xffffffff, 0, 0)
      d.offer(0)
    }],
    ['the same memory again and again', 'more than its memory',
      (d: Driver) => {
        for (let i = 0; i < 3; i++) {
          d.descriptor(i, 0, 0x80000, i < 2 ? NEXT : 0, i + 1)
        }
        d.offer(0)
      }],
  ])('%s', (_what, words, spoil) => {
    const { queue, driver } = fixture()
    spoil(driver)
    expect(() => queue.take()).toThrow(words)
  })
})
