import { describe, expect, test } from 'vitest'
import { lguestState } from '../../generated/switcher/layout.ts'
import { makeGuest, makeHost, makeKnownGuest, run } from '../H-host/scripted-host.ts'

describe('copying in', () => {
  test('B-S-007: page directory and ring-1 stack, every time', () => {
    const world = makeKnownGuest()
    const { physical, statePage } = world.host
    physical.write32(statePage, 0)
    world.cpu.esp1 = 0xc0009000
    world.cpu.ss1 = 0x69
    run(world)
    const tss = statePage + lguestState.guestTss
    expect(physical.read32(statePage)).toBe(world.host.pageDirectory)
    expect([physical.read32(tss + 12), physical.read32(tss + 16)]).toEqual([0xc0009000, 0x69])
  })

  test('B-S-009, B-S-010: the second run of an unchanged Guest copies nothing', () => {
    const world = makeKnownGuest()
    run(world)
    expect(world.cpu.changed).toBe(0)
    const { physical, statePage } = world.host
    const gate = statePage + lguestState.guestIdt
    const entry = statePage + lguestState.guestGdt + 12 * 8
    physical.write32(gate, 0x1234)
    physical.write32(entry, 0x5678)
    run(world)
    expect([physical.read32(gate), physical.read32(entry)]).toEqual([0x1234, 0x5678])
  })

  test('B-S-006: after another Guest everything is copied again', () => {
    const made = makeHost(48 << 20)
    const first = makeKnownGuest(made)
    const second = makeGuest(made)
    first.cpu.gdt[20 * 2] = 0x1111
    second.cpu.gdt[20 * 2] = 0x2222
    const entry = made.host.statePage + lguestState.guestGdt + 20 * 8
    const seen: number[] = []
    for (const world of [first, second, first]) {
      world.cpu.changed = world === first && seen.length > 0 ? 0 : 3
      run(world)
      seen.push(made.host.physical.read32(entry))
    }
    expect(seen).toEqual([0x1111, 0x2222, 0x1111])
  })

  test('B-S-011: the trap number is 256 beforehand', () => {
    const world = makeKnownGuest()
    let before = 0
    world.scripted.steps.push((cpu) => { before = cpu.reg('trapnum'); cpu.setReg('trapnum', 0x20) })
    world.file.read(null, world.task)
    expect(before).toBe(256)
  })

  test('B-S-013: EAX is the pages\' address, EBX the shadow directory', () => {
    const world = makeKnownGuest()
    run(world)
    expect(world.scripted.reg(0)).toBe(world.host.pagesAddress)
    expect(world.scripted.reg(3)).toBe(world.lg.pgdirs[world.cpu.current].pgdir)
  })
})
