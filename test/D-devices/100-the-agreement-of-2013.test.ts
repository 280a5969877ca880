/** Era B3: its numbers, and a tiny Guest that speaks it on the real machine. */
import { describe, expect, test } from 'vitest'
import { callNumber, LHREQ_ERA_SHIFT } from '../../generated/abi/common.ts'
import type { CallName } from '../../generated/abi/common.ts'
import { eraB3 } from '../../generated/abi/era-b3.ts'
import { eraByTag } from '../../generated/abi/eras.ts'
import { ERESTART } from '../../generated/abi/errno.ts'
import { al, ax, Assembler, dx, eax, ebx, ecx, edx, esi, esp, mem } from '../../generated/assembler/index.ts'
import { LauncherMemory, Task } from '../../generated/host/mm.ts'
import { realHost } from '../H-host/tiny-guest.ts'

const CODE = 0x10000
const DATA = 0x4000
const SEEN = 0x7000
const PAGES = 512
const { data } = eraB3

/** A kernel in linear mode: virtual is physical. */
class Kernel extends Assembler {
  constructor() { super(CODE) }

  call3(name: CallName | number, a = 0, b = 0, c = 0, d = 0): this {
    for (const [register, value] of [[ebx, a], [ecx, b], [edx, c], [esi, d]] as const) this.mov(register, value)
    this.mov(eax, typeof name === 'number' ? name : callNumber(eraB3, name))
    this.int(0x1f)
    return this
  }
}

/** Boots the kernel's code; every read's outcome until the Guest dies. */
function boot(write: (k: Kernel) => void, prepare: (mm: LauncherMemory) => void = () => {}) {
  const { host } = realHost()
  const mm = new LauncherMemory(host.physical, host.frames)
  mm.mapZeroed(0, PAGES)
  mm.write32(DATA + data.kernelAddress!, 0xc0000000)
  mm.write32(DATA + data.syscallVector!, 0x80)
  mm.writeBytes(DATA + data.hcallStatus, new Uint8Array(64).fill(0xff))
  prepare(mm)
  const kernel = new Kernel()
  kernel.mov(esp, 0x9000)
  kernel.call3('LGUEST_INIT', DATA)
  write(kernel)
  mm.writeBytes(CODE, kernel.assemble().bytes)
  const task = new Task('test')
  const file = host.open(mm)
  const request = eraB3.tag << LHREQ_ERA_SHIFT
  expect(file.write(Uint32Array.of(request, 0, PAGES, CODE), task)).toBe(12)
  const events: (number[] | string)[] = []
  const buffer = new Uint8Array(64)
  for (let turn = 0; turn < 50; turn++) {
    const result = file.read(buffer, task)
    if (result.kind === 'bytes') events.push([...new Uint32Array(buffer.slice(0, result.count).buffer)])
    if (result.kind === 'halted') { events.push('halted'); break }
    if (result.kind !== 'error') continue
    const { dead } = file.lg!
    events.push(typeof dead === 'number' ? `error ${result.errno}` : dead!)
    break
  }
  return { events, mm, lg: file.lg! }
}

describe('D:100 the numbers of era B3', () => {
  test('calls', () => {
    const named = {
      FLUSH_ASYNC: 0, LGUEST_INIT: 1, SHUTDOWN: 2, NEW_PGTABLE: 4, FLUSH_TLB: 5, LOAD_IDT_ENTRY: 6,
      SET_STACK: 7, TS: 8, SET_CLOCKEVENT: 9, HALT: 10, SET_PMD: 13, SET_PTE: 14, SET_PGD: 15,
      LOAD_TLS: 16, NOTIFY: 17, LOAD_GDT_ENTRY: 18, SEND_INTERRUPTS: 19, LOAD_GDT: -1, BIND_DMA: -1,
    } as const
    for (const [name, number] of Object.entries(named)) expect(callNumber(eraB3, name as CallName), name).toBe(number)
    expect(eraB3.calls).toHaveLength(20)
    expect(eraByTag(eraB3.tag)).toBe(eraB3)
  })

  test('the data page has no holes', () => {
    expect(data.hcalls + 64 * eraB3.hypercall.slotSize).toBe(data.reserveMem)
    expect(data.hcallStatus + 64).toBe(data.hcalls)
    expect(data.syscallVector! + 4).toBe(data.size)
  })
})

describe('D:110 a Guest of era B3', () => {
  test('is told what it must know, and tells its kernel address', () => {
    const { events, mm, lg } = boot((k) => k.call3('HALT'))
    expect(events).toEqual(['halted'])
    expect(mm.read32(DATA + data.reserveMem)).toBe(0x400000)
    expect(lg.kernelAddress).toBe(0xc0000000)
  })

  test('runs in linear mode until it has tables', () => {
    const { mm } = boot((k) => { k.mov(mem(SEEN).dword, 0x1234); k.call3('HALT') })
    expect(mm.read32(SEEN)).toBe(0x1234)
  })

  test('another system-call vector than 128 is refused', () => {
    const { events } = boot((k) => k.call3('HALT'), (mm) => mm.write32(DATA + data.syscallVector!, 64))
    expect(events).toEqual(['bad syscall vector'])
  })

  test('a kernel address in the Switcher is refused', () => {
    const { events } = boot((k) => k.call3('HALT'), (mm) => mm.write32(DATA + data.kernelAddress!, 0xffc00000))
    expect(events).toEqual(['bad kernel address 0xffc00000'])
  })

  test('NOTIFY hands one address to the Launcher, once', () => {
    const { events } = boot((k) => { k.call3('NOTIFY', 0x5000); k.call3('NOTIFY', 0x6000); k.call3('HALT') })
    expect(events).toEqual([[0x5000], [0x6000], 'halted'])
  })

  test('ring slots are five words; NOTIFY stops the round, and the direct call waits', () => {
    const slot = (mm: LauncherMemory, i: number, ...words: number[]) => {
      words.forEach((word, n) => mm.write32(DATA + data.hcalls + i * 20 + n * 4, word))
      mm.writeBytes(DATA + data.hcallStatus + i, Uint8Array.of(0))
    }
    const { events, mm } = boot((k) => { k.call3('NOTIFY', 0x3000); k.call3('HALT') }, (memory) => {
      slot(memory, 0, 17, 0x1000)
      slot(memory, 1, 18, 20, 0x0000ffff, 0x00cf9300)
      slot(memory, 2, 17, 0x2000)
    })
    expect(events).toEqual([[0x1000], [0x2000], [0x3000], 'halted'])
    expect(mm.readBytes(DATA + data.hcallStatus, 4)).toEqual(Uint8Array.of(255, 255, 255, 255))
  })

  test('single descriptors arrive with ring 1; the Switcher\'s own and bad ones do not', () => {
    const { lg } = boot((k) => {
      k.call3('LOAD_GDT_ENTRY', 20, 0x0000ffff, 0x00cf9200)
      k.call3('LOAD_GDT_ENTRY', 21, 0x0000ffff, 0x00008900)
      k.call3('HALT')
    })
    expect([...lg.cpu.gdt.slice(40, 44)]).toEqual([0xffff, 0x00cfb300, 0, 0])
  })

  test('an entry beyond the table kills', () => {
    expect(boot((k) => k.call3('LOAD_GDT_ENTRY', 32, 0, 0)).events).toEqual(['too many gdt entries 32'])
  })

  test('power off says so, restart is an error number', () => {
    const text = (mm: LauncherMemory) => mm.writeBytes(0x5000, new TextEncoder().encode('Power down\0'))
    expect(boot((k) => k.call3('SHUTDOWN', 0x5000, 1), text).events).toEqual(['CRASH: Power down'])
    expect(boot((k) => k.call3('SHUTDOWN', 0x5000, 2), text).events).toEqual([`error ${ERESTART}`])
  })

  test('SET_PMD is no call of a Guest with two levels', () => {
    expect(boot((k) => k.call3('SET_PMD', 0x1000, 0)).events).toEqual(['Bad hypercall 13\n'])
  })

  test('calls that era A had and B3 has not', () => {
    for (const number of [3, 11, 12, 20]) {
      expect(boot((k) => k.call3(number)).events).toEqual([`Bad hypercall ${number}\n`])
    }
  })
})

describe('D:120 ports', () => {
  test('a read sets the bits it reads; CLI is stepped over', () => {
    const { mm, events } = boot((k) => {
      k.mov(edx, 0x60)
      k.cli()
      k.mov(esi, 0x1234)
      k.db(0x0f, 0x21, 0xfe) // mov esi, dr7
      k.mov(mem(SEEN + 12), esi)
      for (const [i, read] of [() => k.in_(al, dx), () => k.in_(ax, dx), () => k.in_(eax, dx)].entries()) {
        k.mov(eax, 0)
        read()
        k.mov(mem(SEEN + i * 4), eax)
      }
      k.call3('HALT')
    })
    expect(events).toEqual(['halted'])
    expect([0, 4, 8, 12].map((at) => mm.read32(SEEN + at))).toEqual([0xff, 0xffff, 0xffffffff, 0])
  })
})
