/** Guests that run what nobody should: instructions, jumps, strings, bytes. */
import type { Random } from '../../conformance/random.ts'
import { SWITCHER_ADDR } from '../../generated/abi/common.ts'
import type { Start, Step } from '../case.ts'
import { word } from '../machine-code.ts'
import { HANDLER, PAGE_OFFSET, STEPS, TRAP_STACK, USER_STACK, USER_STEPS, VARIABLES } from '../places.ts'
import { flags, hexOf, selector, value, virtual } from '../values.ts'
import type { GuestClass } from './class.ts'

const baseFor = (start: Start) => start === 'linear' ? 0 : PAGE_OFFSET
const anyRing = (random: Random, bytes: readonly number[]): Step => [random.chance(0.5) ? 'code' : 'user', hexOf(bytes)]
const registers = (random: Random, esp: number): Step =>
  ['registers', ...[0, 1, 2, 3, 4, 5, 6, 7].map((i) => i === 4 ? esp : value(random))]

/** Opcodes with a meaning, so that chance need not find them. */
const TELLING = [
  [0xf4], [0xfa], [0xfb], [0x9c], [0x9d], [0xcf], [0xcb], [0xcc], [0xf1], [0xce], [0x0f, 0x0b], [0x0f, 6], [0x0f, 8], [0x0f, 9],
  [0x0f, 0x30], [0x0f, 0x31], [0x0f, 0x32], [0x0f, 0x33], [0x0f, 0x34], [0x0f, 0x35], [0x0f, 0x20, 0xc0], [0x0f, 0x22, 0xc0],
  [0x0f, 0x22, 0xd8], [0x0f, 0x22, 0xe0], [0x0f, 0x21, 0xf8], [0x0f, 0x23, 0xf8], [0x0f, 0x01, 0xf8], [0x0f, 0xa2], [0xe4, 0x60],
  [0xe6, 0x64], [0xec], [0xef], [0x66, 0xed], [0x6c], [0x6f], [0xd7], [0x62, 5], [0x63, 0xc0], [0x8e, 0xd0], [0x17], [0x1f], [0x07], [0xc4, 5],
  [0xea], [0x9a], [0xf0, 0x0f, 0xc7, 0x0d], [0x0f, 0xae, 0x05], [0x0f, 0xae, 0x0d], [0xdb, 0xe3], [0xd9, 0x35], [0xdd, 0x25], [0x0f, 0x01, 0xc1],
]

function instruction(random: Random): number[] {
  switch (random.below(5)) {
    case 0: return [...random.pick(TELLING), ...word(virtual(random))].slice(0, 8)
    case 1: return [random.below(256), 0x05 | random.below(8) << 3, ...word(virtual(random))]
    case 2: return [0x0f, random.below(256), random.pick([0x05, 0xc0]) | random.below(8) << 3, ...word(virtual(random))]
    case 3: return [random.pick([0x66, 0x67, 0xf2, 0xf3, 0x26, 0x36, 0x64, 0xf0]), random.below(256), random.below(256), random.below(256)]
    default: return Array.from({ length: 1 + random.below(8) }, () => random.below(256))
  }
}

export const instructions: GuestClass = {
  name: 'instructions', what: 'streams of instructions, in rings 1 and 3, with any registers', most: 30,
  step(random, _era, start) {
    const esp = random.chance(0.6) ? baseFor(start) + USER_STACK - 64 : value(random)
    const code = Array.from({ length: 1 + random.below(6) }, () => instruction(random)).flat()
    const step = anyRing(random, code.slice(0, 60))
    return random.chance(0.6) ? [registers(random, esp), step] : [step]
  },
}

export const switcherJumps: GuestClass = {
  name: 'switcher', what: 'jumps, calls, returns and pushes into every byte of the Switcher\'s pages', most: 24,
  step(random, _era, start) {
    const at = SWITCHER_ADDR + random.below(random.chance(0.8) ? 0xa00 : 0x3000)
    const base = baseFor(start)
    switch (random.below(7)) {
      case 0: return [registers(random, SWITCHER_ADDR + 0x1000 + random.below(0x1000)), ['code', hexOf([0x68, ...word(at), 0xc3])]]
      case 1: return [registers(random, base + USER_STACK), anyRing(random, [0x68, ...word(at), 0xc3])]
      case 2: return [anyRing(random, [0xea, ...word(at), random.pick([0x50, 0x61, 0x73, 0x53]), 0])]
      case 3: return [anyRing(random, [0x9a, ...word(at), random.pick([0x50, 0x61, 0x73, 0x53]), 0])]
      case 4: return [['iret', at, random.pick([0x61, 0x73, 0x50, 0x62]), flags(random), base + TRAP_STACK, random.pick([0x69, 0x7b, 0x58])]]
      case 5: return [registers(random, SWITCHER_ADDR + 0x1fb8 + random.below(80) - 4), ['code', random.pick(['cf', '61', 'cb', 'cd80', '0f0b', '68000000005050cf'])]]
      default: return [random.chance(0.5) ? ['load', at] : ['store', at, value(random)]]
    }
  },
}

export const interrupts: GuestClass = {
  name: 'interrupts', what: 'every interrupt number, from both rings, before and behind gates of all kinds', most: 40,
  step(random, era) {
    const vector = random.below(random.pick([32, 256]))
    const load = era.calls.indexOf('LOAD_IDT_ENTRY')
    switch (random.below(4)) {
      case 0: return [['call', load, vector, 0x610000 | HANDLER & 0xffff, random.pick([0xc0018e00, 0xc001ef00, 0xc001ee00, 0x1ef00, 0])]]
      case 1: return [['irq', random.below(32)], ['code', 'b900010000e2fe']]
      default: return [anyRing(random, [0xcd, vector])]
    }
  },
}

export const irets: GuestClass = {
  name: 'irets', what: 'frames of every kind to return to: rings, flags, nested tasks, virtual 8086', most: 30,
  step(random, _era, start) {
    const base = baseFor(start)
    const eip = random.pick([base + HANDLER, base + HANDLER, base + USER_STEPS, virtual(random)])
    const frame: Step = ['iret', eip, selector(random), flags(random), random.pick([base + USER_STACK, virtual(random)]), selector(random)]
    if (random.chance(0.3)) return [['user', hexOf([0x68, ...word(value(random)), 0x68, ...word(selector(random)), 0x68, ...word(eip), 0xcf])]]
    return random.chance(0.2) ? [['code', hexOf([0x68, ...word(flags(random)), 0x9d])], frame] : [frame]
  },
}

export const debugging: GuestClass = {
  name: 'debugging', what: 'single steps and debug registers, across a switch', most: 30,
  step(random, era, start) {
    const base = baseFor(start)
    const stepping = [0x68, ...word(random.pick([0x302, 0x10302, 0x302])), 0x9d]
    switch (random.below(5)) {
      case 0: return [['code', hexOf([...stepping, 0xcd, random.pick([0x1f, 0x80, 3, 1, random.below(256)])])]]
      case 1: return [['user', hexOf([...stepping, ...instruction(random)])]]
      case 2: return [['code', hexOf([0x0f, random.pick([0x21, 0x23]), 0xc0 | random.below(64)])]]
      case 3: return [['iret', random.pick([base + HANDLER, base + STEPS, SWITCHER_ADDR + random.below(0xa00)]), random.pick([0x61, 0x73]),
        random.pick([0x302, 0x10302, 0x100302]), base + USER_STACK, random.pick([0x69, 0x7b])]]
      default: return [['code', hexOf([...stepping, 0x8e, 0xd0, ...instruction(random)])], ['call', random.below(era.calls.length)]]
    }
  },
}

export const strings: GuestClass = {
  name: 'strings', what: 'string instructions, repeated, across the top of memory and into our pages', most: 24,
  step(random) {
    const near = () => random.pick([0xffbfff00, 0xffbffffc, 0xffc00000, 0xffc01f00, 0xffc02f00, 0xfffffff0, 0xffffffff, 0xbffffff0, virtual(random)])
    const count = random.pick([1, 4, 64, 0x1000, 0x100000, 0xffffffff])
    const opcode = random.pick([0xa4, 0xa5, 0xaa, 0xab, 0xa6, 0xa7, 0xac, 0xad, 0xae, 0xaf, 0x6c, 0x6d, 0x6e, 0x6f])
    const prefixes = [[0xf3], [0xf2], [], [0x66, 0xf3], [0x67, 0xf3], [0x26, 0xf3]]
    return [['registers', value(random), count, value(random), value(random), VARIABLES, 0, near(), near()],
      anyRing(random, [...random.chance(0.4) ? [0xfd] : [], ...random.pick(prefixes), opcode, 0xfc])]
  },
}

const FLOAT_OPCODES = [0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf]

export const floats: GuestClass = {
  name: 'floats', what: 'x87, MMX and SSE state across a switch, with TS on and off', most: 40,
  step(random, era) {
    switch (random.below(6)) {
      case 0: return [['call', era.calls.indexOf('TS'), random.below(2)]]
      case 1: return [anyRing(random, [random.pick(FLOAT_OPCODES), random.below(256), ...word(virtual(random))])]
      case 2: return [anyRing(random, [random.pick(FLOAT_OPCODES), 0xc0 | random.below(64)])]
      case 3: return [anyRing(random, [...random.pick([[], [0x66], [0xf3], [0xf2]]), 0x0f, random.below(256), 0xc0 | random.below(64)])]
      case 4: return [anyRing(random, [0x0f, 0xae, random.below(8) << 3 | 5, ...word(random.pick([VARIABLES, PAGE_OFFSET + VARIABLES, virtual(random)]))])]
      default: return [['code', hexOf([0xb9, ...word(200 + random.below(4000)), 0xd9, 0xe8, 0x0f, 0x57, 0xc0, 0x0f, 0x76, 0xff, 0xe2, 0xf6])]]
    }
  },
}

export const selfChanging: GuestClass = {
  name: 'self-changing', what: 'code that writes over itself, before, behind and under its own feet', most: 24,
  gates: ['trap'], engines: ['eager', 'interpreted'],
  step(random, _era, start) {
    const base = baseFor(start)
    const at = base + random.pick([STEPS, USER_STEPS]) + random.below(24 * 128)
    const stores = () => [0xc7, 0x05, ...word(at + random.below(64)), ...random.pick([[0x90, 0x90, 0x90, 0x90], [0x40, 0x43, 0x42, 0x41], [0x0f, 0x0b, 0x90, 0x90], word(random.int())])]
    const loop = [0xb9, ...word(random.pick([3, 50, 400])), ...stores(), ...random.pick([[0x40], [0x01, 0xc3], [0x90]]), 0x49, 0x75, 0xf2]
    switch (random.below(4)) {
      case 0: return [anyRing(random, loop)]
      case 1: return [anyRing(random, [...stores(), ...stores(), 0x40, 0x43])]
      case 2: return [['change', (at & 0x7ffff & ~3) >>> 0, random.int() >>> 0], ['code', 'b900010000e2fe']]
      default: return [['code', hexOf([0xe8, 0, 0, 0, 0, 0x58, 0xc6, 0x40, random.below(24), random.below(256), ...instruction(random)])]]
    }
  },
}
