import { describe, expect, test } from 'vitest'
import { al, eax, ebp, ebx, esp, mem } from '../../generated/assembler/index.ts'
import { callNumber } from '../../generated/abi/common.ts'
import { ENOENT, ERESTARTSYS } from '../../generated/abi/errno.ts'
import { eraA } from '../../generated/abi/era-a.ts'
import { lgread, lgread32, lgwrite, lgwrite32 } from '../../generated/host/guest-memory.ts'
import { kill } from '../../generated/host/lg.ts'
import { makeGuest as makeGuestOf, makeWorld, seeded } from './guest-world.ts'
import { DATA, hypercall, inKernel, makeGuest, makeHost, makeKnownGuest, PAGE_OFFSET, reason, run, sliceEnd, STACK_TOP, START, trap } from './scripted-host.ts'
import type { World } from './scripted-host.ts'
import { DATA as DATA_PAGE, PAGE_OFFSET as KERNEL, PROGRAM, realHost, RESULTS, Tiny } from './tiny-guest.ts'
import type { Kernel, Made } from './tiny-guest.ts'

const error = (errno: number) => ({ kind: 'error', errno })

/** Gives the Guest a handler for a vector; type 0xe or 0xf. */
function gate(world: World, vector: number, handler: number, type = 0xf) {
  world.cpu.idt[vector * 2] = (0x61 << 16) | (handler & 0xffff)
  world.cpu.idt[vector * 2 + 1] = (handler & 0xffff0000) | 0x8000 | (type << 8)
}

describe('the loop', () => {
  test('B-H-038: leaving because of death is ENOENT', () => {
    const world = makeKnownGuest()
    trap(world, 3)
    expect(run(world)).toEqual(error(ENOENT))
  })

  test('B-H-039, B-H-050, B-H-059: a direct hypercall is done once, before anything else', () => {
    const world = makeKnownGuest()
    hypercall(world, 'TS', 8)
    sliceEnd(world)
    expect(run(world)).toEqual({ kind: 'again' })
    expect(world.cpu.ts).toBe(true)
    world.cpu.ts = false
    run(world)
    expect(world.cpu.ts).toBe(false)
  })

  test('B-H-045: death by hypercall is seen before the Guest could be entered', () => {
    const world = makeKnownGuest()
    hypercall(world, 99)
    const before = world.scripted.entries
    expect(run(world)).toEqual(error(ENOENT))
    expect(world.scripted.entries).toBe(before + 1)
    expect(reason(world)).toBe('Bad hypercall 99\n')
  })

  test('B-H-043, B-H-046, B-H-068: halted sleeps until the timer and is woken by an interrupt', () => {
    const world = makeKnownGuest()
    inKernel(world)
    hypercall(world, 'SET_CLOCKEVENT', 5_000_000)
    hypercall(world, 'HALT')
    expect(run(world)).toEqual({ kind: 'halted', until: 5000 })
    expect(run(world)).toEqual({ kind: 'halted', until: 5000 })
    gate(world, 32, START + 0x100)
    world.clock.time = 5000
    expect(run(world)).toEqual({ kind: 'again' })
    expect(world.cpu.halted).toBe(false)
    expect(world.cpu.reg('eip')).toBe(START + 0x100)
  })

  test('a Guest that halts without a timer sleeps until further notice', () => {
    const world = makeKnownGuest()
    hypercall(world, 'HALT')
    expect(run(world)).toEqual({ kind: 'halted', until: null })
  })

  test('B-H-048: CR0.TS is set when the Guest asked and cleared when it did not', () => {
    const world = makeKnownGuest()
    const seen: number[] = []
    world.host.fpuOwner = world.cpu
    for (const ts of [8, 0]) {
      hypercall(world, 'TS', ts)
      world.scripted.steps.push((cpu) => { seen.push(world.scripted.cr0 & 8); cpu.setReg('trapnum', 0x20) })
      run(world)
    }
    expect(seen).toEqual([8, 0])
  })

  test('B-H-051, B-H-057: the registers of the FPU follow the Guest that uses them', () => {
    const made = makeHost(48 << 20)
    const [first, second] = [makeKnownGuest(made), makeKnownGuest(made)]
    const calculate = (world: World, value: number) => {
      const seen: number[] = []
      if (made.host.fpuOwner !== world.cpu) {
        world.scripted.steps.push((cpu) => { expect(made.scripted.cr0 & 8).toBe(8); cpu.setReg('trapnum', 7) })
      }
      world.scripted.steps.push((cpu) => {
        expect(made.scripted.cr0 & 8).toBe(0)
        seen.push(made.scripted.fpu[0])
        made.scripted.fpu[0] = value
        cpu.setReg('trapnum', 0x20)
      })
      run(world)
      return seen[0]
    }
    expect([calculate(first, 11), calculate(first, 12), calculate(second, 21), calculate(first, 13), calculate(second, 22)]).toEqual([0, 11, 0, 12, 21])
    second.file.close()
    expect(made.host.fpuOwner).toBeNull()
    expect(calculate(first, 14)).toBe(13)
  })

  test('B-H-049: SYSENTER has no code segment while the Guest runs', () => {
    const world = makeKnownGuest()
    world.scripted.log.length = 0
    world.scripted.steps.push((cpu) => { expect(world.scripted.msr(0x174)).toBe(0); cpu.setReg('trapnum', 0x20) })
    world.file.read(new Uint8Array(8), world.task)
    expect(world.scripted.msr(0x174)).toBe(0x60)
  })
})

describe('dispatch', () => {
  test('B-H-052, B-H-053: a protection fault with a code, or of no port instruction, goes to the Guest', () => {
    for (const errcode of [0x18, 0]) {
      const world = makeKnownGuest()
      inKernel(world)
      gate(world, 13, START + 0x200)
      world.mm.writeBytes(0x10000, Uint8Array.of(0x0f, 0x30))
      trap(world, 13, { errcode })
      run(world)
      expect(world.cpu.reg('eip')).toBe(START + 0x200)
      expect(world.mm.read32(STACK_TOP - 16)).toBe(errcode)
    }
  })

  test('B-H-054, B-P-030: a page fault the Host can mend is not told', () => {
    const world = makeKnownGuest()
    trap(world, 14, { errcode: 2 })
    world.scripted.cr2 = PAGE_OFFSET + 0x9000
    run(world)
    expect(world.cpu.reg('eip')).toBe(START)
    expect(world.mm.read32(0x2000 + 9 * 4) & 0x60).toBe(0x60)
  })

  test('B-H-051, B-H-055: a page fault of its own: address in the data page, then the handler', () => {
    const world = makeKnownGuest()
    inKernel(world)
    gate(world, 14, START + 0x300)
    trap(world, 14, { errcode: 0 })
    world.scripted.cr2 = 0x1234
    run(world)
    expect(world.mm.read32(DATA + eraA.data.cr2)).toBe(0x1234)
    expect(world.cpu.reg('eip')).toBe(START + 0x300)
  })

  test('B-H-055: an address that cannot be stored kills', () => {
    const world = makeKnownGuest()
    world.lg.pfnLimit = DATA >>> 12
    trap(world, 14)
    world.scripted.cr2 = 0x1234
    run(world)
    expect(reason(world)).toBe('Writing cr2')
  })

  test('B-H-056: without a data page a fault only ends the Guest', () => {
    const world = makeGuest()
    trap(world, 14)
    world.scripted.cr2 = 0x1234
    run(world)
    expect(reason(world)).toBe(`unhandled trap 14 at 0x${START.toString(16)} (0x1234)`)
    expect(world.mm.read32(8)).toBe(0)
  })

  test('B-H-057: trap 7 runs on, unless the Guest asked for TS', () => {
    const world = makeKnownGuest()
    inKernel(world)
    gate(world, 7, START + 0x400)
    trap(world, 7)
    run(world)
    expect(world.cpu.reg('eip')).toBe(START)
    world.cpu.ts = true
    trap(world, 7)
    run(world)
    expect(world.cpu.reg('eip')).toBe(START + 0x400)
  })

  test('B-H-058: vectors from 32 up were the Host\'s own', () => {
    const world = makeKnownGuest()
    trap(world, 0x21)
    trap(world, 255)
    expect(run(world)).toEqual({ kind: 'again' })
  })

  test('B-H-060, B-H-061: other traps go to the Guest, and without a handler it dies', () => {
    const world = makeKnownGuest()
    trap(world, 0, { eip: 0xc0012345, errcode: 0 })
    run(world)
    expect(reason(world)).toBe('unhandled trap 0 at 0xc0012345 (0)')
    const other = makeKnownGuest()
    trap(other, 11, { eip: 0xc0012345, errcode: 0x50 })
    run(other)
    expect(reason(other)).toBe('unhandled trap 11 at 0xc0012345 (0x50)')
  })

  test('B-H-062, B-T-031: a fault in the Switcher is trap 256, which nobody can handle', () => {
    const world = makeKnownGuest()
    for (let vector = 0; vector < 256; vector++) gate(world, vector, START)
    trap(world, 256)
    run(world)
    expect(reason(world)).toBe(`unhandled trap 256 at 0x${START.toString(16)} (0)`)
  })

  test('a system call that reaches the Host is reflected', () => {
    const world = makeKnownGuest()
    inKernel(world)
    gate(world, 0x80, START + 0x500, 0xe)
    trap(world, 0x80)
    run(world)
    expect(world.cpu.reg('eip')).toBe(START + 0x500)
  })

  test('a dead Guest is not resurrected by its script', () => {
    const world = makeKnownGuest()
    kill(world.lg, 'done')
    trap(world, 31)
    world.file.read(null, world.task)
    expect(world.scripted.steps.length).toBe(1)
  })
})

describe('the account', () => {
  const SLICE = 30_000
  const spent = (tiny: Tiny) => {
    const { guest, host, launcher } = tiny.task.account.spent
    return guest + host + launcher
  }
  /** Guests that never end, each doing one thing. */
  const storms: Record<string, (k: Kernel) => void> = {
    'nothing at all': () => {},
    'hypercalls': (k) => k.hcall('TS', 0),
    'records to its Launcher': (k) => k.hcall('SEND_DMA', 0, RESULTS),
    'port instructions': (k) => k.out(0x80, al),
    'page faults': (k) => {
      k.mov(mem(KERNEL + PROGRAM), eax)
      k.hcall('FLUSH_TLB', 1)
    },
    'faults of its own': (k) => { k.mov(eax, mem(0x1000)); },
    'code that rewrites itself': (k) => {
      const next = k.label()
      k.inc(eax).mov(mem(next, 1), eax)
      k.bind(next).mov(ebx, 1)
    },
  }
  const storm = (made: Made, name: string) => new Tiny(made, (k) => {
    const [top, handler] = [k.label(), k.label()]
    k.begin().gate(14, handler)
    k.mov(ebp, esp)
    k.bind(top)
    storms[name](k)
    k.jmp(top)
    k.bind(handler)
    k.mov(esp, ebp)
    k.jmp(top)
  })

  test.each(Object.keys(storms))('%s: a turn is over after a slice of work, whoever does it', (name) => {
    const tiny = storm(realHost({ slice: SLICE, checkTlb: false, deterministic: false }), name)
    let total = 0
    for (let turn = 0; turn < 20; turn++) {
      const before = spent(tiny)
      let reads = 0
      while (tiny.read().kind === 'bytes') reads++
      expect(tiny.file.lg!.dead).toBeNull()
      const cost = spent(tiny) - before
      total += cost
      expect(cost).toBeLessThan(SLICE + 3000)
      expect(reads).toBeLessThan(SLICE / 400)
    }
    expect(total).toBeGreaterThan(19 * SLICE)
  })

  test.each(Object.keys(storms))('%s beside a Guest that computes: each has its half', (name) => {
    const made = realHost({ slice: SLICE, checkTlb: false, deterministic: false })
    const [loud, quiet] = [storm(made, name), storm(made, 'nothing at all')]
    for (let turn = 0; turn < 40; turn++) {
      for (const each of [loud, quiet]) while (each.read().kind === 'bytes');
    }
    expect(spent(quiet) / (spent(loud) + spent(quiet))).toBeGreaterThan(0.4)
    expect(quiet.task.account.spent.guest).toBeGreaterThan(40 * SLICE * 0.9)
  })

  test('a ring of calls is left when the turn is over, and each call is made once', () => {
    const world = makeKnownGuest()
    const calls = eraA.hypercall.ringSlots
    const seen: number[] = []
    for (let slot = 0; slot < calls; slot++) {
      const at = DATA + eraA.data.hcalls + slot * eraA.hypercall.slotSize
      world.mm.write32(at, callNumber(eraA, 'SET_CLOCKEVENT'))
      world.mm.write32(at + 4, 1000 * (slot + 1))
    }
    hypercall(world, 'TS', 8)
    const [ask] = world.scripted.steps
    world.scripted.steps[0] = (cpu) => {
      world.mm.writeBytes(DATA + eraA.data.hcallStatus, new Uint8Array(calls))
      ask(cpu)
    }
    sliceEnd(world)
    world.task.account.slice = 650
    for (let turn = 0; turn < calls && world.scripted.steps.length > 0; turn++) {
      expect(world.cpu.ts).toBe(false)
      expect(world.file.read(null, world.task)).toEqual({ kind: 'again' })
      seen.push(world.cpu.nextHcall)
    }
    expect(world.cpu.ts).toBe(true)
    expect(seen.filter((place) => place % calls !== 0).length).toBeGreaterThan(5)
    expect(world.cpu.deadline).toBe(calls)
    expect([...world.mm.readBytes(DATA + eraA.data.hcallStatus, calls)]).toEqual(new Array(calls).fill(0xff))
  })

  test('what is owed is paid in turns, in which the Guest is not entered but answers', () => {
    const world = makeKnownGuest()
    const { account } = world.task
    account.charge('launcher', account.left + 2.5 * account.slice)
    const before = world.scripted.entries
    for (let turn = 0; turn < 2; turn++) expect(run(world)).toEqual({ kind: 'again' })
    expect(world.scripted.entries).toBe(before)
    expect(account.forfeited).toBe(2)
    world.task.signalPending = true
    expect(run(world)).toEqual(error(ERESTARTSYS))
    world.task.signalPending = false
    run(world)
    expect(world.scripted.entries).toBe(before + 1)
  })
})

describe('a Guest that takes interrupts only between its visits', () => {
  test.each([0, 1, 7, 50])('gets its clock all the same, %i nops apart', (nops) => {
    const made = realHost({ slice: 5000, checkTlb: false })
    const tiny = new Tiny(made, (k) => {
      const [tick, top] = [k.label(), k.label()]
      k.begin().gate(32, tick, 0xe)
      k.hcall('SET_CLOCKEVENT', 1)
      k.bind(top)
      const enabled = mem(KERNEL + DATA_PAGE + eraA.data.irqEnabled)
      k.mov(enabled.dword, 0x200)
      for (let n = 0; n < nops; n++) k.nop()
      k.mov(enabled.dword, 0)
      k.hcall('TS', 0)
      k.jmp(top)
      k.bind(tick)
      k.end()
    })
    // In step: a round of the loop takes a divisor of the slice.
    const { account } = tiny.task
    tiny.read()
    const before = account.left
    account.slice = 10 * (nops + 6 + 500)
    account.charge('host', before)
    expect(tiny.runToEnd(3000)).toMatch(/^CRASH/)
  })
})

test('a Guest that dies between two reads is told to be dead before it is told why', () => {
  const world = makeKnownGuest()
  kill(world.lg, 'a message from next door')
  const buffer = new Uint8Array(100)
  expect(run(world, buffer)).toEqual(error(ENOENT))
  expect(run(world, buffer)).toMatchObject({ kind: 'bytes' })
  expect(reason(world)).toBe('a message from next door')
})

describe('H:032 checked access never leaves the Guest', () => {
  test('B-H-035 B-H-036 random ranges: inside they agree with the memory, outside they die', () => {
    const random = seeded(32)
    const pages = 3
    const end = pages * 4096
    const world = makeWorld({ ram: 17 << 20, hostArea: 16 << 20 })
    const before = makeGuestOf(world, 1, 0)
    const guest = makeGuestOf(world, pages, 1)
    const after = makeGuestOf(world, 1, 2)
    const model = new Uint8Array(end)
    for (let i = 0; i < 3000; i++) {
      const near = random() < 0.5 ? end - 64 : random() < 0.9 ? 0 : 0xffffff80
      const address = Math.floor(near + random() * 128 * (random() < 0.3 ? 64 : 1)) >>> 0
      const length = Math.floor(random() * 5000)
      const inside = address + length < end
      guest.lg.dead = null
      if (random() < 0.5) {
        const bytes = new Uint8Array(length).fill(i)
        lgwrite(guest.lg, address, bytes)
        if (inside) model.set(bytes, address)
      } else {
        const want = inside ? model.slice(address, address + length) : new Uint8Array(length)
        expect(Buffer.compare(lgread(guest.lg, address, length), want)).toBe(0)
      }
      expect(guest.lg.dead === null).toBe(inside)
    }
    expect(guest.mm.readBytes(0, end)).toEqual(model)
    for (const neighbour of [before, after]) {
      expect(neighbour.mm.readBytes(0, 4096).every((byte) => byte === 0)).toBe(true)
    }
  })
  test('B-H-033 B-H-034 words as well', () => {
    const guest = makeGuestOf(makeWorld(), 2)
    for (const address of [0x1ffc, 0x1ffd, 0x2000, 0xfffffffc, 0xffffffff]) {
      guest.lg.dead = null
      expect(lgread32(guest.lg, address)).toBe(0)
      expect(guest.lg.dead).toMatch(/^bad read address/)
      guest.lg.dead = null
      lgwrite32(guest.lg, address, 1)
      expect(guest.lg.dead).toMatch(/^bad write address/)
    }
  })
})
