import { describe, expect, test } from 'vitest'
import { eraB3 } from '../../generated/abi/era-b3.ts'
import { InstructionClock, RealClock } from '../../generated/host/clock.ts'
import { deliverTrap, setInterrupt, tryDeliverInterrupt } from '../../generated/host/interrupts-and-traps.ts'
import { eax, ebx, esp, mem } from '../../generated/assembler/index.ts'
import { DATA, hypercall, inKernel, makeGuest, PAGE_OFFSET, PAGES, run, STACK_TOP, START } from './scripted-host.ts'
import { DATA as TINY_DATA, realHost, RESULTS, Tiny } from './tiny-guest.ts'
import { enabled, HANDLER, layout, load, pushed, ready } from './interrupting.ts'

describe('the timer', () => {
  test('B-T-052 to B-T-055: one-shot, replaced by a later setting, cancelled by 0', () => {
    const world = ready()
    hypercall(world, 'SET_CLOCKEVENT', 1000)
    run(world)
    hypercall(world, 'SET_CLOCKEVENT', 3_000_000)
    run(world)
    world.clock.time += 2999
    run(world)
    expect(world.cpu.irqsPending).toBe(0)
    world.clock.time += 1
    run(world)
    expect(world.cpu.irqsPending).toBe(1)
    expect(world.cpu.deadline).toBeNull()
    world.cpu.irqsPending = 0
    hypercall(world, 'SET_CLOCKEVENT', 1000)
    hypercall(world, 'SET_CLOCKEVENT', 0)
    run(world)
    world.clock.time += 1e6
    run(world)
    expect(world.cpu.irqsPending).toBe(0)
  })

  test('instruction time runs with the counter, and is moved when all sleep', () => {
    const counter = { instructions: 5000 }
    const clock = new InstructionClock(counter, 100, 7e15)
    expect(clock.now()).toBe(50)
    expect(clock.instructionsUntil(60)).toBe(1000)
    expect(clock.instructionsUntil(null)).toBe(Infinity)
    clock.skipTo(80)
    clock.skipTo(10)
    expect(clock.now()).toBe(80)
    counter.instructions += 100
    expect(clock.wall()).toBe(7e15 + 81)
  })

  test('real time learns how fast the processor is, and forgets what it slept', () => {
    const counter = { instructions: 0 }
    let now = 1e6
    const clock = new RealClock(() => now, () => 0, counter)
    const guess = () => clock.instructionsUntil(now + 1000)
    guess()
    for (let turn = 0; turn < 12; turn++) {
      now += 1000
      counter.instructions += 80_000
      guess()
    }
    expect(guess() / 80_000).toBeCloseTo(1, 2)
    now += 5e6
    expect(guess() / 80_000).toBeCloseTo(1, 2)
    now += 1000
    counter.instructions += 20_000
    expect(guess() / 50_000).toBeCloseTo(1, 2)
    now += 10
    expect(guess() / 50_000).toBeCloseTo(1, 2)
  })

  test('real time is what it is told', () => {
    const clock = new RealClock(() => 3, () => 5, { instructions: 0 })
    expect([clock.now(), clock.wall(), clock.tscKhz, clock.instructionsUntil(null)]).toEqual([3, 5, 1_000_000, Infinity])
  })
})

describe('virtual interrupts', () => {
  test('B-T-014, B-H-067: without a data page nothing is pending', () => {
    const world = makeGuest()
    setInterrupt(world.cpu, 5)
    run(world)
    expect(world.cpu.irqsPending).toBe(1 << 5)
    expect(world.cpu.reg('eip')).toBe(START)
  })

  test('B-T-015, B-T-016: blocked ones wait, the lowest goes first, one a pass', () => {
    const world = ready()
    for (const vector of [35, 36]) load(world, vector, 0xf, HANDLER + vector)
    world.mm.write32(DATA + layout.blockedInterrupts, 1 << 3)
    for (const irq of [5, 4, 3]) setInterrupt(world.cpu, irq)
    tryDeliverInterrupt(world.cpu)
    expect(world.cpu.reg('eip')).toBe(HANDLER + 36)
    expect(world.cpu.irqsPending).toBe((1 << 5) | (1 << 3))
  })

  test('B-T-015: an unreadable blocked set means none', () => {
    const world = ready()
    setInterrupt(world.cpu, 5)
    world.lg.pfnLimit = 1
    tryDeliverInterrupt(world.cpu)
    expect(world.cpu.irqsPending).toBe(1 << 5)
    expect(world.lg.dead).toBeNull()
  })

  test('B-T-017: the no-interrupt window has its start in it and its end not', () => {
    const world = ready()
    world.lg.noirqStart = START + 0x10
    world.lg.noirqEnd = START + 0x14
    setInterrupt(world.cpu, 5)
    for (const eip of [START + 0x10, START + 0x13]) {
      world.cpu.setReg('eip', eip)
      tryDeliverInterrupt(world.cpu)
      expect(world.cpu.reg('eip')).toBe(eip)
    }
    world.cpu.setReg('eip', START + 0x14)
    tryDeliverInterrupt(world.cpu)
    expect(world.cpu.reg('eip')).toBe(HANDLER)
  })

  test('B-T-018: a halted Guest is started again, its interrupts on', () => {
    const world = ready(0xf)
    world.cpu.halted = true
    enabled(world, 0)
    setInterrupt(world.cpu, 5)
    tryDeliverInterrupt(world.cpu)
    expect(world.cpu.halted).toBe(false)
    expect(enabled(world)).toBe(0x200)
    expect(world.cpu.reg('eip')).toBe(HANDLER)
  })

  test('B-T-018: a halted Guest whose word cannot be written dies of it', () => {
    const world = ready()
    const hole = PAGES * 4096
    world.mm.mapZeroed(hole + 4096, 1)
    Object.assign(world.lg, { pfnLimit: PAGES + 4, data: hole + 4096 - layout.blockedInterrupts })
    world.cpu.halted = true
    setInterrupt(world.cpu, 5)
    tryDeliverInterrupt(world.cpu)
    expect(world.lg.dead).toBe('Re-enabling interrupts')
  })

  test('B-T-019: not halted and disabled: nothing is delivered', () => {
    for (const word of [0, 0x46]) {
      const world = ready()
      enabled(world, word)
      setInterrupt(world.cpu, 5)
      tryDeliverInterrupt(world.cpu)
      expect(world.cpu.reg('eip')).toBe(START)
      expect(world.cpu.irqsPending).toBe(1 << 5)
    }
  })

  test('B-T-020, B-T-021: without a gate at 32+n the interrupt stays pending', () => {
    const world = ready()
    setInterrupt(world.cpu, 6)
    tryDeliverInterrupt(world.cpu)
    expect(world.cpu.irqsPending).toBe(1 << 6)
    expect(world.cpu.reg('eip')).toBe(START)
  })

  test('B-T-022, B-T-023: the bit is cleared, a frame without code built, the time refreshed', () => {
    const world = ready()
    world.clock.time = 7_000_000
    setInterrupt(world.cpu, 5)
    tryDeliverInterrupt(world.cpu)
    expect(world.cpu.irqsPending).toBe(0)
    expect(pushed(world, STACK_TOP)).toEqual([START, 0x61, 0x202])
    expect(world.mm.read32(DATA + layout.timeSeconds)).toBe(1_190_000_007)
  })

  test('B-T-024, B-T-019, X-05: a later Guest is told whether more interrupts wait', () => {
    const world = ready(0xf)
    load(world, 32 + 6, 0xf)
    const pending = () => world.mm.read32(DATA + eraB3.data.irqPending!)
    Object.assign(world.lg, { era: eraB3 })
    const bits = (value: number) => world.mm.write32(DATA + eraB3.data.irqEnabled, value)
    bits(0)
    for (const irq of [6, 5]) setInterrupt(world.cpu, irq)
    tryDeliverInterrupt(world.cpu)
    expect([pending(), world.cpu.reg('eip')]).toEqual([0x200, START])
    bits(0x200)
    tryDeliverInterrupt(world.cpu)
    expect([pending(), world.cpu.irqsPending]).toEqual([0x200, expect.any(Number)])
    tryDeliverInterrupt(world.cpu)
    expect([pending(), world.cpu.irqsPending]).toEqual([0, 0])
  })

  test('B-T-025: raising an interrupt wakes whoever waits', () => {
    const world = ready()
    let woken = 0
    world.lg.task.wake = () => { woken++ }
    setInterrupt(world.cpu, 5)
    expect(woken).toBe(1)
  })
})

describe('frames', () => {
  test('B-T-006, B-T-008: from ring 3, the registered stack, old SS and ESP first', () => {
    const world = ready()
    hypercall(world, 'SET_STACK', 0x69, PAGE_OFFSET + 0x9000, 1)
    run(world)
    load(world, 13, 0xf)
    for (const [name, value] of [['ss', 0x7b], ['esp', 0x0804a000], ['cs', 0x73], ['eip', 0x08048123], ['errcode', 0x1a]] as const) world.cpu.setReg(name, value)
    expect(deliverTrap(world.cpu, 13)).toBe(true)
    expect(pushed(world, 0x9000)).toEqual([0x1a, 0x08048123, 0x73, 0x202, 0x0804a000, 0x7b])
  })

  test('B-T-007, B-T-011: from ring 1 the current stack goes on', () => {
    const world = ready()
    setInterrupt(world.cpu, 5)
    tryDeliverInterrupt(world.cpu)
    expect(world.cpu.reg('esp')).toBe(PAGE_OFFSET + STACK_TOP - 12)
    expect(world.cpu.reg('ss')).toBe(0x69)
    expect(world.cpu.reg('cs')).toBe(0x61)
    expect(world.cpu.reg('eip')).toBe(HANDLER)
  })

  test('B-T-009: IF in the frame is what the Guest believes, the true one stays on', () => {
    const world = ready()
    load(world, 3, 0xf)
    enabled(world, 0)
    expect(deliverTrap(world.cpu, 3)).toBe(true)
    expect(pushed(world, STACK_TOP)[2]).toBe(0x002)
    expect(world.cpu.reg('eflags')).toBe(0x202)
  })

  test('B-T-010, X-29: without a data page IF is left, a trap gate works, an interrupt gate kills', () => {
    const world = makeGuest()
    inKernel(world)
    world.cpu.idt.set([(0x61 << 16) | (HANDLER & 0xffff), (HANDLER & 0xffff0000) | 0x8f00], 6)
    expect(deliverTrap(world.cpu, 3)).toBe(true)
    expect(pushed(world, STACK_TOP)[2]).toBe(0x202)
    expect(world.lg.dead).toBeNull()
    world.cpu.idt[7] = (HANDLER & 0xffff0000) | 0x8e00
    deliverTrap(world.cpu, 3)
    expect(world.lg.dead).toBe('Disabling interrupts')
  })

  test('B-T-012: an interrupt gate turns the Guest\'s word off, a trap gate does not', () => {
    for (const [type, after] of [[0xe, 0], [0xf, 0x200]]) {
      const world = ready(type)
      setInterrupt(world.cpu, 5)
      tryDeliverInterrupt(world.cpu)
      expect(enabled(world)).toBe(after)
    }
  })

  test('the handler starts with TF, NT and RF off', () => {
    const world = ready()
    load(world, 3, 0xf)
    world.cpu.setReg('eflags', 0x14302)
    deliverTrap(world.cpu, 3)
    expect(world.cpu.reg('eflags')).toBe(0x202)
    expect(pushed(world, STACK_TOP)[2]).toBe(0x14302)
  })

  test('X-23: a frame may cross into a page that lies elsewhere', () => {
    const world = ready()
    world.mm.write32(0x2000 + 7 * 4, (0x20 << 12) | 7)
    world.cpu.setReg('esp', PAGE_OFFSET + 0x8004)
    setInterrupt(world.cpu, 5)
    tryDeliverInterrupt(world.cpu)
    expect(world.mm.read32(0x8000)).toBe(0x202)
    expect(world.mm.read32(0x20ff8)).toBe(START)
  })

  test('B-T-005: a stack outside memory kills and harms nobody', () => {
    const world = ready()
    world.cpu.setReg('esp', PAGE_OFFSET + 0x300000)
    setInterrupt(world.cpu, 5)
    tryDeliverInterrupt(world.cpu)
    expect(world.lg.dead).not.toBeNull()
  })
})

describe('traps', () => {
  test('B-T-030, X-04: seven traps push an error code', () => {
    for (let vector = 0; vector < 32; vector++) {
      const world = ready()
      world.cpu.idt.set([(0x61 << 16) | (HANDLER & 0xffff), (HANDLER & 0xffff0000) | 0x8f00], vector * 2)
      world.cpu.setReg('errcode', 0x77)
      deliverTrap(world.cpu, vector)
      expect(pushed(world, STACK_TOP).length, `trap ${vector}`).toBe([8, 10, 11, 12, 13, 14, 17].includes(vector) ? 4 : 3)
    }
  })

  test('B-T-031, B-T-032: beyond the table, or not present: false', () => {
    const world = ready()
    expect(deliverTrap(world.cpu, 256)).toBe(false)
    expect(deliverTrap(world.cpu, 100000)).toBe(false)
    expect(deliverTrap(world.cpu, 3)).toBe(false)
  })
})

describe('on the real machine', () => {
  const enabled = PAGE_OFFSET + TINY_DATA
  const count = mem(PAGE_OFFSET + RESULTS)

  test('B-T-002, B-T-013, B-T-053: the timer strikes a spinning kernel, whose IRET undoes the frame', () => {
    const tiny = new Tiny(realHost(), (k) => {
      const handler = k.label()
      k.begin().gate(32, handler, 0xe)
      k.hcall('SET_CLOCKEVENT', 50_000)
      k.mov(mem(PAGE_OFFSET + RESULTS + 4), esp)
      k.mov(mem(enabled).dword, 0x200)
      k.mov(eax, 0x1234)
      const loop = k.here()
      k.cmp(count.dword, 3)
      k.jne(loop)
      k.store(2)
      k.mov(mem(PAGE_OFFSET + RESULTS + 12), esp)
      k.end()
      k.bind(handler)
      k.pusha()
      k.inc(count.dword)
      k.hcall('SET_CLOCKEVENT', 50_000)
      k.popa()
      k.mov(mem(enabled).dword, 0x200)
      k.iret()
    })
    expect(tiny.runToEnd()).toBe('CRASH: ')
    expect([tiny.result(0), tiny.result(2)]).toEqual([3, 0x1234])
    expect(tiny.result(3)).toBe(tiny.result(1))
  })

  test('B-T-018, B-T-055: a halted Guest is woken by its timer', () => {
    const made = realHost()
    const tiny = new Tiny(made, (k) => {
      const handler = k.label()
      k.begin().gate(32, handler, 0xe)
      k.hcall('SET_CLOCKEVENT', 5_000_000)
      k.hcall('HALT')
      k.end()
      k.bind(handler)
      k.inc(count.dword)
      k.iret()
    })
    expect(tiny.runToEnd()).toBe('CRASH: ')
    expect(tiny.result(0)).toBe(1)
    expect(made.clock.now()).toBeGreaterThanOrEqual(5000)
  })

  test('B-T-051: after everything was thrown away a direct trap still finds its stack', () => {
    const tiny = new Tiny(realHost(), (k) => {
      const handler = k.label()
      const program = k.label()
      const again = k.label()
      k.begin().segments().gate(0x80, handler, 0xf, 3)
      k.mov(ebx, 0)
      k.bind(again)
      k.toRing3(program)
      k.bind(handler)
      k.inc(count.dword)
      k.mov(esp, PAGE_OFFSET + 0xa000)
      k.hcall('FLUSH_TLB', 1)
      k.cmp(count.dword, 5)
      k.jne(again)
      k.end()
      k.bind(program)
      k.int(0x80)
    })
    expect(tiny.runToEnd()).toBe('CRASH: ')
    expect(tiny.result(0)).toBe(5)
  })
})
