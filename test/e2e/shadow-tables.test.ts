// Shadow page tables under a running Guest, on the real processor, with each
// remembered translation checked against a walk.
import { describe, expect, test } from 'vitest'
import { eax, ecx, esp, mem, type Label } from '../../generated/assembler/index.ts'
import { P, RW, seeded, USER } from '../H-host/guest-world.ts'
import {
  LEAF, littleGuest, type LittleKernel, type LittleOptions, MIDDLE, PAGE_OFFSET, PAGES, VARIABLES,
} from './little-guest.ts'

const A = 0x20, D = 0x40
const RESUME = VARIABLES
const LOG = 0x60000

/** A handler that notes the error code and goes on where RESUME says. */
function faultHandler(kernel: LittleKernel): void {
  const { a } = kernel
  const over = a.label()
  const handler = a.label()
  a.jmp(over)
  a.bind(handler)
  a.pop(eax)
  a.or(eax, 0xfa000000)
  a.mov(ecx, kernel.at(RESUME))
  a.mov(mem(esp), ecx)
  a.iret()
  a.bind(over)
  kernel.gate(14, handler)
}

/** One access that may fault; EAX, or the fault, goes to the log. */
function attempt(kernel: LittleKernel, index: number, access: () => void): void {
  const { a } = kernel
  const next: Label = a.label()
  a.mov(kernel.at(RESUME).dword, next)
  access()
  a.bind(next)
  a.mov(kernel.at(LOG + index * 4), eax)
}

/** Entry of a page in the kernel's own leaf table. */
const leafAt = (pae: boolean, page: number) => LEAF + page * (pae ? 8 : 4)

describe.each([['two-level', false], ['PAE', true]])('%s tables', (_, pae) => {
  test('B-P-026 B-P-029 the Guest sees ACCESSED on a read and DIRTY on a write', () => {
    const guest = littleGuest((kernel) => {
      const { a } = kernel
      a.mov(eax, kernel.at(0x50000))
      a.mov(eax, kernel.at(leafAt(pae, 0x50)))
      a.mov(kernel.at(LOG), eax)
      a.mov(kernel.at(0x50000).dword, 7)
      a.mov(eax, kernel.at(leafAt(pae, 0x50)))
      a.mov(kernel.at(LOG + 4), eax)
      a.mov(kernel.at(0x51000).dword, 7)
    }, { pae })
    expect(guest.run()).toBe('CRASH: done')
    expect(guest.word(LOG)).toBe(0x50000 | P | RW | A)
    expect(guest.word(LOG + 4)).toBe(0x50000 | P | RW | A | D)
    expect(guest.word(leafAt(pae, 0x51))).toBe(0x51000 | P | RW | A | D)
    expect(guest.word(leafAt(pae, 0x52))).toBe(0x52000 | P | RW)
    expect(guest.word(0x51000)).toBe(7)
  })

  test('B-H-055 a page the Guest does not map is its own fault, with its own code', () => {
    const guest = littleGuest((kernel) => {
      faultHandler(kernel)
      const { a } = kernel
      attempt(kernel, 0, () => a.mov(eax, mem(0x40000000)))
      attempt(kernel, 1, () => a.mov(mem(0x40000000).dword, 1))
      attempt(kernel, 2, () => a.mov(eax, mem(PAGE_OFFSET + PAGES * 4096)))
      a.mov(kernel.at(leafAt(pae, 0x50)).dword, 0x50000 | P)
      kernel.call('SET_PTE', 0x1000, PAGE_OFFSET + 0x50000, 0x50000 | P)
      attempt(kernel, 3, () => a.mov(kernel.at(0x50000).dword, 9))
      attempt(kernel, 4, () => a.mov(eax, kernel.at(0x50000)))
    }, { pae })
    expect(guest.run()).toBe('CRASH: done')
    const log = [0, 1, 2, 3, 4].map((i) => guest.word(LOG + i * 4))
    expect(log).toEqual([0xfa000000, 0xfa000002, 0xfa000000, 0xfa000003, 0])
  })

  test('B-P-001 the processor walks the Host\'s tables: an untold change does nothing yet', () => {
    const guest = littleGuest((kernel) => {
      const { a } = kernel
      a.mov(kernel.at(0x50000).dword, 5)
      a.mov(kernel.at(0x51000).dword, 6)
      a.mov(kernel.at(leafAt(pae, 0x50)).dword, 0x51000 | P | RW | A | D)
      a.mov(eax, kernel.at(0x50000))
      a.mov(kernel.at(LOG), eax)
      kernel.call('FLUSH_TLB', 1)
      a.mov(eax, kernel.at(0x50000))
      a.mov(kernel.at(LOG + 4), eax)
    }, { pae })
    expect(guest.run()).toBe('CRASH: done')
    expect([guest.word(LOG), guest.word(LOG + 4)]).toEqual([5, 6])
    for (const { pgdir } of guest.lg.pgdirs) expect(pgdir).toBeLessThan(16 << 20)
    expect(guest.mm.frameOf(0, true)).toBeGreaterThanOrEqual(16 << 20)
  })

  test('B-S-005 B-S-020 what of the Switcher a Guest can read, and what it cannot write', () => {
    const guest = littleGuest((kernel) => {
      faultHandler(kernel)
      const { a } = kernel
      attempt(kernel, 0, () => a.mov(eax, mem(0xffc00000)))
      attempt(kernel, 1, () => { a.mov(eax, 0); a.mov(mem(0xffc00000).dword, eax) })
      attempt(kernel, 2, () => { a.mov(eax, 0); a.mov(mem(0xffc02000).dword, eax) })
      attempt(kernel, 3, () => a.mov(eax, mem(0xffc03000)))
      attempt(kernel, 4, () => a.mov(eax, mem(0xfffff000)))
    }, { pae })
    const text = guest.machine.physical.read32(guest.host.switcherText[0])
    expect(guest.run()).toBe('CRASH: done')
    expect(guest.word(LOG)).toBe(text)
    expect(guest.word(LOG + 4)).toBe(0xfa000003)
    expect(guest.word(LOG + 8)).toBe(0xfa000003)
    expect(guest.word(LOG + 12)).toBe(0xfa000000)
    expect(guest.word(LOG + 16)).toBe(0xfa000000)
    expect(guest.machine.physical.read32(guest.host.switcherText[0])).toBe(text)
  })

  test('B-P-075 L:060 closing gives back every frame', () => {
    const guest = littleGuest(({ a, at }) => {
      for (let page = 0x50; page < 0x60; page++) a.mov(at(page * 4096).dword, page)
    }, { pae })
    const { frames } = guest.host
    guest.run()
    const before = frames.inUse
    guest.file.close()
    expect(frames.inUse).toBeLessThan(before)
    for (let page = 0; page < PAGES; page++) {
      expect(frames.count(guest.mm.frameOf(page, true))).toBe(1)
    }
    for (const frame of [...guest.host.switcherText, guest.host.statePage]) {
      expect(frames.count(frame)).toBe(1)
    }
  })
})

// A kernel that follows the rules, changing its tables at random and telling
// the Host, must see exactly what a processor walking its own tables shows.
class Model {
  readonly r: () => number
  readonly pae: boolean
  readonly memory = new Map<number, number>()
  readonly log: number[] = []
  current = 0
  constructor(seed: number, pae: boolean) {
    this.r = seeded(seed)
    this.pae = pae
  }
  n(limit: number): number { return Math.floor(this.r() * limit) }

  // Directory d: top, (PAE: middle,) two alternative leaf tables.
  top(d: number): number { return 0x100000 + d * 0x4000 }
  middle(d: number): number { return this.top(d) + 0x1000 }
  leaf(d: number, which: number): number { return this.top(d) + 0x2000 + which * 0x1000 }
  userTopAt(d: number): number {
    return this.pae ? this.top(d) : this.top(d) + (USER_BASE >>> 22) * 4
  }
  middleAt(d: number): number { return this.middle(d) + (USER_BASE >>> 21) * 8 }
  /** The entry that chooses between the two leaf tables. */
  choiceAt(d: number): number { return this.pae ? this.middleAt(d) : this.userTopAt(d) }
  userAt(d: number, page: number): number {
    const leaf = this.get(this.choiceAt(d)) & ~0xfff
    return leaf + page * (this.pae ? 8 : 4)
  }
  kernelAt(page: number): number { return leafAt(this.pae, KERNEL_PAGE + page) }
  get(at: number): number { return this.memory.get(at) ?? 0 }
  set(at: number, value: number): void { this.memory.set(at, value >>> 0) }

  /** The entry of an address; all the tables involved exist. */
  entryAt(va: number): number {
    return va >= PAGE_OFFSET ? this.kernelAt((va >>> 12) - (KERNEL_BASE >>> 12))
      : this.userAt(this.current, (va - USER_BASE) >>> 12)
  }
  access(va: number, write: boolean, value: number): void {
    const at = this.entryAt(va)
    const entry = this.get(at)
    const code = (entry & P ? 1 : 0) | (write ? 2 : 0)
    if (!(entry & P) || (write && !(entry & RW))) {
      this.log.push((0xfa000000 | code) >>> 0)
      return
    }
    this.set(at, entry | A | (write ? D : 0))
    const data = (entry & ~0xfff) + (va & 0xfff)
    if (write) this.set(data, value)
    this.log.push(write ? 0 : this.get(data))
  }
}

const USER_BASE = 0x08000000
const KERNEL_PAGE = 0x70
const KERNEL_BASE = PAGE_OFFSET + KERNEL_PAGE * 4096
const DIRECTORIES = 6
const WINDOW = 6
const DATA_PAGES = 12
const DATA_FIRST = 0x180

class Writer {
  readonly kernel: LittleKernel
  readonly m: Model
  constructor(kernel: LittleKernel, model: Model) {
    this.kernel = kernel
    this.m = model
  }
  /** A random entry for one of the data pages. */
  entry(): number {
    const { m } = this
    const page = (DATA_FIRST + m.n(DATA_PAGES)) * 4096
    let flags = m.r() < 0.85 ? P : 0
    if (m.r() < 0.7) flags |= RW
    if (m.r() < 0.5) flags |= USER
    if (m.r() < 0.4) flags |= A
    if (m.r() < 0.3) flags |= D
    if (m.r() < 0.2) flags |= 0x100
    return page | flags
  }
  store(at: number, value: number): void {
    this.m.set(at, value)
    this.kernel.a.mov(this.kernel.at(at).dword, value)
  }
  va(): number {
    const base = this.m.r() < 0.4 ? KERNEL_BASE : USER_BASE
    return base + this.m.n(WINDOW) * 4096 + this.m.n(8) * 4
  }
  step(): void {
    const { m, kernel } = this
    const choice = m.n(20)
    if (choice < 6) this.access(false)
    else if (choice < 11) this.access(true)
    else if (choice < 13) this.setUser(m.n(DIRECTORIES))
    else if (choice < 14) this.setUser(m.current)
    else if (choice < 16) this.setKernel()
    else if (choice < 18) {
      m.current = m.n(DIRECTORIES)
      kernel.call('NEW_PGTABLE', m.top(m.current))
    } else if (choice === 18) this.flush()
    else this.swapTable(m.n(DIRECTORIES))
  }
  access(write: boolean): void {
    const { m, kernel: { a } } = this
    const va = this.va()
    const value = m.n(2 ** 31)
    attempt(this.kernel, m.log.length, () => {
      a.mov(eax, 0)
      if (write) a.mov(mem(va).dword, value)
      else a.mov(eax, mem(va))
    })
    m.access(va, write, value)
  }
  setUser(d: number): void {
    const page = this.m.n(WINDOW)
    const entry = this.entry()
    this.store(this.m.userAt(d, page), entry)
    this.kernel.call('SET_PTE', this.m.top(d), USER_BASE + page * 4096, entry)
  }
  setKernel(): void {
    const page = this.m.n(WINDOW)
    const entry = this.entry()
    this.store(this.m.kernelAt(page), entry)
    this.kernel.call('SET_PTE', this.m.top(this.m.current), KERNEL_BASE + page * 4096, entry)
  }
  /** Several entries at once, told by a flush. */
  flush(): void {
    const all = this.m.r() < 0.4
    for (let i = 0; i < 3; i++) {
      const page = this.m.n(WINDOW)
      const at = all ? this.m.kernelAt(page) : this.m.userAt(this.m.current, page)
      this.store(at, this.entry())
    }
    this.kernel.call('FLUSH_TLB', all ? 1 : 0)
  }
  /** Another leaf table under the same top-level entry. */
  swapTable(d: number): void {
    const { m } = this
    const at = m.choiceAt(d)
    const now = m.get(at) & ~0xfff
    const other = now === m.leaf(d, 0) ? m.leaf(d, 1) : m.leaf(d, 0)
    this.store(at, other | P | RW | USER)
    const index = m.pae ? 0 : USER_BASE >>> 22
    this.kernel.call('SET_PGD', m.top(d), index)
  }
}

/** What the model assumes to be in memory before the first step. */
function initial(model: Model): void {
  const { pae } = model
  for (let d = 0; d < DIRECTORIES; d++) {
    if (pae) {
      model.set(model.top(d), model.middle(d) | 1)
      model.set(model.top(d) + 24, MIDDLE | 1)
      model.set(model.middleAt(d), model.leaf(d, 0) | P | RW | USER)
    } else {
      model.set(model.userTopAt(d), model.leaf(d, 0) | P | RW | USER)
      model.set(model.top(d) + (PAGE_OFFSET >>> 22) * 4, LEAF | P | RW)
    }
  }
  for (let page = 0; page < DATA_PAGES; page++) {
    for (let i = 0; i < 8; i++) {
      model.set((DATA_FIRST + page) * 4096 + i * 4, page * 0x1000 + i)
    }
  }
  for (let page = 0; page < WINDOW; page++) {
    model.set(model.kernelAt(page), (KERNEL_PAGE + page) * 4096 | P | RW)
  }
}

/** A Guest with a random program, and the check of what it saw. */
function randomGuest(seed: number, steps: number, options: LittleOptions) {
  const model = new Model(seed, options.pae ?? false)
  initial(model)
  const before = new Map(model.memory)
  const guest = littleGuest((kernel) => {
    faultHandler(kernel)
    kernel.call('NEW_PGTABLE', model.top(0))
    const writer = new Writer(kernel, model)
    for (let i = 0; i < steps; i++) writer.step()
  }, { seed, ...options })
  for (const [at, value] of before) guest.mm.write32(at, value)
  const check = () => {
    expect(guest.lg.pae).toBe(options.pae ?? false)
    const seen = model.log.map((_, i) => guest.word(LOG + i * 4))
    expect(seen).toEqual(model.log)
    for (const [at, value] of model.memory) expect([at, guest.word(at)]).toEqual([at, value])
  }
  return { guest, check }
}

describe('a kernel that tells of every change sees what its own tables say', () => {
  const cases = [[1, false], [2, false], [3, true], [4, true]] as const
  test.each(cases)('seed %i, PAE %s', (seed, pae) => {
    const { guest, check } = randomGuest(seed, 1500, { pae })
    expect(guest.run()).toBe('CRASH: done')
    check()
  })
  test('Guests of both formats side by side, a few instructions each in turn', () => {
    const first = randomGuest(5, 500, { pae: false, slice: 300 })
    const second = randomGuest(6, 500, { pae: true, beside: first.guest })
    const third = randomGuest(7, 500, { pae: false, beside: first.guest })
    const guests = [first, second, third]
    const ends: (string | null)[] = guests.map(() => null)
    while (ends.includes(null)) {
      guests.forEach(({ guest }, i) => { ends[i] ??= guest.slice() })
    }
    expect(ends).toEqual(['CRASH: done', 'CRASH: done', 'CRASH: done'])
    guests.forEach(({ check }) => check())
    const { frames } = first.guest.host
    guests.forEach(({ guest }) => guest.file.close())
    for (const { guest } of guests) {
      for (let page = 0; page < PAGES; page++) {
        expect(frames.count(guest.mm.frameOf(page, true))).toBe(1)
      }
    }
  })
})

describe('two Guests that share a page', () => {
  const SHARED = 0xf000 // the same page of one file, in both
  const ARRAY = 0x50000, BUFFER = 0x51000, RECORD = 0x52000, TEXT = 0x53000
  const words = (text: string) => [...text.matchAll(/.{4}/gs)].map(([four]) =>
    [...four].reduce((word, letter, i) => word | letter.charCodeAt(0) << (i * 8), 0))

  test('B-D-019 B-D-026 B-D-032 one sends, the other is interrupted and reads', () => {
    const receiver = littleGuest((kernel) => {
      const { a } = kernel
      const handler = a.label(), over = a.label()
      a.jmp(over)
      a.bind(handler)
      a.mov(kernel.at(LOG).dword, 1)
      a.iret()
      a.bind(over)
      kernel.gate(0x20 + 7, handler)
      a.mov(kernel.at(ARRAY + 4).dword, BUFFER + 2)
      a.mov(kernel.at(ARRAY + 8).dword, BUFFER + 0x100)
      a.mov(kernel.at(ARRAY + 68).dword, 6 | 64 << 16)
      kernel.call('BIND_DMA', SHARED + 4, ARRAY, 1 << 8 | 7)
      a.mov(kernel.at(LOG + 4), eax)
      a.mov(kernel.at(0x4000).dword, 0x200) // irq_enabled
      const wait = a.here()
      a.cmp(kernel.at(LOG).dword, 0)
      a.je(wait)
    }, { slice: 500 })
    const sender = littleGuest((kernel) => {
      const { a } = kernel
      const wait = a.here()
      kernel.call('SEND_DMA', SHARED + 4, RECORD)
      a.cmp(kernel.at(RECORD).dword, 0)
      a.je(wait)
    }, { pae: true, beside: receiver })
    const { frames } = receiver.host
    const page = frames.alloc()
    const file = {}
    for (const { mm } of [receiver, sender]) mm.mapShared(SHARED, page, file, 0)
    words('hello, neighbour').forEach((word, i) => sender.mm.write32(TEXT + i * 4, word))
    sender.mm.write32(RECORD + 4, TEXT)
    sender.mm.write32(RECORD + 68, 16)
    let ends: (string | null)[] = [null, null]
    while (ends.includes(null)) {
      ends = [ends[0] ?? sender.slice(), ends[1] ?? receiver.slice()]
    }
    expect(ends).toEqual(['CRASH: done', 'CRASH: done'])
    expect(receiver.word(LOG + 4)).toBe(1)
    expect(sender.word(RECORD)).toBe(16)
    expect(receiver.word(ARRAY)).toBe(16)
    const got = [...receiver.mm.readBytes(BUFFER + 2, 6), ...receiver.mm.readBytes(BUFFER + 0x100, 10)]
    expect(String.fromCharCode(...got)).toBe('hello, neighbour')
  })
})
