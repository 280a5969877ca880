import { describe, expect, test } from 'vitest'
import { EAGAIN, EBUSY, EFAULT, EINVAL, ENOENT, ENOMEM, ENOSPC, EPERM, ERESTARTSYS } from '../../generated/abi/errno.ts'
import { LGUEST_REGS_OFFSET, PAGE_SIZE } from '../../generated/abi/common.ts'
import { kill, killWithError } from '../../generated/host/lg.ts'
import { LauncherMemory, Task } from '../../generated/host/mm.ts'
import { DATA, hypercall, inKernel, INITIALIZE, makeGuest, makeHost, makeKnownGuest, PAGE_OFFSET, PAGES, PGDIR, reason, run, sliceEnd, START } from '../H-host/scripted-host.ts'

const error = (errno: number) => ({ kind: 'error', errno })
const someone = new Task('someone')
const words = (...values: number[]) => Uint32Array.from(values)

describe('writes', () => {
  test('B-I-002: each opening has at most one Guest, none at first', () => {
    const { host } = makeHost()
    const file = host.open(new LauncherMemory(host.physical, host.frames))
    expect(file.lg).toBeNull()
  })

  test('B-I-003: an unreadable request word is EFAULT', () => {
    const { file, task } = makeGuest()
    expect(file.write(words(), task)).toBe(-EFAULT)
  })

  test('B-I-004: anything but INITIALIZE before a Guest exists is EINVAL', () => {
    const { host } = makeHost()
    const file = host.open(new LauncherMemory(host.physical, host.frames))
    for (const request of [1, 2, 3, 77]) expect(file.write(words(request, 0), someone)).toBe(-EINVAL)
  })

  test('B-I-005: a dead Guest makes every write ENOENT, INITIALIZE too', () => {
    const { file, lg, task } = makeGuest()
    kill(lg, 'gone')
    for (const request of [1, 2, 3, 77]) expect(file.write(words(request, 0), task)).toBe(-ENOENT)
    expect(file.write(INITIALIZE, task)).toBe(-ENOENT)
  })

  test('B-I-006: a task that is not the owner may only BREAK', () => {
    const { file } = makeGuest()
    expect(file.write(words(2, 1), someone)).toBe(-EPERM)
    expect(file.write(words(3, 0), someone)).toBe(0)
  })

  test('B-I-007: an unknown request is EINVAL', () => {
    const { file, task } = makeGuest()
    expect(file.write(words(9, 1), task)).toBe(-EINVAL)
  })
})

describe('INITIALIZE', () => {
  test('B-I-008, B-I-016, B-I-022: four values, recorded; returns 16', () => {
    const { lg, file } = makeGuest()
    expect(file.lg).toBe(lg)
    expect(lg.id).toBe(0)
    expect(lg.pfnLimit).toBe(PAGES)
    expect(lg.kernelAddress).toBe(PAGE_OFFSET)
  })

  test('B-I-010: a second one is EBUSY and the first Guest is untouched', () => {
    const { file, lg, task } = makeGuest()
    expect(file.write(INITIALIZE, task)).toBe(-EBUSY)
    expect(file.lg).toBe(lg)
    expect(lg.dead).toBeNull()
  })

  test('B-I-011: missing values are EFAULT and no Guest', () => {
    const { host } = makeHost()
    const file = host.open(new LauncherMemory(host.physical, host.frames))
    expect(file.write(INITIALIZE.subarray(0, 4), someone)).toBe(-EFAULT)
    expect(file.lg).toBeNull()
  })

  test('B-I-009, B-I-012, B-I-013, B-I-039: sixteen slots, lowest free one first, ENOSPC after', () => {
    const made = makeHost(48 << 20)
    const worlds = Array.from({ length: 16 }, () => makeGuest(made))
    expect(worlds.map((world) => world.lg.id)).toEqual([...Array(16).keys()])
    const file = made.host.open(new LauncherMemory(made.host.physical, made.host.frames))
    expect(file.write(INITIALIZE, someone)).toBe(-ENOSPC)
    worlds[5].file.close()
    expect(file.write(INITIALIZE, someone)).toBe(16)
    expect(file.lg!.id).toBe(5)
  })

  test('B-I-014, B-I-015: no memory is ENOMEM, and nothing is lost', () => {
    const { host } = makeHost()
    const held: number[] = []
    for (let frame = host.frames.alloc(); frame !== 0; frame = host.frames.alloc()) held.push(frame)
    const file = host.open(new LauncherMemory(host.physical, host.frames))
    expect(file.write(INITIALIZE, someone)).toBe(-ENOMEM)
    for (let given = 0; given < 6 && file.lg === null; given++) {
      const before = host.frames.inUse
      if (file.write(INITIALIZE, someone) < 0) expect(host.frames.inUse).toBe(before)
      host.frames.release(held.pop()!)
    }
    expect(host.guests[0]).toBe(file.lg)
  })

  test('a page offset in the last four megabytes is EINVAL', () => {
    const { host } = makeHost()
    const file = host.open(new LauncherMemory(host.physical, host.frames))
    expect(file.write(words(0, PAGES, PGDIR, START, 0xffc00000), someone)).toBe(-EINVAL)
  })

  test('an era nobody knows is EINVAL', () => {
    const { host } = makeHost()
    const file = host.open(new LauncherMemory(host.physical, host.frames))
    expect(file.write(words(0xee << 8, PAGES, PGDIR, START, PAGE_OFFSET), someone)).toBe(-EINVAL)
  })

  test('B-I-017, B-I-019: the record ends its page; seven registers are set, the rest are 0', () => {
    const { host, cpu } = makeGuest()
    const page = host.physical.readBytes(cpu.regsFrame, PAGE_SIZE)
    expect(page.subarray(0, LGUEST_REGS_OFFSET).every((byte: number) => byte === 0)).toBe(true)
    const record = new Uint32Array(page.slice(LGUEST_REGS_OFFSET).buffer)
    expect([...record]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0x69, 0x69, 0, 0, START, 0x61, 0x202, 0, 0x69])
  })

  test('B-I-020, B-I-021: boot GDT set, timer ready but not started, owner remembered', () => {
    const { cpu, lg, task, mm } = makeGuest()
    expect([...cpu.gdt.subarray(24, 28)]).toEqual([0xffff, 0x00cfbb00, 0xffff, 0x00cfb300])
    expect(cpu.deadline).toBeNull()
    expect(lg.task).toBe(task)
    expect(lg.mm).toBe(mm)
    expect(cpu.lastPages).toBe(-1)
  })
})

describe('IRQ and BREAK', () => {
  test('B-I-027: EFAULT, EINVAL at the limit, otherwise pending', () => {
    const { file, task, cpu } = makeGuest()
    expect(file.write(words(2), task)).toBe(-EFAULT)
    expect(file.write(words(2, 32), task)).toBe(-EINVAL)
    expect(file.write(words(2, 31), task)).toBe(0)
    expect(cpu.irqsPending >>> 0).toBe(0x80000000)
  })

  test('B-I-028: it is delivered, if allowed, at the next run', () => {
    const world = makeKnownGuest()
    inKernel(world)
    hypercall(world, 'LOAD_IDT_ENTRY', 36, 0x601000, 0xc0018e00)
    run(world)
    world.mm.write32(DATA, 0x200)
    world.file.write(words(2, 4), world.task)
    expect(world.cpu.reg('eip')).toBe(START)
    run(world)
    expect(world.cpu.reg('eip')).toBe(0xc0011000)
  })

  test('B-I-023: GETDMA without a key is EFAULT, without a buffer ENOENT', () => {
    const { file, task } = makeKnownGuest()
    expect(file.write(words(1), task)).toBe(-EFAULT)
    expect(file.write(words(1, 0), task)).toBe(-ENOENT)
  })

  test('B-I-025, B-I-026, B-H-042: BREAK 1 brings the Launcher back until BREAK 0', () => {
    const world = makeKnownGuest()
    expect(world.file.write(words(3, 1), someone)).toBe(0)
    expect(run(world)).toEqual(error(EAGAIN))
    expect(run(world)).toEqual(error(EAGAIN))
    expect(world.file.write(words(3, 0), world.task)).toBe(0)
    expect(run(world)).toEqual({ kind: 'again' })
  })
})

describe('reads and close', () => {
  test('B-I-029, B-I-030: no Guest is EINVAL, not the owner EPERM', () => {
    const { host } = makeHost()
    const file = host.open(new LauncherMemory(host.physical, host.frames))
    expect(file.read(new Uint8Array(8), someone)).toEqual(error(EINVAL))
    expect(makeGuest().file.read(new Uint8Array(8), someone)).toEqual(error(EPERM))
  })

  test('B-I-031, B-H-028: dead with an error code: that code, every time', () => {
    const { file, lg, task } = makeGuest()
    killWithError(lg, ENOMEM)
    expect(file.read(new Uint8Array(8), task)).toEqual(error(ENOMEM))
    expect(file.read(new Uint8Array(8), task)).toEqual(error(ENOMEM))
  })

  test('B-I-032, B-I-033: the reason with its NUL, cut to the buffer, again and again', () => {
    const world = makeGuest()
    kill(world.lg, 'tired')
    const buffer = new Uint8Array(16)
    expect(run(world)).toEqual(error(ENOENT))
    expect(world.file.read(buffer, world.task)).toEqual({ kind: 'bytes', count: 6 })
    expect(new TextDecoder().decode(buffer.subarray(0, 6))).toBe('tired\0')
    expect(world.file.read(buffer.subarray(0, 3), world.task)).toEqual({ kind: 'bytes', count: 3 })
    expect(reason(world)).toBe('tired')
    expect(world.file.read(null, world.task)).toEqual(error(EFAULT))
  })

  test('B-I-034, B-I-035, B-H-040: an output is reported once, 8 bytes; EFAULT if they do not fit', () => {
    const world = makeKnownGuest()
    hypercall(world, 'SEND_DMA', 0, 0x6000)
    const buffer = new Uint8Array(8)
    expect(run(world, buffer)).toEqual({ kind: 'bytes', count: 8 })
    expect([...new Uint32Array(buffer.buffer)]).toEqual([0x6000, 0])
    expect(run(world)).toEqual({ kind: 'again' })
    hypercall(world, 'SEND_DMA', 0, 0x6000)
    expect(run(world, new Uint8Array(7))).toEqual(error(EFAULT))
  })

  test('B-I-035, B-H-041: a signal leaves with ERESTARTSYS', () => {
    const world = makeKnownGuest()
    world.task.signalPending = true
    expect(run(world)).toEqual(error(ERESTARTSYS))
  })

  test('B-H-042: output beats signal beats break', () => {
    const world = makeKnownGuest()
    world.task.signalPending = true
    world.lg.breakOut = true
    world.cpu.setReg('trapnum', 31)
    world.cpu.setReg('eax', 13)
    world.cpu.setReg('ebx', 0x6000)
    world.cpu.setReg('edx', 0)
    expect(run(world)).toEqual({ kind: 'bytes', count: 8 })
    expect(run(world)).toEqual(error(ERESTARTSYS))
    world.task.signalPending = false
    expect(run(world)).toEqual(error(EAGAIN))
  })

  test('B-I-036: closing an opening without a Guest returns 0', () => {
    const { host } = makeHost()
    expect(host.open(new LauncherMemory(host.physical, host.frames)).close()).toBe(0)
  })

  test('B-I-037, B-I-038: closing gives every frame back and wipes the slot', () => {
    const made = makeHost()
    const before = made.host.frames.inUse
    const world = makeKnownGuest(made)
    sliceEnd(world)
    expect(world.file.close()).toBe(0)
    expect(world.file.lg).toBeNull()
    expect(made.host.guests.every((slot) => slot === null)).toBe(true)
    expect(made.host.frames.inUse).toBe(before)
  })

  test('the Host remembers nothing of a file that is closed', () => {
    const made = makeHost()
    const world = makeKnownGuest(made)
    const other = made.host.open(new LauncherMemory(made.host.physical, made.host.frames))
    sliceEnd(world)
    expect(made.host.openings).toBe(2)
    world.file.close()
    expect(made.host.openings).toBe(1)
    expect(made.host.lastCpu).toBeNull()
    other.close()
    other.close()
    expect(made.host.openings).toBe(0)
  })
})

describe('kill', () => {
  test('B-H-027, B-H-029: the first reason stays and the Guest is not entered again', () => {
    const world = makeKnownGuest()
    kill(world.lg, 'first')
    kill(world.lg, 'second')
    killWithError(world.lg, ENOMEM)
    const entries = world.scripted.entries
    expect(run(world)).toEqual(error(ENOENT))
    expect(reason(world)).toBe('first')
    expect(world.scripted.entries).toBe(entries)
  })
})
