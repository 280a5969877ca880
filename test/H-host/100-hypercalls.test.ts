import { describe, expect, test } from 'vitest'
import { eraA } from '../../generated/abi/era-a.ts'
import { eraB3 } from '../../generated/abi/era-b3.ts'
import { callNumber } from '../../generated/abi/common.ts'
import type { CallName } from '../../generated/abi/common.ts'
import { DATA, hypercall, inKernel, makeGuest, makeHost, makeKnownGuest, PAGE_OFFSET, PAGES, PGDIR, reason, run, sliceEnd, trap } from './scripted-host.ts'
import type { World } from './scripted-host.ts'
import { randomBelow } from '../support/random-below.ts'

const layout = eraA.data

/** Writes a ring slot: the Guest's side of H:122. */
function ring(world: World, slot: number, name: CallName | number, a = 0, b = 0, c = 0) {
  const number = typeof name === 'number' ? name : callNumber(eraA, name)
  const at = DATA + layout.hcalls + slot * 16
  for (const [i, value] of [number, a, b, c].entries()) world.mm.write32(at + i * 4, value)
  world.mm.writeBytes(DATA + layout.hcallStatus + slot, Uint8Array.of(0))
}

function status(world: World, slot: number) {
  return world.mm.readBytes(DATA + layout.hcallStatus + slot, 1)[0]
}

describe('before the Guest is known', () => {
  test('any call but LGUEST_INIT kills', () => {
    const world = makeGuest()
    hypercall(world, 'HALT')
    run(world)
    expect(reason(world)).toBe('hypercall 10 before LGUEST_INIT')
  })

  test('a data page outside memory kills', () => {
    for (const address of [PAGES * 4096 - 100, 0xfffffff0, PAGES * 4096]) {
      const world = makeGuest()
      hypercall(world, 'LGUEST_INIT', address)
      run(world)
      expect(reason(world)).toBe(`bad guest page ${address.toString(16).padStart(8, '0')}`)
    }
  })

  test('the ring is not looked at', () => {
    const world = makeGuest()
    sliceEnd(world)
    run(world)
    expect(world.lg.dead).toBeNull()
  })
})

/** Announces the data page of some era, as its kernels make it. */
function announce(world: World, register: 'edx' | 'ebx', status: number, words: number | null) {
  world.mm.writeBytes(DATA + status, new Uint8Array(64).fill(0xff))
  if (words !== null) {
    world.mm.write32(DATA + words, PAGE_OFFSET)
    world.mm.write32(DATA + words + 4, 0x80)
  }
  hypercall(world, 'LGUEST_INIT', register === 'edx' ? DATA : 0, register === 'ebx' ? DATA : 0)
  run(world)
}

describe('H:125 the era that is spoken', () => {
  const pages = [
    ['2.6.23', 'A', 'edx', 0x14, null], ['2.6.24', 'B1', 'edx', 0x14, 0x468],
    ['2.6.32', 'B2 or B2-PAE', 'ebx', 0x18, 0x56c], ['3.11 to 4.0', 'B3 or C0', 'ebx', 0x18, 0x568],
    ['4.1 to 4.13', 'C1 or C2', 'ebx', 0x18, 0x564],
  ] as const
  const own = { A: '2.6.23', B3: '3.11 to 4.0' }

  test.each([eraA, eraB3])('only one of its own is served in era $name', (era) => {
    for (const [kernels, spoken, register, status, words] of pages) {
      const world = makeGuest()
      Object.assign(world.lg, { era })
      announce(world, register, status, words)
      expect(world.lg.dead).toBe(kernels === own[era.name as 'A' | 'B3'] ? null
        : `its data page is that of Linux ${kernels} (era ${spoken}), but it was born for ${era.kernels}`)
    }
  })

  test('a page like none of them stays with what was agreed on', () => {
    const world = makeGuest()
    world.mm.write32(DATA + 0x468, PAGE_OFFSET)
    world.mm.write32(DATA + 0x46c, 0x80)
    hypercall(world, 'LGUEST_INIT', DATA)
    run(world)
    expect(world.lg.dead).toBeNull()
  })
})

describe('H:120 whoever watches', () => {
  /** What an observer is shown of one call, the other registers holding stale numbers. */
  function seen(name: CallName | number, era = eraA) {
    const world = makeKnownGuest()
    const calls: unknown[] = []
    const observer = { entering() {}, left() {}, trap() {}, interrupt() {},
      hypercall: (_: unknown, called: unknown, args: readonly number[]) => calls.push([called, ...args]) }
    Object.assign(world.host, { observer })
    const number = typeof name === 'number' ? name : callNumber(era, name)
    Object.assign(world.lg, { era })
    const [a, b, c, d] = era.hypercall.arguments
    trap(world, 0x1f, { eax: number, [a]: 11, [b]: 12, [c]: 13, ...d ? { [d]: 14 } : {} })
    run(world)
    return calls[0]
  }

  test.each([
    ['HALT', ['HALT']], ['FLUSH_TLB', ['FLUSH_TLB', 11]], ['SET_PGD', ['SET_PGD', 11, 12]],
    ['SET_PTE', ['SET_PTE', 11, 12, 13]], [77, [null, 11, 12, 13]],
  ] as const)('is shown what %s is given, and no stale registers', (name, shown) => {
    expect(seen(name)).toEqual(shown)
  })

  test('in era B3 a page table entry has two words, and both are shown', () => {
    expect(seen('SET_PTE', eraB3)).toEqual(['SET_PTE', 11, 12, 13, 14])
    expect(seen('HALT', eraB3)).toEqual(['HALT'])
  })
})

describe('LGUEST_INIT', () => {
  test('the Host reads the window and writes what the Guest must know', () => {
    const world = makeGuest()
    world.clock.tscKhz = 1234
    world.clock.time = 5_000_002
    world.mm.write32(DATA + layout.noirqStart!, 0xc0001000)
    world.mm.write32(DATA + layout.noirqEnd!, 0xc0001008)
    hypercall(world, 'LGUEST_INIT', DATA)
    run(world)
    expect(world.lg.dead).toBeNull()
    expect(world.lg.data).toBe(DATA)
    expect([world.lg.noirqStart, world.lg.noirqEnd]).toEqual([0xc0001000, 0xc0001008])
    expect(world.mm.read32(DATA + layout.reserveMem)).toBe(0x400000)
    expect(world.mm.read32(DATA + layout.tscKhz)).toBe(1234)
    expect(world.mm.read32(DATA + layout.guestId!)).toBe(0)
    expect(world.mm.read32(DATA + layout.timeSeconds)).toBe(1_190_000_005)
    expect(world.mm.read32(DATA + layout.timeNanoseconds)).toBe(2000)
  })

  test('a second one kills', () => {
    const world = makeKnownGuest()
    hypercall(world, 'LGUEST_INIT', DATA)
    run(world)
    expect(reason(world)).toBe('already have lguest_data')
  })
})

describe('calls', () => {
  test('EAX comes back unchanged, but for BIND_DMA', () => {
    const world = makeKnownGuest()
    hypercall(world, 'FLUSH_ASYNC')
    run(world)
    expect(world.cpu.reg('eax')).toBe(0)
    hypercall(world, 'TS', 8)
    run(world)
    expect(world.cpu.reg('eax')).toBe(8)
    hypercall(world, 'BIND_DMA', 0x7000, 0x6000, (1 << 8) | 5)
    run(world)
    expect(world.cpu.reg('eax')).toBe(1)
    hypercall(world, 'BIND_DMA', 0x7000, 0x6000, (1 << 8) | 32)
    run(world)
    expect(world.cpu.reg('eax')).toBe(0)
  })

  test('unknown numbers kill, 11 among them', () => {
    for (const number of [11, 17, 1000, 0xffffffff]) {
      const world = makeKnownGuest()
      hypercall(world, number)
      run(world)
      expect(reason(world)).toBe(`Bad hypercall ${number | 0}\n`)
    }
  })

  test('CRASH: 128 bytes at most, and a NUL is forced', () => {
    const world = makeKnownGuest()
    world.mm.writeBytes(0x6000, new TextEncoder().encode('Power down\0rest'))
    hypercall(world, 'CRASH', 0x6000)
    run(world)
    expect(reason(world)).toBe('CRASH: Power down')
    const long = makeKnownGuest()
    long.mm.writeBytes(0x6000, new Uint8Array(200).fill(0x41))
    hypercall(long, 'CRASH', 0x6000)
    run(long)
    expect(reason(long)).toBe(`CRASH: ${'A'.repeat(127)}`)
  })

  test('CRASH with a bad address dies of the address', () => {
    const world = makeKnownGuest()
    hypercall(world, 'CRASH', 0xfffffff8)
    run(world)
    expect(reason(world)).toBe('bad read address 0xfffffff8 len 128')
  })
})

describe('the ring', () => {
  test('calls are executed in order, before the direct call, and marked done', () => {
    const world = makeKnownGuest()
    inKernel(world)
    ring(world, 0, 'SET_STACK', 0x69, PAGE_OFFSET + 0x8000, 1)
    ring(world, 1, 'SET_STACK', 0x69, PAGE_OFFSET + 0x9000, 1)
    hypercall(world, 'SET_STACK', 0x69, PAGE_OFFSET + 0xa000, 1)
    run(world)
    expect(world.cpu.esp1).toBe(PAGE_OFFSET + 0xa000)
    expect([status(world, 0), status(world, 1)]).toEqual([0xff, 0xff])
    expect(world.cpu.nextHcall).toBe(2)
  })

  test('the words of a slot are EAX, EDX, EBX, ECX', () => {
    const world = makeKnownGuest()
    ring(world, 0, 'LOAD_IDT_ENTRY', 0x21, 0x00611234, 0xc0008e00)
    run(world)
    expect(world.cpu.idt[0x21 * 2]).toBe(0x00611234)
    expect(world.cpu.idt[0x21 * 2 + 1]).toBe(0xc0008e00)
  })

  test('era A looks at it on every pass, whatever the exit', () => {
    const world = makeKnownGuest()
    ring(world, 0, 'TS', 8)
    sliceEnd(world)
    run(world)
    expect(world.cpu.ts).toBe(true)
  })

  test('the place wraps at 64', () => {
    const world = makeKnownGuest()
    world.cpu.nextHcall = 63
    ring(world, 63, 'TS', 8)
    ring(world, 0, 'TS', 0)
    run(world)
    expect(world.cpu.ts).toBe(false)
    expect(world.cpu.nextHcall).toBe(1)
  })

  test('output stops the round, and the direct call waits for the next read', () => {
    const world = makeKnownGuest()
    ring(world, 0, 'SEND_DMA', 0, 0x6000)
    ring(world, 1, 'TS', 8)
    world.cpu.setReg('trapnum', 31)
    world.cpu.setReg('eax', callNumber(eraA, 'HALT'))
    expect(run(world)).toEqual({ kind: 'bytes', count: 8 })
    expect([world.cpu.ts, world.cpu.halted]).toEqual([false, false])
    expect(run(world)).toEqual({ kind: 'halted', until: null })
    expect([world.cpu.ts, world.cpu.halted]).toEqual([true, true])
  })

  test('a kill stops the round', () => {
    const world = makeKnownGuest()
    ring(world, 0, 99)
    ring(world, 1, 'TS', 8)
    hypercall(world, 'HALT')
    run(world)
    expect([world.cpu.ts, world.cpu.halted]).toEqual([false, false])
  })

  test('a full ring is one round of 64 calls', () => {
    const world = makeKnownGuest()
    for (let slot = 0; slot < 64; slot++) ring(world, slot, 'TS', slot & 8)
    run(world)
    expect(world.cpu.nextHcall).toBe(0)
    expect(world.lg.dead).toBeNull()
  })
})

describe('hostile Guests', () => {
  const SEED = 20071009

  test(`B-H-029, B-H-030: nothing a Guest says or does throws (seed ${SEED})`, () => {
    const next = randomBelow(SEED)
    const interesting = [0, 1, 2, 3, 31, 32, 33, 0x61, 0x69, 0x80, 0x100, 0xfff, 0x1000, PGDIR, DATA, PAGES * 4096 - 1, PAGES * 4096, PAGE_OFFSET, PAGE_OFFSET + 0x8000, 0xffbfffff, 0xffc00000, 0xffffffff]
    const word = () => next(3) === 0 ? interesting[next(interesting.length)] : next(2) === 0 ? next(PAGES * 4096) : (next(0x10000) * 0x10000 + next(0x10000))
    const reasons = new Set<string>()
    const made = makeHost()
    const before = made.host.frames.inUse
    for (let guest = 0; guest < 150; guest++) {
      const world = makeKnownGuest(made)
      for (let step = 0; step < 40 && world.lg.dead === null; step++) {
        if (next(4) === 0) ring(world, next(64), next(18), word(), word(), word())
        if (next(4) === 0) world.mm.write32(next(PAGES * 1024) * 4, word())
        if (next(8) === 0) world.cpu.irqsPending |= 1 << next(32)
        world.scripted.cr2 = word()
        if (next(2) === 0) hypercall(world, next(18), word(), word(), word())
        else trap(world, next(257), { errcode: next(8), eip: word(), esp: word(), ss: word() & 0xffff })
        run(world)
        world.cpu.halted = false
      }
      if (world.lg.dead !== null) reasons.add(String(world.lg.dead).replace(/0x[0-9a-f]+|\d+/g, 'N'))
      world.file.close()
      world.mm.unmapAll()
      expect(made.host.frames.inUse, `guest ${guest}`).toBe(before)
    }
    expect(reasons.size).toBeGreaterThan(8)
  })
})
