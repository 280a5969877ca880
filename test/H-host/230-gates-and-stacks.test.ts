import { describe, expect, test } from 'vitest'
import { copyTraps } from '../../generated/host/interrupts-and-traps.ts'
import { lguestState } from '../../generated/switcher/layout.ts'
import { gateInUse, HANDLER, load, ready, stub } from './interrupting.ts'
import { hypercall, inKernel, makeGuest, makeKnownGuest, PAGE_OFFSET, reason, run, trap } from './scripted-host.ts'

describe('gates', () => {
  test('B-T-036: 2, 8, 15 and 31 are ignored without marking change', () => {
    const world = ready()
    for (const vector of [2, 8, 15, 31]) {
      world.cpu.changed = 0
      hypercall(world, 'LOAD_IDT_ENTRY', vector, 0x600000, 0xc0008500)
      world.scripted.steps.push((cpu) => { expect(cpu.changed).toBe(0); cpu.setReg('trapnum', 0x20) })
      world.file.read(null, world.task)
      expect(world.cpu.idt[vector * 2 + 1]).toBe(0)
    }
    expect(world.lg.dead).toBeNull()
  })

  test('B-T-037, B-T-038: beyond the table kills, and marks change', () => {
    const world = ready()
    world.cpu.changed = 0
    hypercall(world, 'LOAD_IDT_ENTRY', 256, 0, 0)
    run(world)
    expect(reason(world)).toBe('Setting idt entry 256')
    expect(world.cpu.changed).toBe(1)
  })

  test('B-T-039: not present is stored as zero', () => {
    const world = ready()
    hypercall(world, 'LOAD_IDT_ENTRY', 37, 0x601234, 0xc0000e00)
    run(world)
    expect([...world.cpu.idt.subarray(74, 76)]).toEqual([0, 0])
  })

  test('B-T-040: another type kills', () => {
    const world = ready()
    hypercall(world, 'LOAD_IDT_ENTRY', 40, 0x600000, 0xc0008500)
    run(world)
    expect(reason(world)).toBe('bad IDT type 5')
  })

  test('B-T-041, B-T-004: selector forced; address, present, privilege and type believed', () => {
    const world = ready()
    hypercall(world, 'LOAD_IDT_ENTRY', 40, 0x00501234, 0xc000ffff)
    run(world)
    expect([...world.cpu.idt.subarray(80, 82)]).toEqual([0x00611234, 0xc000ef00])
  })

  test('B-T-042, B-T-043, B-T-046: at start every vector leads to its stub', () => {
    const world = makeGuest()
    for (let vector = 0; vector < 256; vector++) {
      expect(gateInUse(world, vector)).toEqual(stub(world, vector, vector === 31 ? 1 : 0))
    }
  })

  test('B-T-044: a stub takes the privilege of the Guest\'s interrupt gate', () => {
    const world = ready()
    load(world, 3, 0xe, HANDLER, 3)
    load(world, 0x80, 0xe, HANDLER, 3)
    load(world, 10, 0xe, HANDLER, 3)
    copyTraps(world.cpu)
    expect(gateInUse(world, 3)).toEqual(stub(world, 3, 3))
    expect(gateInUse(world, 0x80)).toEqual(stub(world, 0x80, 3))
    expect(gateInUse(world, 10)).toEqual(stub(world, 10, 0))
  })

  test('B-T-033, B-T-034, B-T-045: only trap gates of the allowed vectors go direct', () => {
    const world = makeKnownGuest()
    inKernel(world)
    const direct: number[] = []
    for (let vector = 0; vector < 256; vector++) load(world, vector, 0xf, HANDLER, 3)
    copyTraps(world.cpu)
    for (let vector = 0; vector < 256; vector++) {
      const [low] = gateInUse(world, vector)
      if (low === ((0x61 << 16) | (HANDLER & 0xffff))) direct.push(vector)
    }
    const never = [2, 6, 7, 8, 13, 14, 15, 31]
    expect(direct).toEqual([...Array(32).keys()].filter((vector) => !never.includes(vector)).concat([0x80]))
  })
})

describe('stacks', () => {
  test('B-T-047, X-20: only ring 1 will do', () => {
    for (const segment of [0x68, 0x6a, 0x6b]) {
      const world = ready()
      hypercall(world, 'SET_STACK', segment, PAGE_OFFSET + 0x9000, 1)
      run(world)
      expect(reason(world)).toBe(`bad stack segment ${segment}`)
      expect(world.cpu.esp1).toBe(0)
    }
  })

  test('B-T-048: at most two pages', () => {
    const world = ready()
    hypercall(world, 'SET_STACK', 0x69, PAGE_OFFSET + 0x9000, 3)
    run(world)
    expect(reason(world)).toBe('bad stack pages 3')
  })

  test('B-T-049, B-T-050: the page of esp-1 and the one below are pinned, and used from the next run', () => {
    const world = ready()
    hypercall(world, 'SET_STACK', 0x69, PAGE_OFFSET + 0xb000, 2)
    run(world)
    for (const page of [0xa, 0x9]) expect(world.mm.read32(0x2000 + page * 4) & 0x60).toBe(0x60)
    expect(world.mm.read32(0x2000 + 0xb * 4) & 0x60).toBe(0)
    const tss = world.host.statePage + lguestState.guestTss
    expect(world.host.physical.read32(tss + 12)).toBe(PAGE_OFFSET + 0xb000)
    expect(world.host.physical.read32(tss + 16)).toBe(0x69)
  })

  test('a stack that cannot be pinned kills', () => {
    const world = ready()
    hypercall(world, 'SET_STACK', 0x69, 0x1000, 1)
    run(world)
    expect(reason(world)).toBe('bad stack page 0xfff')
  })

  test('the trap of the loop is what ends up in the Guest', () => {
    const world = ready()
    load(world, 0, 0xf)
    trap(world, 0)
    run(world)
    expect(world.cpu.reg('eip')).toBe(HANDLER)
  })
})
