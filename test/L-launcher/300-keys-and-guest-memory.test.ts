import { describe, expect, test } from 'vitest'
import {
  addressOk, copyFromGuest, copyFromGuest32, copyToGuest, hex,
  lgread, lgread32, lgwrite, lgwrite32,
} from '../../generated/host/guest-memory.ts'
import { Task } from '../../generated/host/mm.ts'
import { bindDma } from '../../generated/host/io.ts'
import { ENOENT } from '../../generated/abi/errno.ts'
import { LHREQ_BREAK, LHREQ_GETDMA } from '../../generated/abi/common.ts'
import { makeGuest, makeWorld } from '../H-host/guest-world.ts'
import * as scripted from '../H-host/scripted-host.ts'

const PAGES = 4
const END = PAGES * 4096
const fresh = () => makeGuest(makeWorld(), PAGES)

describe('L:305 the bounds of Guest memory', () => {
  test('B-H-031 a range is valid if the page of its end is below the limit', () => {
    const { lg } = fresh()
    expect(addressOk(lg, 0, 4)).toBe(true)
    expect(addressOk(lg, END - 5, 4)).toBe(true)
    expect(addressOk(lg, END - 4, 5)).toBe(false)
    expect(addressOk(lg, END, 1)).toBe(false)
  })
  test('X-08 a range that ends exactly at the limit is refused', () => {
    const { lg } = fresh()
    expect(addressOk(lg, END - 4, 4)).toBe(false)
    expect(addressOk(lg, END - 4, 3)).toBe(true)
    expect(addressOk(lg, 0, END)).toBe(false)
    expect(addressOk(lg, 0, END - 1)).toBe(true)
  })
  test('X-08 in the last eras it is allowed', () => {
    const { lg } = fresh()
    Object.defineProperty(lg, 'era', { value: { ...lg.era, memoryEdge: true } })
    expect(addressOk(lg, END - 4, 4)).toBe(true)
    expect(addressOk(lg, END - 4, 5)).toBe(false)
    expect(addressOk(lg, END, 1)).toBe(false)
  })
  test('B-H-031 a range that wraps around is refused', () => {
    const { lg } = fresh()
    expect(addressOk(lg, 0xfffffffc, 8)).toBe(false)
    expect(addressOk(lg, 0xffffffff, 1)).toBe(false)
    expect(addressOk(lg, 4, 0xffffffff)).toBe(false)
    lg.pfnLimit = 0x100000
    expect(addressOk(lg, 0xfffffffc, 4)).toBe(false)
    expect(addressOk(lg, 0xfffffff8, 4)).toBe(true)
  })
  test('B-H-032 a range of no bytes is judged by its address', () => {
    const { lg } = fresh()
    expect(addressOk(lg, END - 1, 0)).toBe(true)
    expect(addressOk(lg, END, 0)).toBe(false)
  })
})

describe('L:305 words', () => {
  test('words are little-endian and unsigned, aligned or not, across pages', () => {
    const { lg } = fresh()
    for (const at of [0x100, 0x101, 0x102, 0x103, 0xffd, 0xffe, 0x1fff]) {
      lgwrite32(lg, at, 0x89abcdef)
      expect(lgread32(lg, at)).toBe(0x89abcdef)
      expect([...lgread(lg, at, 4)]).toEqual([0xef, 0xcd, 0xab, 0x89])
    }
    expect(lg.dead).toBe(null)
  })
  test('B-H-033 a bad read gives 0 and kills', () => {
    const { lg } = fresh()
    expect(lgread32(lg, END)).toBe(0)
    expect(lg.dead).toBe(`bad read address ${hex(END)} len 4`)
  })
  test('B-H-034 a bad write changes nothing and kills', () => {
    const { lg, mm } = fresh()
    lgwrite32(lg, END - 2, 0xffffffff)
    expect(lg.dead).toBe(`bad write address ${hex(END - 2)} len 4`)
    expect([...mm.readBytes(END - 4, 4)]).toEqual([0, 0, 0, 0])
  })
  test('B-H-033 the last word of memory cannot be read', () => {
    const { lg, put } = fresh()
    put(END - 4, 77)
    expect(lgread32(lg, END - 4)).toBe(0)
    expect(lg.dead).toBe(`bad read address ${hex(END - 4)} len 4`)
  })
  test('B-H-027 the first reason stays', () => {
    const { lg } = fresh()
    lgread32(lg, 0xfffffffc)
    lgwrite32(lg, END, 1)
    expect(lg.dead).toBe('bad read address 0xfffffffc len 4')
  })
})

describe('L:305 ranges', () => {
  test('B-H-035 a bad block read is all zeroes and kills', () => {
    const { lg, put } = fresh()
    put(END - 16, 1, 2, 3, 4)
    const bytes = lgread(lg, END - 16, 32)
    expect(bytes.length).toBe(32)
    expect(bytes.every((byte) => byte === 0)).toBe(true)
    expect(lg.dead).toBe(`bad read address ${hex(END - 16)} len 32`)
  })
  test('B-H-036 a bad block write writes nothing of it and kills', () => {
    const { lg, get } = fresh()
    lgwrite(lg, END - 16, new Uint8Array(32).fill(9))
    expect(get(END - 16)).toBe(0)
    expect(lg.dead).toBe(`bad write address ${hex(END - 16)} len 32`)
  })
  test('ranges across pages that are not neighbours in physical memory', () => {
    const world = makeWorld()
    const { lg, mm } = makeGuest(world, PAGES)
    const elsewhere = world.frames.allocRun(3)
    mm.mapShared(0x1000, elsewhere + 0x2000, {}, 0)
    const bytes = Uint8Array.from({ length: 0x1800 }, (_, i) => i * 7)
    lgwrite(lg, 0x900, bytes)
    expect(lgread(lg, 0x900, 0x1800)).toEqual(bytes)
    expect([...world.physical.readBytes(elsewhere + 0x2000, 4)])
      .toEqual([...bytes.subarray(0x700, 0x704)])
  })
  test('a hole in the Launcher\'s memory is as bad as a bad address', () => {
    const world = makeWorld()
    const { lg, get } = makeGuest(world, PAGES)
    lg.pfnLimit = PAGES + 2
    lgwrite(lg, END - 8, new Uint8Array(16).fill(1))
    expect(lg.dead).toBe(`bad write address ${hex(END - 8)} len 16`)
    expect(get(END - 8)).toBe(0)
    expect(copyFromGuest(lg, END - 8, 16)).toBe(null)
  })
  test('B-H-037 with a base, address a is at base + a of the Launcher', () => {
    const world = makeWorld()
    const { lg, mm } = makeGuest(world, PAGES * 2)
    Object.assign(lg.mm, { base: 0x4000 })
    lg.pfnLimit = PAGES
    lgwrite32(lg, 0x10, 0x12345678)
    expect(mm.read32(0x4010)).toBe(0x12345678)
    expect(lgread32(lg, 0x10)).toBe(0x12345678)
  })
})

describe('L:310 GETDMA', () => {
  const ARRAY = 0x9000
  const ask = (world: scripted.World, key: number) =>
    world.file.write(Uint32Array.of(LHREQ_GETDMA, key), world.task)
  test('B-I-024 B-D-045 the record, with the IRQ in its used length; then the next', () => {
    const world = scripted.makeGuest()
    bindDma(world.cpu, 0, ARRAY, 2, 5)
    expect(ask(world, 0)).toBe(ARRAY)
    expect(world.mm.read32(ARRAY)).toBe(5)
    expect(ask(world, 0)).toBe(ARRAY + 100)
    expect(ask(world, 0)).toBe(-ENOENT)
  })
  test('B-I-023 no buffer: ENOENT; a bad key kills as well', () => {
    const world = scripted.makeGuest()
    expect(ask(world, 4)).toBe(-ENOENT)
    expect(world.lg.dead).toBe(null)
    expect(ask(world, 6)).toBe(-ENOENT)
    expect(world.lg.dead).toBe('bad registered DMA buffer')
  })
})

describe('L:315 BREAK', () => {
  test('B-I-025 B-I-026 the flag is up until the break is over, and the owner is woken', () => {
    const world = scripted.makeGuest()
    const waker = new Task('waker')
    const tell = (on: number) => world.file.write(Uint32Array.of(LHREQ_BREAK, on), waker)
    let woken = 0
    world.lg.task.wake = () => { woken++ }
    expect(tell(1)).toBe(0)
    expect([woken, world.lg.breakOut]).toEqual([1, true])
    expect(tell(0)).toBe(0)
    expect([woken, world.lg.breakOut]).toEqual([1, false])
  })
})

describe('L:305 quiet access', () => {
  test('it kills nobody', () => {
    const { lg } = fresh()
    expect(copyFromGuest32(lg, END)).toBe(null)
    expect(copyToGuest(lg, END - 1, Uint8Array.of(1, 2))).toBe(false)
    expect(copyToGuest(lg, 8, Uint8Array.of(1, 2, 3, 4))).toBe(true)
    expect(copyFromGuest32(lg, 8)).toBe(0x04030201)
    expect(lg.dead).toBe(null)
  })
  test('numbers look as in the old reasons', () => {
    expect(hex(0)).toBe('0')
    expect(hex(0xfffff000)).toBe('0xfffff000')
    expect(hex(-4)).toBe('0xfffffffc')
  })
})
