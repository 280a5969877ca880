import { describe, expect, test } from 'vitest'
import {
  PAE, TWO_LEVEL, formatOf, leafOffset, middleOffset, topOffset,
} from '../../generated/host/page-tables/format.ts'
import { setShadow } from '../../generated/host/page-tables/leaves.ts'
import { findSpte, makeSpte } from '../../generated/host/page-tables/shadow.ts'
import { initGuestPagetable } from '../../generated/host/page-tables/birth.ts'
import { makeGuest, makeWorld, P, RW } from './guest-world.ts'

describe('H:300 two formats', () => {
  test('B-P-002 two levels of 1024, or three with PAE', () => {
    expect([TWO_LEVEL.topEntries, TWO_LEVEL.tableEntries]).toEqual([1024, 1024])
    expect([PAE.topEntries, PAE.tableEntries]).toEqual([4, 512])
    const { lg } = makeGuest(makeWorld(), 8)
    expect(formatOf(lg)).toBe(TWO_LEVEL)
    lg.pae = true
    expect(formatOf(lg)).toBe(PAE)
  })
  test('B-P-003 flags of a directory entry: the usual ones, or only present', () => {
    expect(TWO_LEVEL.topFlags).toBe(0x67)
    expect(PAE.topFlags).toBe(1)
  })
})

describe('H:320 the place of an entry', () => {
  test('B-P-005 offsets of entries of 4 and of 8 bytes', () => {
    const va = 0xc0345678
    expect(topOffset(TWO_LEVEL, va)).toBe(0x300 * 4)
    expect(leafOffset(TWO_LEVEL, va)).toBe(0x345 * 4)
    expect(topOffset(PAE, va)).toBe(3 * 8)
    expect(middleOffset(va)).toBe(1 * 8)
    expect(leafOffset(PAE, va)).toBe(0x145 * 8)
  })
  test('the last entry of every level', () => {
    expect(topOffset(TWO_LEVEL, 0xffffffff)).toBe(4092)
    expect(leafOffset(TWO_LEVEL, 0xffffffff)).toBe(4092)
    expect(topOffset(PAE, 0xffffffff)).toBe(24)
    expect(middleOffset(0xffffffff)).toBe(4088)
    expect(leafOffset(PAE, 0xffffffff)).toBe(4088)
  })
})

describe('H:320 the one pen', () => {
  test('B-P-010 a released entry gives back one reference, once', () => {
    const world = makeWorld()
    const { lg, mm } = makeGuest(world, 8)
    initGuestPagetable(lg, 0)
    const slot = lg.pgdirs[lg.cpu.current]
    const frame = mm.frameOf(3, true)
    const at = makeSpte(lg, slot, 0x3000, 0x67, 0x67)
    expect(findSpte(lg, slot, 0x3000)).toBe(at)
    world.frames.hold(frame)
    setShadow(lg, slot, 0x3000, at, frame | P | RW)
    expect(world.frames.count(frame)).toBe(2)
    setShadow(lg, slot, 0x3000, at, 0)
    setShadow(lg, slot, 0x3000, at, 0)
    expect(world.frames.count(frame)).toBe(1)
  })
  test('B-P-014 looking does not make: an absent level gives nothing', () => {
    const world = makeWorld()
    const { lg } = makeGuest(world, 8)
    initGuestPagetable(lg, 0)
    const before = world.frames.inUse
    expect(findSpte(lg, lg.pgdirs[lg.cpu.current], 0x3000)).toBe(0)
    expect(world.frames.inUse).toBe(before)
  })
  test('only an entry that was present is reported to the processor', () => {
    const world = makeWorld()
    const { lg, mm } = makeGuest(world, 8)
    initGuestPagetable(lg, 0)
    const slot = lg.pgdirs[lg.cpu.current]
    const at = makeSpte(lg, slot, 0x3000, 0x67, 0x67)
    const frame = mm.frameOf(3, true)
    const before = world.cpu.invalidations
    world.frames.hold(frame)
    setShadow(lg, slot, 0x3000, at, frame | P)
    expect(world.cpu.invalidations).toBe(before)
    world.cpu.remember(slot.pgdir, 0x3000, frame | P)
    setShadow(lg, slot, 0x3000, at, 0)
    expect(world.cpu.contexts.get(slot.pgdir)?.has(3)).toBe(false)
  })
})
