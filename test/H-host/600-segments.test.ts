import { describe, expect, test } from 'vitest'
import { lguestState } from '../../generated/switcher/layout.ts'
import { hypercall, makeGuest, makeKnownGuest, reason, run } from './scripted-host.ts'
import type { World } from './scripted-host.ts'

const TABLE_AT = 0x6000

/** The descriptor the processor would use. */
function inUse(world: World, entry: number): [number, number] {
  const at = world.host.statePage + lguestState.guestGdt + entry * 8
  return [world.host.physical.read32(at), world.host.physical.read32(at + 4)]
}

function put(world: World, entry: number, low: number, high: number) {
  world.mm.write32(TABLE_AT + entry * 8, low)
  world.mm.write32(TABLE_AT + entry * 8 + 4, high)
}

describe('segments', () => {
  test('at birth: kernel code and data in ring 1, nothing else of the Guest\'s', () => {
    const world = makeGuest()
    run(world)
    for (let entry = 0; entry < 32; entry++) {
      if ([10, 11, 16].includes(entry)) continue
      const expected = entry === 12 ? [0xffff, 0x00cfbb00] : entry === 13 ? [0xffff, 0x00cfb300] : [0, 0]
      expect(inUse(world, entry), `entry ${entry}`).toEqual(expected)
    }
  })

  test('B-H-024, B-H-025: the Switcher\'s entries and the task state segment', () => {
    const world = makeGuest()
    expect(inUse(world, 10)).toEqual([0xffff, 0x00cf9b00])
    expect(inUse(world, 11)).toEqual([0xffff, 0x00cf9300])
    const tss = world.host.pagesAddress + 0x1000 + lguestState.guestTss
    expect(inUse(world, 16)).toEqual([(0x67 | (tss << 16)) >>> 0, (0x8900 | (tss & 0xff000000) | ((tss >>> 16) & 0xff)) >>> 0])
  })

  test('LOAD_GDT: ring 0 becomes 1, accessed is set, our four entries stay', () => {
    const world = makeKnownGuest()
    for (let entry = 0; entry < 32; entry++) put(world, entry, 0xffff, 0x00cf9a00)
    put(world, 14, 0xffff, 0x00cffa00)
    hypercall(world, 'LOAD_GDT', TABLE_AT, 32)
    run(world)
    for (let entry = 0; entry < 32; entry++) {
      if ([10, 11, 16].includes(entry)) continue
      const expected = entry === 31 ? [0, 0] : entry === 14 ? [0xffff, 0x00cffb00] : [0xffff, 0x00cfbb00]
      expect(inUse(world, entry), `entry ${entry}`).toEqual(expected)
    }
    expect(inUse(world, 10)).toEqual([0xffff, 0x00cf9b00])
  })

  test('system descriptors are refused', () => {
    const world = makeKnownGuest()
    for (let type = 0; type < 16; type++) put(world, 17 + (type % 8), 0x00501234, 0xc0008000 | 0x6000 | (type << 8))
    hypercall(world, 'LOAD_GDT', TABLE_AT, 32)
    run(world)
    for (let entry = 17; entry < 25; entry++) expect(inUse(world, entry)).toEqual([0, 0])
  })

  test('more than 32 entries kill, and nothing is copied', () => {
    const world = makeKnownGuest()
    put(world, 12, 0, 0)
    hypercall(world, 'LOAD_GDT', TABLE_AT, 33)
    run(world)
    expect(reason(world)).toBe('too many gdt entries 33')
    expect(world.cpu.gdt[25]).toBe(0x00cfbb00)
  })

  test('a table outside memory kills', () => {
    const world = makeKnownGuest()
    hypercall(world, 'LOAD_GDT', 0xffffff00, 32)
    run(world)
    expect(reason(world)).toBe('bad read address 0xffffff00 len 256')
  })

  test('LOAD_TLS: three entries, and only these are copied', () => {
    const world = makeKnownGuest()
    run(world)
    for (let entry = 0; entry < 3; entry++) put(world, entry, 0x1000 + entry, 0x00cff200)
    world.cpu.gdt[20 * 2 + 1] = 0x00cfb300
    hypercall(world, 'LOAD_TLS', TABLE_AT, 0)
    run(world)
    for (let entry = 6; entry < 9; entry++) expect(inUse(world, entry)).toEqual([0x1000 + entry - 6, 0x00cff300])
    expect(inUse(world, 20)).toEqual([0, 0])
  })
})
