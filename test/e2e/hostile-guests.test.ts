// Guests that mean harm: random hypercalls with random arguments, and random
// bytes run as code. Each may die, of any reason; the Host may not, nor may
// the well-behaved Guest beside them notice, and every frame must come back.
import { describe, expect, test } from 'vitest'
import { ax, ds, eax, ebx, ecx, edx, es, esp, fs, gs, mem, ss } from '../../generated/assembler/index.ts'
import { seeded } from '../H-host/guest-world.ts'
import { LEAF, littleGuest, type LittleGuest, type LittleKernel, PAGE_OFFSET, PAGES, TOP } from './little-guest.ts'

const EDGES = [0, 1, 4, 0xfff, 0x1000, TOP, LEAF, PAGES * 4096 - 4, PAGES * 4096, 0x7fffffff,
  0x80000000, PAGE_OFFSET, PAGE_OFFSET + 0x1000, 0xffbff000, 0xffc00000, 0xffc01000, 0xffffffff]

class Hostile {
  readonly r: () => number
  constructor(seed: number) { this.r = seeded(seed) }
  n(limit: number): number { return Math.floor(this.r() * limit) }
  pick<T>(from: readonly T[]): T { return from[this.n(from.length)] }
  value(): number {
    const kind = this.r()
    if (kind < 0.35) return this.pick(EDGES)
    if (kind < 0.55) return this.n(64)
    if (kind < 0.75) return this.n(PAGES) * 4096
    if (kind < 0.9) return (this.n(PAGES) * 4096 | this.n(4096)) >>> 0
    return this.n(2 ** 32)
  }
  /** Hypercalls, stores into its own tables, and touches here and there. */
  talk(kernel: LittleKernel): void {
    const { a } = kernel
    for (let i = 0; i < 60; i++) {
      const kind = this.n(10)
      if (kind < 6) {
        // CRASH would end the fun, HALT would put it to sleep.
        const numbers = [0, 1, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 14, 14, 15, 4, 16, 17, 11]
        a.mov(eax, this.r() < 0.97 ? this.pick(numbers) : this.n(2 ** 32))
        a.mov(edx, this.value())
        a.mov(ebx, this.value())
        a.mov(ecx, this.value())
        a.int(0x1f)
      } else if (kind < 8) {
        a.mov(kernel.at(TOP + this.n(2 * 4096) * 4).dword, this.value())
      } else if (kind === 8) a.mov(eax, mem(this.value()))
      else a.mov(mem(this.value()).dword, this.value())
    }
  }
  /** Bytes that nobody meant as instructions. */
  babble(kernel: LittleKernel): void {
    const { a } = kernel
    a.mov(esp, this.r() < 0.5 ? this.value() : PAGE_OFFSET + 0x8000)
    a.mov(eax, this.value()).mov(ebx, this.value()).mov(ecx, this.value()).mov(edx, this.value())
    a.db(Uint8Array.from({ length: 300 }, () => this.n(256)))
  }
}

/** A descriptor of any kind, often nearly a good one. */
function descriptor(h: Hostile): [number, number] {
  const good: [number, number][] = [[0xffff, 0xcfbb00], [0xffff, 0xcfb300], [0xffff, 0xcffb00], [0xffff, 0xcff300]]
  if (h.r() < 0.4) return h.pick(good)
  const [low, high] = h.pick(good)
  const kind = h.r()
  if (kind < 0.3) return [low, (high & ~0xff00 | h.n(256) << 8) >>> 0]
  if (kind < 0.5) return [h.value(), (high & 0x00f0ff00 | h.n(2 ** 32) & 0xff0000ff) >>> 0]
  if (kind < 0.6) return [0, 0]
  return [h.n(2 ** 32), h.n(2 ** 32)]
}

/** Any segments, any gates, any frame to return to. */
function meddle(h: Hostile, kernel: LittleKernel): void {
  const { a } = kernel
  const TABLE = 0x58000
  for (let i = 0; i < 32; i++) {
    const [low, high] = i === 12 ? [0xffff, 0xcfbb00] : i === 13 ? [0xffff, 0xcfb300] : descriptor(h)
    a.mov(kernel.at(TABLE + i * 8).dword, low)
    a.mov(kernel.at(TABLE + i * 8 + 4).dword, high)
  }
  kernel.call('LOAD_GDT', TABLE, 32)
  const selector = () => h.r() < 0.5 ? h.n(32) * 8 + h.n(4) : h.pick([0, 0x50, 0x58, 0x61, 0x69, 0x73, 0x7b, 0x80, 0xf8])
  for (let i = 0; i < 4; i++) kernel.call('LOAD_IDT_ENTRY', h.n(256), (selector() << 16 | h.n(65536)) >>> 0, (0xc0100000 | h.pick([0xee00, 0xef00, 0x8e00, 0x8f00])) >>> 0)
  if (h.r() < 0.5) kernel.call('SET_STACK', h.pick([0x69, 0x61, 0x79, 0x81, selector() & ~3 | 1]), h.value(), h.n(3))
  for (let i = 0; i < h.n(4); i++) {
    a.mov(eax, selector())
    a.mov(h.pick([ds, es, fs, gs]), ax)
    if (h.r() < 0.5) a.mov(eax, 0).int(0x1f)
  }
  if (h.r() < 0.5) {
    a.push(selector()).push(h.value())
    a.push(h.r() < 0.7 ? 0x202 : h.n(2 ** 32)).push(selector()).push(h.r() < 0.7 ? 0xc0010000 : h.value())
    a.iret()
  } else if (h.r() < 0.5) a.int(h.n(256))
  a.mov(ax, selector()).mov(ss, ax)
  a.mov(eax, 0).int(0x1f)
}

/** A Guest that counts for ever, in a page of its own. */
function honest(): LittleGuest {
  return littleGuest(({ a, at }) => {
    const again = a.here()
    a.inc(at(0x50000).dword)
    a.jmp(again)
  }, { slice: 2000 })
}

/** A few slices of a Guest; all that may come back is not an exception. */
function runAWhile(guest: LittleGuest): void {
  const buffer = new Uint8Array(256)
  for (let slice = 0; slice < 8; slice++) {
    const { kind } = guest.file.read(buffer, guest.lg.task)
    if (kind === 'halted') guest.lg.cpu.halted = false
  }
}

describe.each([
  ['talks', false], ['talks', true], ['babbles', false], ['babbles', true], ['meddles', false], ['meddles', true],
] as const)(
  'a Guest that %s nonsense (PAE: %s)', (how, pae) => {
    test('the Host stands, the neighbour runs on, the frames come back', () => {
      const neighbour = honest()
      neighbour.slice()
      const { frames } = neighbour.host
      const before = frames.inUse
      const reasons = new Set<string>()
      for (let seed = 0; seed < 60; seed++) {
        const hostile = new Hostile(seed + (pae ? 1000 : 0))
        const guest = littleGuest((kernel) => {
          if (how === 'talks') hostile.talk(kernel)
          else if (how === 'meddles') meddle(hostile, kernel)
          else hostile.babble(kernel)
        }, { pae, beside: neighbour })
        runAWhile(guest)
        reasons.add(String(guest.lg.dead).replace(/0x[0-9a-f]+/g, 'N'))
        guest.file.close()
        guest.mm.unmapAll()
        expect(frames.inUse, `seed ${seed}`).toBe(before)
        const count = neighbour.word(0x50000)
        expect(neighbour.slice()).toBe(null)
        expect(neighbour.word(0x50000)).toBeGreaterThan(count)
      }
      expect(reasons.size).toBeGreaterThan(3)
    })
  })
