import { describe, expect, test } from 'vitest'
import { ax, cs, eax, ebp, ebx, ecx, edi, edx, es, esi, esp, gs, mem } from '../../generated/assembler/index.ts'
import { lguestState } from '../../generated/switcher/layout.ts'
import { makeGuest, makeHost, makeKnownGuest, run } from '../H-host/scripted-host.ts'
import { PAGE_OFFSET, PROGRAM, realHost, RESULTS, Tiny } from '../H-host/tiny-guest.ts'

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

  test('B-S-006, B-S-008: after another Guest everything is copied again', () => {
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

describe('crossing over and back, on the real machine', () => {
  test('a Guest lives, talks and dies', () => {
    const tiny = new Tiny(realHost(), (k) => k.begin().end())
    tiny.mm.writeBytes(RESULTS + 0x800, new TextEncoder().encode('goodbye'))
    expect(tiny.runToEnd()).toBe('CRASH: goodbye')
  })

  test('B-S-001, B-S-002, B-S-014, B-S-015, B-S-016: every register survives a hypercall', () => {
    const tiny = new Tiny(realHost(), (k) => {
      k.begin()
      const values = [[ecx, 1], [edx, 2], [ebx, 3], [ebp, 4], [esi, 5], [edi, 6]] as const
      for (const [reg, value] of values) k.mov(reg, value * 0x01010101)
      k.stc()
      k.mov(eax, 0)
      k.int(0x1f)
      k.pushf()
      for (const [reg, value] of values) k.mov(mem(PAGE_OFFSET + RESULTS + value * 4), reg)
      k.pop(eax)
      k.store(0)
      k.mov(mem(PAGE_OFFSET + RESULTS + 28), esp)
      k.end()
    })
    expect(tiny.runToEnd()).toBe('CRASH: ')
    for (let value = 1; value <= 6; value++) expect(tiny.result(value)).toBe(value * 0x01010101)
    expect(tiny.result(0) & 0x201).toBe(0x201)
    expect(tiny.result(7)).toBe(PAGE_OFFSET + 0xa000)
  })

  test('B-S-017, B-H-058, B-T-001: a spinning Guest is stopped by a real interrupt the Host handles', () => {
    const made = realHost()
    const tiny = new Tiny(made, (k) => { k.begin(); const loop = k.here(); k.jmp(loop) })
    for (let slice = 1; slice <= 3; slice++) {
      expect(tiny.read()).toEqual({ kind: 'again' })
      expect(made.host.interruptsHandled(0x20)).toBe(slice)
    }
  })

  test('B-H-047: a real interrupt waits until the Guest runs, and the Host handles it', () => {
    const made = realHost()
    const tiny = new Tiny(made, (k) => { k.begin(); const loop = k.here(); k.jmp(loop) })
    made.machine.cpu.raise(0x40)
    expect(made.host.interruptsHandled(0x40)).toBe(0)
    expect(tiny.read()).toEqual({ kind: 'again' })
    expect([made.host.interruptsHandled(0x40), made.host.interruptsHandled(0x20)]).toEqual([1, 1])
    expect(made.machine.cpu.eflags & 0x200).toBe(0)
  })

  test('B-S-018, B-S-019: ring 1, and the true interrupt flag on', () => {
    const tiny = new Tiny(realHost(), (k) => {
      k.begin()
      k.pushf()
      k.pop(eax)
      k.store(0)
      k.xor(eax, eax)
      k.mov(ax, cs)
      k.store(1)
      k.end()
    })
    tiny.runToEnd()
    expect(tiny.result(0) & 0x3200).toBe(0x200)
    expect(tiny.result(1)).toBe(0x61)
  })

  test('B-S-020: the Guest cannot write the page with its tables', () => {
    const made = realHost()
    const tiny = new Tiny(made, (k) => {
      k.begin()
      k.mov(eax, mem(made.host.pagesAddress + 0x1000))
      k.store(0)
      k.mov(mem(made.host.pagesAddress + 0x1000).dword, 0)
      k.end()
    })
    expect(tiny.runToEnd()).toMatch(/^unhandled trap 14 at 0xc001.* \(0xffc02000\)$/)
    expect(tiny.result(0)).toBe(made.host.pageDirectory)
  })

  test('B-S-003: nothing else of the Switcher\'s last four megabytes is there', () => {
    const made = realHost()
    const tiny = new Tiny(made, (k) => { k.begin(); k.mov(eax, mem(made.host.pagesAddress + 0x2000)); k.end() })
    expect(tiny.runToEnd()).toContain('unhandled trap 14')
  })

  test('B-S-013: a stumble over a segment is trap 256', () => {
    const tiny = new Tiny(realHost(), (k) => {
      k.begin().segments()
      k.mov(eax, 0x7b)
      k.mov(gs, ax)
      k.mov(mem(PAGE_OFFSET + 0x6000 + 15 * 8 + 4).dword, 0)
      k.hcall('LOAD_GDT', 0x6000, 32).end()
    })
    expect(tiny.runToEnd()).toContain('unhandled trap 256')
  })

  test('a stumble of the entering IRET is trap 256 too', () => {
    const tiny = new Tiny(realHost(), (k) => {
      k.begin().segments()
      k.mov(mem(PAGE_OFFSET + 0x6000 + 12 * 8 + 4).dword, 0)
      k.hcall('LOAD_GDT', 0x6000, 32).end()
    })
    expect(tiny.runToEnd()).toContain('unhandled trap 256')
  })

  test('two Guests take turns and do not disturb each other', () => {
    const made = realHost({ slice: 777 })
    const counter = (step: number) => new Tiny(made, (k) => {
      k.begin()
      k.xor(eax, eax)
      const loop = k.here()
      k.add(eax, step)
      k.store(0)
      k.cmp(eax, step * 5000)
      k.jne(loop)
      k.end()
    })
    const guests = [counter(1), counter(3)]
    let alive = 2
    for (let turn = 0; alive > 0 && turn < 500; turn++) {
      alive = guests.filter((guest) => guest.read().kind === 'again').length
    }
    expect(alive).toBe(0)
    expect(guests.map((guest) => guest.result(0))).toEqual([5000, 15000])
  })

  test('a Guest that loads SS again and again gives the processor back like any other', () => {
    const made = realHost({ slice: 2000 })
    const tiny = new Tiny(made, (k) => {
      k.begin().mov(eax, 0x69)
      const loop = k.here()
      for (let n = 0; n < 50; n++) k.db(0x8e, 0xd0)
      k.jmp(loop)
    })
    for (let turn = 0; turn < 5; turn++) {
      const before = made.host.cpu.instructions
      expect(tiny.read().kind).toBe('again')
      expect(made.host.cpu.instructions - before).toBeLessThan(2000 + 500)
    }
  })

  test('one that is not interrupted is shown out, and the next is not disturbed', () => {
    for (const pae of [false, true]) {
      const made = realHost({ slice: 1000 })
      const deaf = new Tiny(made, (k) => {
        k.begin()
        k.jmp(k.here())
      })
      const other = new Tiny(made, (k) => {
        k.begin().mov(eax, 7)
        k.store(0).end()
      })
      deaf.read()
      if (pae) made.host.homeFor(true)
      const { setTimer } = made.host.cpu
      made.host.cpu.setTimer = () => {}
      made.host.cpu.lower(0x20)
      expect(deaf.runToEnd()).toBe('did not give the processor back')
      made.host.cpu.setTimer = setTimer
      other.runToEnd()
      expect(other.result(0)).toBe(7)
    }
  })

  test('B-T-035: a system call of a program goes straight to its kernel', () => {
    const made = realHost()
    let entries = 0
    const enter = made.host.enter.bind(made.host)
    made.host.enter = (directory) => { entries++; return enter(directory) }
    const tiny = new Tiny(made, (k) => {
      const handler = k.label()
      const program = k.label()
      k.begin().segments().gate(0x80, handler, 0xf, 3)
      k.toRing3(program)
      k.bind(handler)
      k.inc(eax)
      k.store(0)
      k.iret()
      k.bind(program)
      k.mov(eax, 0)
      const loop = k.here()
      k.int(0x80)
      k.cmp(eax, 100)
      k.jne(loop)
      k.int(0x1f)
    })
    expect(tiny.runToEnd()).toMatch(/^unhandled trap 13 at 0xc001.* \(0xfa\)$/)
    expect(tiny.result(0)).toBe(100)
    expect(entries).toBeLessThan(20)
    expect(PROGRAM).toBe(0x40000)
  })

  test('the Host\'s data segment is back after a Guest with strange ones', () => {
    const made = realHost()
    const tiny = new Tiny(made, (k) => { k.begin(); k.push(0); k.pop(es); k.push(0); k.pop(gs); k.end() })
    expect(tiny.runToEnd()).toBe('CRASH: ')
    expect([0, 2, 3].map((i) => made.machine.cpu.segment(i).selector)).toEqual([0x68, 0x58, 0x68])
    expect(made.machine.cpu.cr3).toBe(made.host.pageDirectory)
  })
})
