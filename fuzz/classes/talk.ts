/** Guests that talk to the Host: hypercalls, descriptors, gates, stacks, data. */
import type { Random } from '../../conformance/random.ts'
import type { CallName, Era } from '../../generated/abi/common.ts'
import type { Step } from '../case.ts'
import { callNumber } from '../../generated/abi/common.ts'
import { baseOf, storesCode } from '../machine-code.ts'
import { DATA, GDT, HANDLER, LEAF, MIDDLE, PAGE_OFFSET, PAGES, RAM, TOP, TRAP_STACK } from '../places.ts'
import { descriptor, entry, flags, highEntry, physical, selector, value, virtual } from '../values.ts'
import type { GuestClass } from './class.ts'

/** These end the fun at once, whatever comes with them. */
const DEADLY: readonly (CallName | null)[] = ['CRASH', 'SHUTDOWN', 'LGUEST_INIT', null]

function number(random: Random, era: Era): number {
  if (random.chance(0.005)) return value(random)
  const at = random.below(era.calls.length)
  return DEADLY.includes(era.calls[at]) && random.chance(0.98) ? number(random, era) : at
}

export function call(era: Era, name: CallName, ...args: number[]): Step[] {
  const at = callNumber(era, name)
  return at < 0 ? [] : [['call', at, ...args]]
}

/** Arguments that fit the call, more often than not. */
function args(random: Random, era: Era, at: number): number[] {
  switch (era.calls[at]) {
    case 'SET_PTE': return [random.pick([TOP, TOP, TOP, physical(random)]), virtual(random), entry(random), highEntry(random)]
    case 'NEW_PGTABLE': return [random.pick([TOP, TOP, MIDDLE, LEAF, physical(random)])]
    case 'SET_PGD': case 'SET_PMD': return [random.pick([TOP, TOP, physical(random)]), index(random)]
    case 'SET_STACK': return [oftener(random, 0x69, selector), oftener(random, PAGE_OFFSET + TRAP_STACK, virtual), oftener(random, random.below(3), value)]
    case 'LOAD_GDT': return [oftener(random, GDT, physical), oftener(random, random.below(33), value)]
    case 'LOAD_IDT_ENTRY': return gateArgs(random)
    case 'LOAD_GDT_ENTRY': return [oftener(random, random.below(32), value), ...descriptor(random)]
    default: return [value(random), value(random), value(random), value(random)]
  }
}

/** Nearly always this; else anything. What kills at once ends a case early. */
function oftener(random: Random, usual: number, other: (random: Random) => number): number {
  return random.chance(0.93) ? usual : other(random)
}

/** Of a top-level entry. */
const index = (random: Random) => oftener(random, random.pick([0, 1, 2, 3]), () => random.pick([768, 1023, random.below(1100), value(random)]))

function gateArgs(random: Random): number[] {
  const address = random.pick([PAGE_OFFSET + HANDLER, PAGE_OFFSET + HANDLER, virtual(random)])
  const type = oftener(random, random.pick([0x8e00, 0x8f00, 0xee00, 0xef00, 0xae00, 0xce0f, 0x0f00]), () => random.below(0x10000))
  return [oftener(random, random.below(random.pick([32, 256])), value),
    (selector(random) << 16 | address & 0xffff) >>> 0, (address & 0xffff0000 | type) >>> 0]
}

function ring(random: Random, era: Era, slot: number): Step {
  const at = number(random, era)
  return ['ring', slot, at, ...args(random, era, at)]
}

export const hypercalls: GuestClass = {
  name: 'hypercalls', what: 'every call with any arguments, one by one and by the ring', most: 40,
  step(random, era) {
    if (random.chance(0.6)) {
      const at = number(random, era)
      return [['call', at, ...args(random, era, at)]]
    }
    if (random.chance(0.2)) return [['load', virtual(random)]]
    if (random.chance(0.2)) return [['irq', random.below(40)]]
    const from = random.below(64)
    const calls = Array.from({ length: random.below(6) }, (_, i) => ring(random, era, (from + i) % 64))
    return [...calls, ['call', 0]]
  },
}

export const pageTables: GuestClass = {
  name: 'page-tables', what: 'tables that lead into themselves, into our pages, beyond memory; large pages, reserved bits', most: 50,
  starts: ['two', 'pae', 'two', 'pae', 'linear'],
  step(random, era, start) {
    const base = start === 'linear' ? 0 : PAGE_OFFSET
    const wide = start === 'pae'
    switch (random.below(9)) {
      case 0: case 1: return changeTable(random, base, wide)
      case 2: return remap(random, base, wide)
      case 8: return alias(random, base, wide)
      case 3: return call(era, 'SET_PTE', TOP, virtual(random), entry(random), highEntry(random))
      case 4: return [...changeTable(random, base, wide), ...call(era, 'FLUSH_TLB', random.below(2))]
      case 5: return random.chance(0.5) ? call(era, 'SET_PGD', TOP, index(random))
        : call(era, 'NEW_PGTABLE', random.pick([TOP, TOP, MIDDLE, LEAF, physical(random)]))
      case 6: return [['load', virtual(random)]]
      default: return random.chance(0.5) ? [['store', virtual(random), value(random)]] : [['user', touch(random)]]
    }
  },
}

/** An entry of one of its tables becomes something else. */
function changeTable(random: Random, base: number, wide: boolean): Step[] {
  const [table, entries] = random.pick([[TOP, wide ? 4 : 1024], [LEAF, PAGES], [LEAF, PAGES], [MIDDLE, wide ? 512 : 1024]] as const)
  const index = random.pick([0, entries - 1, random.below(entries), random.below(Math.min(entries, 8)), 768 % entries])
  const at = base + table + index * (wide ? 8 : 4)
  const topOfWide = wide && table === TOP
  const low = topOfWide && random.chance(0.8) ? (entry(random) & ~0xffe | 1) >>> 0 : entry(random)
  return wide ? [['store', at, low], ['store', at + 4, highEntry(random)]] : [['store', at, low]]
}

/** A page leads elsewhere, the Host is told, and it is used. */
function remap(random: Random, base: number, wide: boolean): Step[] {
  const page = random.below(PAGES)
  const [low, high] = [random.pick([entry(random), (PAGES << 12 | 0x67) >>> 0, (page << 12 | 0x167) >>> 0]), highEntry(random)]
  const at = base + LEAF + page * (wide ? 8 : 4)
  const change: Step[] = wide ? [['store', at, low], ['store', at + 4, high]] : [['store', at, low]]
  return [...change, ['call', 5, 1], use(random, base + page * 4096)]
}

/** The same table once more, somewhere: perhaps among our own pages. */
function alias(random: Random, base: number, wide: boolean): Step[] {
  const top = wide ? random.below(4) : random.pick([1023, 1023, 767, random.below(1024)])
  const change: Step = wide ? ['store', base + TOP + top * 8, MIDDLE | 1] : ['store', base + TOP + top * 4, LEAF | 0x67]
  const middle = random.pick([511, 511, random.below(512)])
  const deeper: Step[] = wide ? [['store', base + MIDDLE + middle * 8, LEAF | 0x67]] : []
  const at = wide ? top * 2 ** 30 + middle * 2 ** 21 : top * 2 ** 22
  const page = random.pick([0, 1, 2, 3, 5, random.below(PAGES)])
  return [change, ...deeper, use(random, (at + page * 4096) >>> 0)]
}

function use(random: Random, at: number): Step {
  return random.pick<Step>([['load', at], ['store', at, value(random)], ['user', touch(random, at)]])
}

/** Ring 3 reads or writes somewhere. */
function touch(random: Random, at = virtual(random)): string {
  const bytes = [at & 255, at >>> 8 & 255, at >>> 16 & 255, at >>> 24]
  return [random.pick([0xa1, 0xa3]), ...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

export const descriptors: GuestClass = {
  name: 'descriptors', what: 'descriptors, gates, the task, the local table: any bits, then segments loaded from them', most: 40,
  step(random, era, start) {
    const base = baseOf({ start } as Parameters<typeof baseOf>[0])
    switch (random.below(7)) {
      case 0: case 1: return [['descriptor', random.pick([12, 13, 14, 15, random.below(32), random.below(32)]), ...descriptor(random)]]
      case 2: return [['segment', random.pick([0, 2, 3, 4, 5]), selector(random)]]
      case 3: return [['iret', base + HANDLER, selector(random), flags(random), base + TRAP_STACK, selector(random)]]
      case 4: return call(era, 'LOAD_IDT_ENTRY', ...gateArgs(random))
      case 5: return [['code', random.pick(['0f00d8', '0f00d0', '0f00c8', '0f00c0', '0f01d8', '0f01e0', '0f02c3', '0f03c3', '0f00e3', '0f00eb', '0f01154000000f', '0f011d40000000'])]]
      default: return call(era, 'LOAD_TLS', random.pick([GDT, DATA, physical(random)]))
    }
  },
}

export const stacks: GuestClass = {
  name: 'stacks', what: 'stacks at the edges, missing, in our pages, and traps that land on them', most: 30,
  gates: ['trap', 'trap', 'interrupt'],
  step(random, era) {
    const esp = random.pick([virtual(random), virtual(random), 0, 3, 4, 0xffc00000, 0xffc01fff, 0xffc02004])
    switch (random.below(5)) {
      case 0: return call(era, 'SET_STACK', random.pick([0x69, 0x69, selector(random)]), esp, random.pick([0, 1, 2, 2, 3]))
      case 1: return [['registers', ...fill(random, esp)], ['code', random.pick(['cd80', '0f0b', 'cc', '50', '58', 'c9', 'cf', '9c', '60', '61', 'cb'])]]
      case 2: return [['user', random.pick(['cd80', '0f0b', 'cc', 'ce', '50', 'f4', 'cd0e'])]]
      case 3: return [['registers', ...fill(random, esp)], ['irq', random.below(32)], ['code', 'ebfe']]
      default: return [['store', virtual(random), entry(random)]]
    }
  },
}

const fill = (random: Random, esp: number) => [0, 1, 2, 3, 4, 5, 6, 7].map((i) => i === 4 ? esp : value(random))

export const dataPage: GuestClass = {
  name: 'data-page', what: 'the page that Guest and Host talk by, changed under way and unmapped', most: 30,
  step(random, era, start) {
    const base = start === 'linear' ? 0 : PAGE_OFFSET
    const field = random.pick([era.data.irqEnabled, era.data.blockedInterrupts, era.data.cr2, era.data.hcallStatus,
      era.data.hcalls, era.data.reserveMem, era.data.noirqStart ?? 0, era.data.noirqEnd ?? 0, random.below(era.data.size)])
    switch (random.below(6)) {
      case 0: case 1: return [['change', (DATA + field & ~3) >>> 0, value(random)], ['call', 0]]
      case 2: return [['store', base + DATA + field, value(random)], ['call', 0]]
      case 3: return [['irq', random.below(32)], ['call', 0]]
      case 4: return [['change', LEAF + (DATA >>> 12) * (start === 'pae' ? 8 : 4), entry(random)], ['load', virtual(random)]]
      default: return call(era, 'SET_CLOCKEVENT', value(random))
    }
  },
}

/** A whole record: free, with two sections. */
export function dmaRecord(random: Random, at: number, addresses: readonly number[]): Step[] {
  const lengths = random.pick([0x00000010, 0x02000010, 0x10000200, 0x0010000f, 0x20001000, value(random)])
  const words = [[at, random.chance(0.9) ? 0 : value(random)], ...addresses.map((address, i) => [at + 4 + i * 4, address]),
    [at + 68, lengths], [at + 72, 0]]
  return [['code', storesCode(words)]]
}

export const dma: GuestClass = {
  name: 'dma', what: 'the DMA of 2007: two Guests bind and send to each other, and to the good one', most: 30, eras: ['A'], partner: true,
  starts: ['linear', 'two'],
  step(random, era, start) {
    const base = start === 'linear' ? 0 : PAGE_OFFSET
    const key = random.pick([0x7f000, 0x7f000, 0x7f000, 0x7f004, 0x7e000, physical(random)])
    const record = 0x30000 + random.below(4) * 100
    switch (random.below(6)) {
      case 0: return [['call', callNumber(era, 'BIND_DMA'), key, random.pick([record, record, physical(random)]), (random.pick([1, 2, 4, 300, 65535]) << 8 | random.below(34)) >>> 0]]
      case 1: case 2: return [['call', callNumber(era, 'SEND_DMA'), key, random.pick([record, record, record, physical(random)])]]
      case 3: case 4: return dmaRecord(random, base + record,
        [random.pick([0x31000, 0x31ff0, RAM - 16, RAM, physical(random), value(random)]), random.pick([0x32000, value(random)])])
      default: return [['getdma', key]]
    }
  },
}
