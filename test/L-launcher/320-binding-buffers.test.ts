import { describe, expect, test } from 'vitest'
import {
  DMA_BUCKETS, bindDma, getDmaBuffer, hashKey, jenkins, keyEq, newDmaHash,
  releaseAllDma,
} from '../../generated/host/io.ts'
import { hex } from '../../generated/host/guest-memory.ts'
import type { Lguest } from '../../generated/host/lg.ts'
import { LauncherMemory } from '../../generated/host/mm.ts'
import { makeGuest, makeWorld, type World } from '../H-host/guest-world.ts'

const bound = (world: World) =>
  world.host.dmaHash.reduce((sum, bucket) => sum + bucket.length, 0)

/** Entries that keep the owner of their memory alive. */
const held = (lg: Lguest) => lg.dma.filter((entry) => entry.key !== null).length

describe('L:300 keys', () => {
  test('B-D-001 B-D-002 shared memory has one identity at any address', () => {
    const world = makeWorld()
    const one = new LauncherMemory(world.physical, world.frames)
    const two = new LauncherMemory(world.physical, world.frames)
    const frame = world.frames.alloc()
    const file = {}
    one.mapShared(0x5000, frame, file, 0)
    two.mapShared(0x9000, frame, file, 0)
    const key = one.identity(0x5004)!
    expect(keyEq(key, two.identity(0x9004)!)).toBe(true)
    expect(keyEq(key, two.identity(0x9008)!)).toBe(false)
    expect(hashKey(key)).toBe(hashKey(two.identity(0x9004)!))
    expect(key.offset & 1).toBe(1)
  })
  test('B-D-002 private memory of two Launchers never matches', () => {
    const world = makeWorld()
    const one = makeGuest(world, 4, 0)
    const two = makeGuest(world, 4, 1)
    const key = one.mm.identity(0x1000)!
    expect(keyEq(key, two.mm.identity(0x1000)!)).toBe(false)
    expect(key.offset & 1).toBe(0)
  })
  test('B-D-006 all three parts must match', () => {
    const owner = {}
    const key = { word: 1, owner, offset: 5 }
    expect(keyEq(key, { word: 1, owner, offset: 5 })).toBe(true)
    expect(keyEq(key, { word: 2, owner, offset: 5 })).toBe(false)
    expect(keyEq(key, { word: 1, owner: {}, offset: 5 })).toBe(false)
    expect(keyEq(key, { word: 1, owner, offset: 9 })).toBe(false)
    expect(keyEq(null, key)).toBe(false)
  })
})

describe('L:330 the hash', () => {
  test('B-D-005 B-D-007 61 buckets, empty at the start', () => {
    const hash = newDmaHash()
    expect(hash.length).toBe(61)
    expect(hash.every((bucket) => bucket.length === 0)).toBe(true)
  })
  test('B-D-005 words, owner and seed all stir the result', () => {
    const seen = new Set([jenkins(0, 0, 0), jenkins(1, 0, 0), jenkins(0, 1, 0),
      jenkins(0, 0, 1), jenkins(0xffffffff, 0, 0)])
    expect(seen.size).toBe(5)
    for (const value of seen) {
      expect(value).toBeGreaterThanOrEqual(0)
      expect(value).toBeLessThan(2 ** 32)
    }
  })
  test('B-D-005 keys of one device page spread over the buckets', () => {
    const owner = {}
    const counts = new Array(DMA_BUCKETS).fill(0)
    for (let i = 0; i < 610; i++) {
      counts[hashKey({ word: 3, owner, offset: 1 + i * 4 })]++
    }
    expect(Math.max(...counts)).toBeLessThan(30)
    expect(counts.filter((n) => n === 0).length).toBeLessThan(5)
  })
})

describe('L:340 binding', () => {
  test('B-D-008 an IRQ out of range gives 0 and does not kill', () => {
    const { lg } = makeGuest(makeWorld(), 4)
    expect(bindDma(lg.cpu, 0x1000, 0x2000, 1, 32)).toBe(0)
    expect(bindDma(lg.cpu, 0x1001, 0x2000, 1, 255)).toBe(0)
    expect(lg.dead).toBe(null)
  })
  test('B-D-003 B-D-009 a bad key kills', () => {
    for (const key of [0x1002, 0x4000, 0xfffffffc]) {
      const { lg } = makeGuest(makeWorld(), 4)
      expect(bindDma(lg.cpu, key, 0x2000, 1, 3)).toBe(0)
      expect(lg.dead).toBe(`bad dma key ${hex(key)}`)
    }
  })
  test('B-D-010 B-D-014 IRQ 0 unregisters by key and array', () => {
    const world = makeWorld()
    const { lg } = makeGuest(world, 4)
    expect(bindDma(lg.cpu, 0x1000, 0x2000, 1, 3)).toBe(1)
    expect(bindDma(lg.cpu, 0x1000, 0x2064, 1, 3)).toBe(1)
    expect(bindDma(lg.cpu, 0x1004, 0x2000, 1, 0)).toBe(0)
    expect(bindDma(lg.cpu, 0x1000, 0x3000, 1, 0)).toBe(0)
    expect(bound(world)).toBe(2)
    expect(bindDma(lg.cpu, 0x1000, 0x2000, 1, 0)).toBe(1)
    expect(bound(world)).toBe(1)
    expect(lg.dma.filter((entry) => entry.interrupt).map((e) => e.dmas))
      .toEqual([0x2064])
  })
  test('X-25 unbinding twice finds nothing the second time', () => {
    const world = makeWorld()
    const { lg } = makeGuest(world, 4)
    bindDma(lg.cpu, 0x1000, 0x2000, 1, 3)
    expect(bindDma(lg.cpu, 0x1000, 0x2000, 1, 0)).toBe(1)
    expect(bindDma(lg.cpu, 0x1000, 0x2000, 1, 0)).toBe(0)
    expect(bound(world)).toBe(0)
  })
  test('B-D-011 an entry holds all that was said', () => {
    const world = makeWorld()
    const { lg } = makeGuest(world, 4, 5)
    expect(bindDma(lg.cpu, 0x1000, 0x2000, 7, 31)).toBe(1)
    expect(lg.dma[0]).toMatchObject({
      dmas: 0x2000, numDmas: 7, nextDma: 0, guestId: 5, interrupt: 31,
    })
    expect(world.host.dmaHash[hashKey(lg.dma[0].key!)]).toEqual([lg.dma[0]])
  })
  test('B-D-012 the thirty-third binding fails and leaves nothing', () => {
    const world = makeWorld()
    const { lg } = makeGuest(world, 4)
    for (let i = 0; i < 32; i++) {
      expect(bindDma(lg.cpu, 0x1000 + i * 4, 0x2000, 1, 3)).toBe(1)
    }
    expect(bindDma(lg.cpu, 0x1800, 0x2000, 1, 3)).toBe(0)
    expect(bound(world)).toBe(32)
    expect(held(lg)).toBe(32)
    expect(lg.dead).toBe(null)
  })
  test('B-D-013 B-D-015 B-D-016 closing frees every entry and reference', () => {
    const world = makeWorld()
    const { lg } = makeGuest(world, 4)
    for (let i = 0; i < 10; i++) bindDma(lg.cpu, 0x1000, 0x2000 + i * 100, 1, 3)
    expect(held(lg)).toBe(10)
    releaseAllDma(lg)
    expect(bound(world)).toBe(0)
    expect(held(lg)).toBe(0)
    expect(lg.dma.every((entry) => entry.interrupt === 0)).toBe(true)
    expect(bindDma(lg.cpu, 0x1000, 0x2000, 1, 3)).toBe(1)
  })
})

describe('L:320 a buffer for the Launcher', () => {
  test('B-D-048 the first free record and the IRQ', () => {
    const { lg, put } = makeGuest(makeWorld(), 4)
    bindDma(lg.cpu, 0, 0x2000, 4, 9)
    expect(getDmaBuffer(lg, 0)).toEqual({ dma: 0x2000, irq: 9 })
    put(0x2000, 1)
    put(0x2064, 5)
    expect(getDmaBuffer(lg, 0)).toEqual({ dma: 0x20c8, irq: 9 })
  })
  test('B-D-050 X-10 all in use: none', () => {
    const { lg, put } = makeGuest(makeWorld(), 4)
    bindDma(lg.cpu, 0, 0x2000, 2, 9)
    put(0x2000, 1)
    put(0x2064, 1)
    expect(getDmaBuffer(lg, 0)).toBe(null)
    expect(lg.dead).toBe(null)
  })
  test('a search has an end, and the next goes on from there', () => {
    const count = 1000
    const { lg, put } = makeGuest(makeWorld(), 32)
    for (let i = 0; i < count; i++) put(0x2000 + i * 100, 1)
    bindDma(lg.cpu, 0, 0x2000, count, 9)
    const { spent } = lg.task.account
    for (const free of [999, 0, 255, 256, 600]) {
      put(0x2000 + free * 100, 0)
      const before = spent.host
      let found = getDmaBuffer(lg, 0)
      for (let i = 1; found === null; i++) {
        expect(i).toBeLessThan(5)
        expect(spent.host - before).toBe(i * 256 * 10)
        found = getDmaBuffer(lg, 0)
      }
      expect(found.dma).toBe(0x2000 + free * 100)
      put(found.dma, 1)
    }
  })
  test('B-D-049 nothing bound: none', () => {
    const { lg } = makeGuest(makeWorld(), 4)
    expect(getDmaBuffer(lg, 0)).toBe(null)
    expect(lg.dead).toBe(null)
  })
  test('B-D-046 a bad key kills', () => {
    const { lg } = makeGuest(makeWorld(), 4)
    expect(getDmaBuffer(lg, 3)).toBe(null)
    expect(lg.dead).toBe('bad registered DMA buffer')
  })
  test('B-D-047 only its own Guest, even on shared memory', () => {
    const world = makeWorld()
    const one = makeGuest(world, 4, 0)
    const two = makeGuest(world, 4, 1)
    const frame = world.frames.alloc()
    const file = {}
    one.mm.mapShared(0x3000, frame, file, 0)
    two.mm.mapShared(0x2000, frame, file, 0)
    bindDma(one.lg.cpu, 0x3000, 0x1000, 1, 4)
    expect(getDmaBuffer(two.lg, 0x2000)).toBe(null)
    expect(getDmaBuffer(one.lg, 0x3000)).toEqual({ dma: 0x1000, irq: 4 })
  })
  test('the newest binding comes first', () => {
    const { lg } = makeGuest(makeWorld(), 4)
    bindDma(lg.cpu, 0, 0x2000, 1, 1)
    bindDma(lg.cpu, 0, 0x3000, 1, 2)
    expect(getDmaBuffer(lg, 0)).toEqual({ dma: 0x3000, irq: 2 })
  })
  test('an array outside memory kills its owner and stops', () => {
    const { lg } = makeGuest(makeWorld(), 4)
    bindDma(lg.cpu, 0, 0xfffff000, 65535, 1)
    getDmaBuffer(lg, 0)
    expect(lg.dead).toBe('bad read address 0xfffff000 len 4')
  })
})
