import { describe, expect, test } from 'vitest'
import { EINVAL, ENOMEM, EPERM } from '../../generated/abi/errno.ts'
import { PAGE_SIZE } from '../../generated/abi/common.ts'
import { Physical } from '../../generated/emulator/memory/physical.ts'
import { Core } from '../../generated/emulator/state/state.ts'
import { FrameAllocator } from '../../generated/host/frames.ts'
import { Host, HostError } from '../../generated/host/host.ts'
import { LauncherMemory } from '../../generated/host/mm.ts'
import { HandClock, makeGuest, makeHost, ScriptedCpu } from './scripted-host.ts'

function machine(ram = 32 << 20) {
  const core = new Core(ram)
  return { memory: core.memory, physical: new Physical(core), cpu: new ScriptedCpu() }
}

function start(on: ReturnType<typeof machine>): Host {
  return new Host(on as never, { clock: new HandClock() })
}

function failure(action: () => unknown): HostError {
  try { action() } catch (error) { if (error instanceof HostError) return error; throw error }
  throw new Error('it did not fail')
}

describe('frames', () => {
  test('a frame comes zeroed, with one holder, and goes back at the last release', () => {
    const physical = new Physical(new Core(1 << 20))
    const frames = new FrameAllocator(physical, 0x40000)
    const frame = frames.alloc()
    expect(frame).toBe(PAGE_SIZE)
    physical.write32(frame, 7)
    frames.hold(frame)
    frames.release(frame)
    expect([frames.count(frame), frames.inUse]).toEqual([1, 1])
    frames.release(frame)
    expect([frames.count(frame), frames.inUse]).toEqual([0, 0])
    expect(physical.read8(frame)).toBe(0x6b)
    expect(frames.alloc()).toBe(frame)
    expect(physical.read32(frame)).toBe(0)
  })

  test('none left is 0, and releasing what nobody holds throws', () => {
    const frames = new FrameAllocator(new Physical(new Core(1 << 20)), 0x3000)
    expect([frames.alloc(), frames.alloc(), frames.alloc()]).toEqual([0x1000, 0x2000, 0])
    frames.release(0x1000)
    expect(() => frames.release(0x1000)).toThrow(RangeError)
  })

  test('runs come from above the Host\'s area, first fit, zeroed again', () => {
    const physical = new Physical(new Core(1 << 20))
    const frames = new FrameAllocator(physical, 0x40000)
    expect(frames.allocRun(4)).toBe(0x40000)
    expect(frames.allocRun(2)).toBe(0x44000)
    physical.write32(0x41000, 9)
    for (let i = 0; i < 4; i++) frames.release(0x40000 + i * PAGE_SIZE)
    expect(frames.allocRun(5)).toBe(0x46000)
    expect(frames.allocRun(3)).toBe(0x40000)
    expect(physical.read32(0x41000)).toBe(0)
    expect(frames.allocRun(1000)).toBe(0)
  })

  test('free frames are cleaned in pieces, and only those that somebody used', () => {
    const physical = new Physical(new Core(4 << 20))
    const frames = new FrameAllocator(physical, 0x40000)
    const first = frames.allocRun(300)
    const kept = frames.allocRun(1)
    for (const at of [first, first + 299 * PAGE_SIZE, kept]) physical.write32(at, 7)
    for (let i = 0; i < 300; i++) frames.release(first + i * PAGE_SIZE)
    expect([...frames.clean()]).toEqual([512 << 10, 512 << 10])
    expect(physical.read32(first)).toBe(0)
    expect(physical.read32(first + 299 * PAGE_SIZE)).toBe(0)
    expect(physical.read32(kept)).toBe(7)
    expect([...frames.clean()]).toEqual([])
  })
})

describe('the Launcher\'s memory', () => {
  function launcher() {
    const { host } = makeHost()
    return { host, mm: new LauncherMemory(host.physical, host.frames) }
  }

  test('B-L-012, B-L-016: zeroed, at the asked address, and across pages', () => {
    const { mm } = launcher()
    expect(mm.mapZeroed(0x3000, 2)).toBe(true)
    expect(mm.readBytes(0x3ffe, 4)).toEqual(new Uint8Array(4))
    mm.writeBytes(0x3ffe, Uint8Array.of(1, 2, 3, 4))
    expect(mm.readBytes(0x3ffd, 6)).toEqual(Uint8Array.of(0, 1, 2, 3, 4, 0))
    expect(() => mm.readBytes(0x2fff, 2)).toThrow(RangeError)
    expect(() => mm.readBytes(0x4fff, 2)).toThrow(RangeError)
    expect(() => mm.write32(0, 1)).toThrow(RangeError)
    expect(mm.frameOf(2, true)).toBe(-1)
    expect(mm.frameOf(99999, false)).toBe(-1)
  })

  test('B-D-001 to B-D-004: private memory never matches, a shared page does', () => {
    const { host, mm } = launcher()
    const other = new LauncherMemory(host.physical, host.frames)
    const frame = host.frames.allocRun(1)
    const file = {}
    mm.mapZeroed(0, 8)
    other.mapZeroed(0, 8)
    mm.mapShared(0x3000, frame, file, 0)
    other.mapShared(0x5000, frame, file, 0)
    expect(mm.identity(0x3008)).toEqual({ word: 0, owner: file, offset: 9 })
    expect(mm.identity(0x3008)).toEqual(other.identity(0x5008))
    expect(mm.identity(0x2008)).toEqual({ word: 0x2000, owner: mm, offset: 10 })
    expect(mm.identity(0x2008)!.owner).not.toBe(other.identity(0x2008)!.owner)
    expect(mm.identity(0x2009)).toBeNull()
    expect(mm.identity(0x9000)).toBeNull()
    mm.write32(0x3000, 42)
    expect(other.read32(0x5000)).toBe(42)
    mm.unmapAll()
    expect(other.read32(0x5000)).toBe(42)
  })
})

describe('module start', () => {
  test('B-H-001: inside another hypervisor it is refused with EPERM', () => {
    const on = machine()
    on.cpu.cpl = 1
    const { errno, message } = failure(() => start(on))
    expect([errno, message]).toEqual([EPERM, 'lguest is afraid of being a guest'])
  })

  test('B-H-014: no memory is ENOMEM', () => {
    expect(failure(() => start(machine(0x8000))).errno).toBe(ENOMEM)
    expect(EINVAL).toBe(22)
  })

  test('B-H-002, B-H-004, B-H-017, B-H-005, B-H-006: page-global goes and comes back; all frames return', () => {
    const on = machine()
    const host = start(on)
    expect(on.cpu.cr4 & 0x80).toBe(0)
    host.exit()
    expect(on.cpu.cr4 & 0x80).toBe(0x80)
    expect(host.frames.inUse).toBe(0)
    const without = machine()
    without.cpu.cr4 = 0
    start(without).exit()
    expect(without.cpu.cr4).toBe(0)
  })

  test('unloading ends every Guest', () => {
    const world = makeGuest()
    world.host.exit()
    expect(world.file.lg).toBeNull()
    expect(world.host.frames.inUse).toBe(0)
  })
})
