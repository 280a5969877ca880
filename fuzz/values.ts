/** Numbers that reach the interesting places oftener than chance would. */
import type { Random } from '../conformance/random.ts'
import { PAGE_SIZE, SWITCHER_ADDR } from '../generated/abi/common.ts'
import {
  CODE, COUNTER, DATA, GDT, HANDLER, LEAF, MIDDLE, PAGE_OFFSET, PAGES, SHARED, STACK, STEPS, TOP, TRAP_STACK,
  USER_STACK, USER_STEPS, VARIABLES,
} from './places.ts'

const PHYSICAL = [
  TOP, MIDDLE, LEAF, DATA, GDT, COUNTER, STACK, TRAP_STACK, USER_STACK, CODE, HANDLER, STEPS, USER_STEPS,
  VARIABLES, SHARED, PAGES * PAGE_SIZE,
]
const EDGES = [
  0, 1, 4, 0xfff, 0x1000, 0x7fffffff, 0x80000000, PAGE_OFFSET, 0xbffff000, 0xffbff000, 0xffbfffff, SWITCHER_ADDR,
  SWITCHER_ADDR + 0x1000, SWITCHER_ADDR + 0x1fb8, SWITCHER_ADDR + 0x2000, SWITCHER_ADDR + 0x2028, SWITCHER_ADDR + 0x2090,
  SWITCHER_ADDR + 0x2890, SWITCHER_ADDR + 0x2fff, SWITCHER_ADDR + 0x3000, 0xfffff000, 0xfffffffc, 0xffffffff,
]
export const SELECTORS = [0, 1, 3, 8, 0x33, 0x50, 0x53, 0x58, 0x61, 0x60, 0x63, 0x69, 0x6b, 0x73, 0x7b, 0x80, 0x83, 0xf8, 0x64, 0x104, 0xffff]
const FLAGS = [0x2, 0x202, 0x302, 0x3202, 0x1202, 0x4202, 0x10202, 0x20202, 0x40202, 0x80202, 0x200202, 0xffffffff]

/** A physical address of the Guest: a known place, any page, any byte. */
export function physical(random: Random): number {
  const kind = random.below(8)
  if (kind < 4) return random.pick(PHYSICAL) + (kind === 0 ? random.below(PAGE_SIZE) & ~3 : 0)
  if (kind < 6) return random.below(PAGES) * PAGE_SIZE
  return kind === 6 ? random.below(PAGES * PAGE_SIZE) : random.int() >>> 0
}

/** An address as the Guest sees it. */
export function virtual(random: Random): number {
  const kind = random.below(8)
  if (kind < 3) return (PAGE_OFFSET + physical(random)) >>> 0
  if (kind < 5) return physical(random)
  if (kind < 7) return (random.pick(EDGES) + (random.chance(0.3) ? random.below(64) - 32 : 0)) >>> 0
  return random.int() >>> 0
}

/** Any word. */
export function value(random: Random): number {
  switch (random.below(6)) {
    case 0: return random.below(64)
    case 1: return random.pick(EDGES)
    case 2: return physical(random)
    case 3: return virtual(random)
    case 4: return (1 << random.below(32)) >>> 0
    default: return random.int() >>> 0
  }
}

export function selector(random: Random): number {
  return random.chance(0.7) ? random.pick(SELECTORS) : random.below(0x10000)
}

export function flags(random: Random): number {
  return random.chance(0.8) ? random.pick(FLAGS) : random.int() >>> 0
}

/** An entry of a page table: often nearly a good one. */
export function entry(random: Random): number {
  const low = random.pick([0, 1, 3, 7, 0x63, 0x67, 0x67, 0x67, 0x27, 0x87, 0xe7, 0x167, 0x1e7, random.below(4096)])
  const places = [random.below(PAGES) * PAGE_SIZE, random.below(PAGES) * PAGE_SIZE, random.pick([TOP, MIDDLE, LEAF, DATA, STACK - PAGE_SIZE]),
    random.pick([PAGES * PAGE_SIZE, SWITCHER_ADDR, 0, (random.below(4096) * PAGE_SIZE) >>> 0, (random.int() & ~0xfff) >>> 0])]
  return (random.pick(places) | low) >>> 0
}

/** High word of a wide entry. */
export function highEntry(random: Random): number {
  return random.pick([0, 0, 0, 0, 1, 0x80000000, 0x7fffffff, random.int() >>> 0])
}

/** A descriptor of any kind, often nearly a good one: low, high. */
export function descriptor(random: Random): [number, number] {
  const good = random.pick([0x00cf9a00, 0x00cf9200, 0x00cffa00, 0x00cff200, 0x00cfba00, 0x00cfb200])
  switch (random.below(5)) {
    case 0: return [0xffff, good]
    case 1: return [0xffff, (good & ~0xff00 | random.below(256) << 8) >>> 0]
    case 2: return [value(random), (good & 0x00f0ff00 | random.int() & 0xff0000ff) >>> 0]
    case 3: return [(SWITCHER_ADDR + 0x2000 & 0xffff) << 16 | 0x67, (0xffc00000 & 0xff000000 | 0x8900 | 0xc0) >>> 0]
    default: return [random.int() >>> 0, random.int() >>> 0]
  }
}

export function hexOf(bytes: readonly number[]): string {
  return bytes.map((byte) => (byte & 255).toString(16).padStart(2, '0')).join('')
}
