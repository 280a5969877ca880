import { describe, expect, test } from 'vitest'
import { lgread, lgread32, lgwrite, lgwrite32 } from '../../generated/host/guest-memory.ts'
import { makeGuest, makeWorld, seeded } from './guest-world.ts'

describe('H:032 checked access never leaves the Guest', () => {
  test('B-H-035 B-H-036 random ranges: inside they agree with the memory, outside they die', () => {
    const random = seeded(32)
    const pages = 3
    const end = pages * 4096
    const world = makeWorld({ ram: 17 << 20, hostArea: 16 << 20 })
    const before = makeGuest(world, 1, 0)
    const guest = makeGuest(world, pages, 1)
    const after = makeGuest(world, 1, 2)
    const model = new Uint8Array(end)
    for (let i = 0; i < 3000; i++) {
      const near = random() < 0.5 ? end - 64 : random() < 0.9 ? 0 : 0xffffff80
      const address = Math.floor(near + random() * 128 * (random() < 0.3 ? 64 : 1)) >>> 0
      const length = Math.floor(random() * 5000)
      const inside = address + length < end
      guest.lg.dead = null
      if (random() < 0.5) {
        const bytes = new Uint8Array(length).fill(i)
        lgwrite(guest.lg, address, bytes)
        if (inside) model.set(bytes, address)
      } else {
        const want = inside ? model.slice(address, address + length) : new Uint8Array(length)
        expect(Buffer.compare(lgread(guest.lg, address, length), want)).toBe(0)
      }
      expect(guest.lg.dead === null).toBe(inside)
    }
    expect(guest.mm.readBytes(0, end)).toEqual(model)
    for (const neighbour of [before, after]) {
      expect(neighbour.mm.readBytes(0, 4096).every((byte) => byte === 0)).toBe(true)
    }
  })
  test('B-H-033 B-H-034 words as well', () => {
    const guest = makeGuest(makeWorld(), 2)
    for (const address of [0x1ffc, 0x1ffd, 0x2000, 0xfffffffc, 0xffffffff]) {
      guest.lg.dead = null
      expect(lgread32(guest.lg, address)).toBe(0)
      expect(guest.lg.dead).toMatch(/^bad read address/)
      guest.lg.dead = null
      lgwrite32(guest.lg, address, 1)
      expect(guest.lg.dead).toMatch(/^bad write address/)
    }
  })
})
