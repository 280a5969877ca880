import { describe, expect, test, vi } from 'vitest'
import { Random } from '../../conformance/random.ts'
import { Blocks, STEP } from '../../generated/emulator/decode/blocks.ts'
import { aimTlb, selectContext, WATCH_DATA } from '../../generated/emulator/memory/tlb.ts'
import { createInterpreter } from '../../generated/emulator/run/loop.ts'
import { Regions } from '../../generated/emulator/run/regions.ts'
import { setSegment } from '../../generated/emulator/protection/segments.ts'
import { FAULT } from '../../generated/emulator/state/fault.ts'
import { writeFlags } from '../../generated/emulator/state/flags.ts'
import * as s from '../../generated/emulator/state/state.ts'
import { code, data, descriptor, enterRing, GDT, IDT, poke32, rings, TSS } from './support/rings.ts'

const calls = vi.hoisted(() => ({ count: 0 }))
vi.mock('../../generated/emulator/run/helpers.ts', async (original) => {
  const { helpersOf } = await original<typeof import('../../generated/emulator/run/helpers.ts')>()
  return { helpersOf: (c: s.Core) => Object.fromEntries(Object.entries(helpersOf(c)).map(([name, f]) => [name,
    (...given: number[]) => { calls.count++; return (f as (...x: number[]) => unknown)(...given) }])) }
})

/** Each at an address of its own; EAX, [0x4000] and the stack are what they take. */
const INSTRUCTIONS: Record<string, number[]> = {
  'mov es, ax': [0x8e, 0xc0], 'mov ss, ax': [0x8e, 0xd0], 'mov ds, ax': [0x8e, 0xd8],
  'mov fs, ax': [0x8e, 0xe0], 'mov gs, [0x4000]': [0x8e, 0x2d, 0, 0x40, 0, 0],
  'pop es': [0x07], 'pop ds': [0x1f], 'pop fs': [0x0f, 0xa1], 'pop gs': [0x0f, 0xa9], 'push fs': [0x0f, 0xa0],
  'lgdt [0x4000]': [0x0f, 0x01, 0x15, 0, 0x40, 0, 0], 'lidt [0x4000]': [0x0f, 0x01, 0x1d, 0, 0x40, 0, 0],
  'ltr ax': [0x0f, 0, 0xd8], 'mov cr3, eax': [0x0f, 0x22, 0xd8], 'iret': [0xcf], 'int 30h': [0xcd, 0x30],
}
const NAMES = Object.keys(INSTRUCTIONS)
const placeOf = (name: string) => 0x500 + NAMES.indexOf(name) * 16
const PAGE_DIRECTORIES = [0x20000, 0x21000, 0x22000]
/** Tables of four pointers; two in one page. */
const POINTERS = [0x26000, 0x27000, 0x27020]
const SEED = 390
const ROUNDS = 12_000

/** What is compared: the state without the engine's own words, and the tables and stacks. */
const STATE_WORDS = 0x640
const RAM_WORDS = 0xe000 >> 2
function all(c: s.Core): Int32Array[] {
  for (let n = 0; n < s.CONTEXT_COUNT; n++) { // what is remembered stays so
    const record = s.CONTEXTS + n * s.CONTEXT_WORDS
    c.i32.fill(1, record + 3, record + 5)
  }
  return [c.i32.slice(0, STATE_WORDS), c.i32.slice(s.RAM_BASE >> 2, (s.RAM_BASE >> 2) + RAM_WORDS)]
}
function restore(c: s.Core, [state, ram]: Int32Array[]): void {
  c.i32.set(state)
  c.i32.set(ram, s.RAM_BASE >> 2)
}

class Doors {
  readonly c = rings()
  private readonly random = new Random(SEED)
  private readonly execute
  constructor() {
    const { c } = this
    c.retainContexts = true
    const blocks = new Blocks(c)
    c.codeWrite = blocks.codeWrite
    this.execute = createInterpreter(c, blocks, new Regions(c, blocks, 'interpreted'))
    for (const [name, bytes] of Object.entries(INSTRUCTIONS)) c.u8.set(bytes, s.RAM_BASE + placeOf(name))
    poke32(c, 0x24000, 0x25007)
    for (const at of PAGE_DIRECTORIES) {
      poke32(c, at, 0x23007)
      for (let n = 0; n < 256; n++) {
        poke32(c, 0x23000 + n * 4, n << 12 | 7)
        poke32(c, 0x25000 + n * 8, n << 12 | 7)
      }
    }
  }
  private next(): number { return this.random.int() }
  private below(n: number): number { return this.random.below(n) }
  private one<T>(...of: T[]): T { return this.random.pick(of) }

  private descriptors(): void {
    for (let n = 2; n < 14; n++) {
      const type = this.one(0x93, 0x93, 0x93, 0x93, 0x93, 0x93, 0x9b, 0x92, 0x91, 0x97, 0x9f, 0x89, 0x8b, 0x13)
      const flat = this.below(4) > 0
      descriptor(this.c, n * 8, flat ? 0 : this.below(0x300) << 4, flat ? 0xfffff : this.below(0x10000),
        type | this.one(0, 1, 3, 3) << 5, flat ? 0xc : this.one(0, 4, 8, 0xc))
    }
  }
  private selector(): number {
    const some = this.below(18) * 8 | this.one(0, 1, 3, this.below(4))
    return this.one(this.below(4), some, some, some, this.below(0x300))
  }
  private frame(ring: number, top: number): void {
    const { c } = this
    const outer = this.one(ring, 1, 3, 3)
    const usual = this.below(4) > 0
    const words = [this.next(), usual ? code(outer) : this.selector(), this.next() & this.one(0x246, 0x246, 0xcd7, 0x7fffff),
      this.next(), usual ? data(outer) : this.selector()]
    words.forEach((x, n) => poke32(c, top + n * 4, x))
  }
  /** A machine that is like others, mostly, before this instruction. */
  prepare(name: string): void {
    const { c } = this
    const ring = this.one(0, 0, 1, 3)
    for (let n = 0; n < 4; n++) {
      descriptor(c, code(n), 0, 0xfffff, 0x9b | n << 5)
      descriptor(c, data(n), 0, 0xfffff, 0x93 | n << 5)
    }
    c.i32[s.CR4] = 0
    c.i32[s.CR0] = 0x11 | this.one(0, s.CR0_PG)
    c.i32[s.CR3] = this.one(...PAGE_DIRECTORIES)
    selectContext(c)
    enterRing(c, ring)
    const outer = this.one(ring, 3)
    for (const i of [s.DS, s.ES]) c.i32[s.SEG + i * 8 + s.SEG_FLAGS] = 0xc093 | outer << 5
    for (const i of [s.FS, s.GS]) if (this.below(3)) c.i32[s.SEG + i * 8 + s.SEG_FLAGS] = 0xc093 | outer << 5
    if (!/int|iret/.test(name) || this.below(4) === 0) this.descriptors()
    const top = this.one(0x9000, 0x9000, 0x8ff8, 0x9010) + this.below(3) * 4
    this.frame(ring, top)
    c.i32[s.ESP] = top
    if (name.startsWith('pop')) poke32(c, top, this.selector() | this.next() << 16)
    if (name === 'ltr ax') descriptor(c, 0x80, TSS, 0x67, this.one(0x89, 0x89, 0x8b, 0x81), this.one(0, 0, 8))
    c.checkTlb = this.below(6) === 0
    c.i32[s.EAX] = name === 'mov cr3, eax' ? this.one(...PAGE_DIRECTORIES, 0x24000)
      : name === 'ltr ax' ? this.one(0x80, 0x80, this.selector()) : this.selector()
    poke32(c, 0x4000, name.startsWith('l') ? this.next() : this.selector())
    poke32(c, IDT + 0x30 * 8, code(this.one(0, 0, 1, 1, 3)) << 16 | this.below(0x10000))
    poke32(c, IDT + 0x30 * 8 + 4, this.next() & 0xffff0000 | this.one(0x8e00, 0x8f00, 0xee00, 0xef00, 0xee00, 0xe600, 0x6e00))
    poke32(c, TSS + 4, this.one(0x8f00, 0x8000 + this.below(0x20)))
    poke32(c, TSS + 12, 0x9000 - this.below(8) * 4)
    c.i32[s.GDT_BASE] = GDT
    c.i32[s.IDT_BASE] = IDT
    setSegment(c, s.TR, 0x80, TSS, this.one(0x67, 0x67, 8, 9), this.one(0x8b, 0x8b, 0x83))
    c.i32[s.GDT_LIMIT] = this.one(0x1ff, 0x1ff, 0x1ff, 0x4f)
    c.i32[s.IDT_LIMIT] = this.one(0x7ff, 0x7ff, 0x187, 0x186)
    writeFlags(c, this.next() & this.one(0x2cd7, 0x0ed5, 0x7ed5))
    c.i32[s.EIP] = placeOf(name)
    c.i32[s.SHADOW] = c.i32[s.DEBUG_HITS] = 0
    if (name === 'mov cr3, eax' && this.below(2)) this.withPointers()
    aimTlb(c)
  }
  /** With PAE, whose directories are made of four pointers each; a few are malformed. */
  private withPointers(): void {
    const { c } = this
    for (const at of POINTERS) {
      for (let n = 0; n < 8; n++) poke32(c, at + n * 4, this.one(0x24001, 0x24001, 0x24001, this.below(40) ? 0 : this.next()) * (n & 1 ? 0 : 1))
    }
    if (this.below(8) === 0) poke32(c, this.one(...POINTERS) + 4, 0x10)
    c.i32[s.CR4] = s.CR4_PAE
    c.i32[s.CR3] = POINTERS[0]
    for (let n = 0; n < 8; n++) c.i32[s.PDPTE + n] = [0x24001, 0][n & 1]
    selectContext(c)
    c.i32[s.EAX] = this.one(...POINTERS, ...POINTERS, 0x28000)
  }
  /** Performs it; what came of it, and all that one can see. */
  perform(watched: boolean) {
    const { c } = this
    if (watched) {
      c.i32[s.WATCH] = WATCH_DATA
      c.i32[s.TLB] = s.TLB_NONE
    }
    c.i32.fill(0, s.EXECUTION, s.EXECUTION_END)
    calls.count = 0
    const fault = this.execute(STEP) ? [FAULT.vector, FAULT.code, c.i32[s.CR2]] : null
    const asked = calls.count
    aimTlb(c)
    c.i32.fill(0, s.EXECUTION, s.EXECUTION_END)
    return { fault, asked, seen: all(c) }
  }
}

describe('E:390 ordinary doors', () => {
  test(`steps and helpers leave the same machine behind, seed ${SEED}`, () => {
    const doors = new Doors()
    const straight = new Map([...NAMES, 'mov cr3, eax with PAE'].map((name) => [name, 0]))
    for (let i = 0; i < ROUNDS; i++) {
      const name = NAMES[i % NAMES.length]
      doors.prepare(name)
      const before = all(doors.c)
      const quick = doors.perform(false)
      restore(doors.c, before)
      const slow = doors.perform(true)
      const kind = doors.c.i32[s.CR4] ? `${name} with PAE` : name
      if (quick.asked === 0 && quick.fault === null) straight.set(kind, straight.get(kind)! + 1)
      expect(quick.fault, `${name}, round ${i}`).toEqual(slow.fault)
      if (quick.fault === null && !quick.seen.every((part, n) => Buffer.compare(Buffer.from(part.buffer), Buffer.from(slow.seen[n].buffer)) === 0)) {
        const differ = quick.seen.flatMap((part, p) => [...part].flatMap((x, n) => x === slow.seen[p][n] ? [] : [`${p}:${n.toString(16)} ${x.toString(16)}/${slow.seen[p][n].toString(16)}`]))
        expect.fail(`${name}, round ${i}: ${differ.slice(0, 12).join(', ')}`)
      }
    }
    for (const [name, count] of straight) {
      if (name === 'mov ss, ax') expect(count).toBe(0)
      else expect(count, name).toBeGreaterThan(10)
    }
  })
})
