/**
 * Random programs with loops, calls and jumps, for one page of code and the
 * beginning of the next. Whatever faults in them goes on behind: the handlers
 * move the return address by two bytes.
 */
import { Cases } from './cases.ts'
import { Random } from './random.ts'
import { Decoder } from '../generated/emulator/decode/decode.ts'
import type { Form } from '../generated/emulator/isa/forms.ts'
import { allForms, integerForms } from './forms.ts'

export const CODE = 0x30000
/** Counters of loops, a word each. */
const COUNTERS = 0x500
const TABLE = 0x21000
/** What floating point and vectors work on. */
const NUMBERS = 0x2000
const MODE = 0x0f
const ESP = 4

/** Instructions that go on to the next one, and rarely fault. */
const GENTLE = /^(mov|lea|movzx|movsx|add|sub|and|or|xor|cmp|test|inc|dec|neg|not|adc|sbb|sh[lr]|sar|sh[lr]d|ro[lr]|rc[lr]|imul|imul2|imul3|mul|div|idiv|xchg|xadd|cmpxchg|bswap|bt[src]?|bs[fr]|set|cmov|cbw|cwd|clc|stc|cmc|lahf|sahf|cld)/
const UNGENTLE = /^(movTo|movFrom|movs\d|popf|popSeg|push[SF])/
/** What may leave for somewhere else, or stop the machine. */
const WILD = /^(hlt|iret|far|sys|int|call|jmp|j[a-z]+$|ret|loop|lldt|ltr|lgdt|lidt|lmsw|movTo|popSegment|loadFar|wrmsr|ud|bound|cpuid|rdtsc|in$|out$|ins|outs|enter|leave|popf|cli|sti|clts|arpl|rdpmc|rdmsr|sti|invlpg|popa|pusha|pop|push|std)/

const gentle = integerForms().filter(({ instruction: { name } }) => GENTLE.test(name) && !UNGENTLE.test(name))
const others = allForms().filter(({ instruction: { name } }) => !WILD.test(name))

const EDGES = [0, 1, -1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, -0x80000000]
const word = (n: number) => [0, 8, 16, 24].map((shift) => (n >> shift) & 255)

export interface Program {
  bytes: number[]
  registers: number[]
  eflags: number
}

/** Makes one program after another. */
export class Programs {
  private readonly random: Random
  private readonly cases: Cases
  private readonly decoder = new Decoder()
  private bytes: number[] = []
  private counters = 0
  private functions: number[] = []
  private depth = 0
  private calculates = false

  constructor(seed: number) {
    this.random = new Random(seed)
    this.cases = new Cases(seed, false)
  }

  /** A program for CODE; it ends with HLT. */
  make(): Program {
    const r = this.random
    this.bytes = []
    this.counters = 0
    this.functions = []
    this.depth = 0
    this.calculates = false
    const jump = this.leap()
    for (let n = r.below(4); n > 0; n--) this.aFunction()
    const wide = r.chance(0.25)
    if (wide) while (this.bytes.length < 4096 - r.below(60)) this.bytes.push(0x90)
    this.land(jump)
    if (r.chance(0.4)) this.prepareNumbers()
    this.items(3 + r.below(6))
    this.loop(() => {
      if (wide && this.functions.length > 0 && r.chance(0.5)) this.call()
      if (wide && r.chance(0.3)) this.remap(0x30)
      this.items(2 + r.below(8))
    })
    this.items(r.below(4))
    this.bytes.push(0xf4)
    const { registers, eflags } = this.cases.make(r.pick(gentle))
    registers[ESP] = 0x9800 + r.below(64) * 4
    return { bytes: this.bytes, registers, eflags }
  }

  private aFunction(): void {
    this.functions.push(this.bytes.length)
    this.depth = 1
    this.items(1 + this.random.below(5))
    this.depth = 0
    if (this.random.chance(0.2)) this.bytes.push(0xc2, 0, 0)
    else this.bytes.push(0xc3)
  }

  private items(count: number): void {
    for (let n = 0; n < count; n++) this.item()
  }

  private item(): void {
    const r = this.random
    if (this.calculates && r.chance(0.5)) return this.calculate()
    const kind = r.below(100)
    if (kind < 50) return this.instruction(r.pick(gentle))
    if (kind < 62) return this.asked()
    if (kind < 70) return this.instruction(r.pick(others))
    if (kind < 80) return this.skip()
    if (kind < 86 && this.functions.length > 0) return this.call()
    if (kind < 92 && this.depth < 2) return this.loop(() => this.items(1 + r.below(5)))
    if (kind < 94) return this.overwrite()
    if (kind < 95) return this.remap()
    if (kind < 97) return this.balanced()
    if (kind < 98) this.bytes.push(r.pick([0xfa, 0xfb]))
    else if (kind < 99 && this.depth < 2) this.crossing()
    else this.instruction(r.pick(gentle))
  }

  /** Some numbers on the stack of the x87, and in two vectors; in the usual circumstances, mostly. */
  private prepareNumbers(): void {
    const r = this.random
    this.calculates = true
    const control = r.pick([0x37f, 0x37f, 0x27f, 0x33f, 0xf7f])
    this.bytes.push(0xdb, 0xe3, 0xc7, 0x05, ...word(NUMBERS), ...word(control), 0xd9, 0x2d, ...word(NUMBERS))
    this.bytes.push(0xc7, 0x05, ...word(NUMBERS), ...word(r.pick([0x1f80, 0x1fa0, 0x1fa0, 0x9fa0])))
    this.bytes.push(0x0f, 0xae, 0x15, ...word(NUMBERS)) // ldmxcsr
    for (let n = 1 + r.below(5); n > 0; n--) this.bytes.push(...r.pick([[0xd9, 0xe8], [0xd9, 0xeb], [0xdb, 0x05, ...word(NUMBERS)]]))
    for (let n = 0; n < 2; n++) this.bytes.push(0xf2, 0x0f, 0x2a, 0x05 | n << 3, ...word(NUMBERS + n * 4)) // cvtsi2sd
  }

  /** What calculating programs do all day. */
  private calculate(): void {
    const r = this.random
    const at = word(NUMBERS + 16 * r.below(6) + (r.chance(0.2) ? r.below(16) : 0) + (r.chance(0.05) ? 0x1000 - 40 : 0))
    const [i, op, digit] = [r.below(8), r.pick([0, 1, 4, 5, 6, 7]), r.below(8) << 3 | 5]
    const prefix = r.pick([[], [0x66], [0xf2], [0xf3]])
    const vector = r.pick([[0xc0 | r.below(64)], [digit, ...at]])
    this.bytes.push(...r.pick([
      [0xd8, 0xc0 | op << 3 | i & 3], [0xdc, 0xc0 | op << 3 | i & 3], [0xde, 0xc0 | op << 3 | i & 3],
      [r.pick([0xd8, 0xda, 0xdc, 0xde]), op << 3 | 5, ...at], [r.pick([0xd8, 0xda, 0xdc, 0xde]), r.pick([2, 3]) << 3 | 5, ...at],
      [r.pick([0xd9, 0xdb, 0xdd, 0xdf]), 5, ...at], [r.pick([0xd9, 0xdb, 0xdd, 0xdf]), r.pick([2, 3]) << 3 | 5, ...at],
      [0xdf, r.pick([0x2d, 0x3d]), ...at], [0xd9, 0xc0 | r.below(16)], [0xdd, 0xd0 | r.below(16)],
      [0xd9, r.pick([0xe0, 0xe1, 0xe4, 0xe8, 0xee, 0xfa, 0xfc])], [0xd9, r.pick([0xfe, 0xff, 0xfb])],
      [r.pick([0xdb, 0xdf]), r.pick([0xe8, 0xf0]) | i & 3], [0xdf, 0xe0, 0x9e], [0xd8, 0xd0 | r.below(16)],
      [0xd9, 0x3d, ...at], ...[0, 1, 2, 3].map(() => (
        [...prefix, 0x0f, r.pick([0x10, 0x11, 0x28, 0x29, 0x51, 0x54, 0x57, 0x58, 0x59, 0x5c, 0x5d, 0x5e, 0x5f, 0x6f, 0x7f]), ...vector])),
      [0x66, 0x0f, r.chance(0.3) ? 0x60 + r.below(15) : 0xd1 + r.below(46), ...vector], [0x66, 0x0f, 0x70, ...vector, r.below(256)],
      [0x66, 0x0f, 0x71 + r.below(3), 0xc0 | r.below(64), r.below(70)]]))
  }

  /** An instruction that leaves ESP alone. */
  private instruction(form: Form): void {
    for (let tries = 0; tries < 20; tries++) {
      const { bytes, registers } = this.cases.make(form)
      if (this.touchesStack(bytes)) continue
      if (this.random.chance(0.3)) {
        registers.forEach((value, n) => {
          if (n !== ESP && this.random.chance(0.6)) this.bytes.push(0xb8 + n, ...word(value))
        })
      }
      this.bytes.push(...bytes)
      return
    }
  }

  private touchesStack(bytes: number[]): boolean {
    const { decoder } = this
    decoder.decode(Uint8Array.from([...bytes, ...Array<number>(15).fill(0)]), 0, 30, MODE)
    const { out } = decoder
    return [out.a, out.b].some((n) => n === ESP || (n >> 1) === ESP || (n >> 2) === ESP)
  }

  private leap(condition = -1): number {
    if (condition < 0) this.bytes.push(0xe9, 0, 0, 0, 0)
    else this.bytes.push(0x0f, 0x80 + condition, 0, 0, 0, 0)
    return this.bytes.length
  }

  private land(from: number): void {
    word(this.bytes.length - from).forEach((b, i) => { this.bytes[from - 4 + i] = b })
  }

  private skip(): void {
    const from = this.leap(this.random.chance(0.1) ? -1 : this.random.below(16))
    this.depth++
    this.items(1 + this.random.below(3))
    this.depth--
    if (this.random.chance(0.3)) {
      const over = this.leap()
      this.land(from)
      this.items(1)
      this.land(over)
    } else this.land(from)
  }

  /** Something that notes flags, and somebody who asks at once. */
  private asked(): void {
    const r = this.random
    const [x, y] = [0, 1].map(() => r.pick([0, 1, 2, 3, 5, 6, 7]))
    for (const n of [x, y]) if (r.chance(0.5)) this.bytes.push(0xb8 + n, ...word(r.pick(EDGES)))
    if (r.chance(0.3)) this.bytes.push(r.pick([0xf8, 0xf9]))
    if (r.chance(0.2)) this.bytes.push(0x66)
    const wide = r.below(2)
    this.bytes.push(...r.pick([
      [r.below(8) * 8 + wide + r.pick([0, 2]), 0xc0 | y << 3 | x], // add ... cmp x, y
      [0x84 + wide, 0xc0 | y << 3 | x], // test x, y
      [0x83, 0xc0 | r.below(8) << 3 | x, r.below(256)], [0x80, 0xc0 | r.below(8) << 3 | x, r.below(256)],
      [0xfe + wide, 0xc0 | r.below(2) << 3 | x], [0xf6 + wide, 0xd8 | x], // inc, dec, neg
      [0xd0 + wide, 0xe0 | r.pick([0, 1, 3]) << 3 | x]])) // shl, shr, sar by 1
    if (r.chance(0.2)) this.bytes.push(0x89, 0xc0 | y << 3 | x)
    if (r.chance(0.5)) this.skip()
    else if (r.chance(0.5)) this.bytes.push(0x0f, 0x90 + r.below(16), 0xc0 | y)
    else this.bytes.push(0x0f, 0x40 + r.below(16), 0xc0 | x << 3 | y)
  }

  /** mov dword [counter], n; top: ...; dec dword [counter]; jne top */
  private loop(body: () => void): void {
    const at = COUNTERS + (this.counters++ & 63) * 4
    this.bytes.push(0xc7, 0x05, ...word(at), ...word(2 + this.random.below(this.depth === 0 ? 12 : 4)))
    const top = this.bytes.length
    this.depth++
    body()
    this.depth--
    this.bytes.push(0xff, 0x0d, ...word(at), 0x0f, 0x85)
    this.bytes.push(...word(top - this.bytes.length - 4))
  }

  /** call f, or call through a register; or push where it shall return to, push f; ret. */
  private call(): void {
    const to = this.random.pick(this.functions)
    if (this.random.chance(0.1)) {
      const back = CODE + this.bytes.length + 11
      this.bytes.push(0x68, ...word(back), 0x68, ...word(CODE + to), 0xc3)
      return
    }
    if (this.random.chance(0.2)) this.bytes.push(0xb8, ...word(CODE + to), 0xff, 0xd0)
    else this.bytes.push(0xe8, ...word(to - this.bytes.length - 5))
  }

  /** mov byte [somewhere in the code], something: mostly what is there; or a piece of it onto itself. */
  private overwrite(): void {
    const at = this.random.below(Math.max(1, this.bytes.length))
    if (this.random.chance(0.3)) {
      for (const n of [6, 7]) this.bytes.push(0xb8 + n, ...word(CODE + at)) // mov esi and edi, at
      this.bytes.push(0xb9, ...word(this.random.below(40)), 0xf3, 0xa4) // mov ecx, n; rep movsb
      return
    }
    const value = this.random.chance(0.7) ? this.bytes[at] ?? 0x90 : this.random.below(256)
    this.bytes.push(0xc6, 0x05, ...word(CODE + at), value)
  }

  /** Turns a page of data read-only or absent or back; or swaps the frame of one of code, mostly there and back. */
  private remap(page = this.random.pick([0, 1, 2, 3, 5, 9, 10, 0x30, 0x31])): void {
    const code = page >= 0x30
    const entry = TABLE + page * 4 + (code ? 1 : 0)
    const bits = code ? 0x10 : this.random.pick([1, 2, 2, 2])
    for (let n = code && this.random.chance(0.7) ? 2 : 1; n > 0; n--) {
      this.bytes.push(0x80, 0x35, ...word(entry), bits) // xor byte [entry], bits
      this.bytes.push(0x0f, 0x01, 0x3d, ...word(page << 12)) // invlpg [page]
    }
  }

  /** A switch: cases that jump on through a table, and at last behind it, by a register that changes. */
  private crossing(): void {
    const r = this.random
    const by = r.pick([0, 1, 2, 3, 5, 6, 7])
    const over = this.leap()
    const table = this.bytes.length
    this.bytes.push(...Array<number>(16).fill(0))
    const starts: number[] = []
    this.depth += 2
    for (let n = 0; n < 3; n++) {
      starts.push(this.bytes.length)
      this.items(r.below(3))
      this.bytes.push(0x81, 0xc0 | by, ...word(r.int()), 0xc1, 0xc0 | by, r.below(32)) // add by, i; rol by, i
      if (r.chance(0.1)) this.bytes.push(0x66)
      this.jumpThrough(table, by)
    }
    this.depth -= 2
    this.land(over)
    if (r.chance(0.8)) this.jumpThrough(table, by)
    starts.push(r.chance(0.2) ? r.below(this.bytes.length) : this.bytes.length)
    starts.forEach((start, n) => word(CODE + start).forEach((b, i) => { this.bytes[table + n * 4 + i] = b }))
  }

  /** and by, 3; jmp [table + by * 4] */
  private jumpThrough(table: number, by: number): void {
    this.bytes.push(0x83, 0xe0 | by, 3, 0xff, 0x24, 0x85 | by << 3, ...word(CODE + table))
  }

  /** A push and what takes it back; or the time, which here counts instructions. */
  private balanced(): void {
    if (this.random.chance(0.2)) {
      this.bytes.push(0x0f, 0x31) // rdtsc
      return
    }
    this.bytes.push(this.random.chance(0.3) ? 0x9c : 0x50 + this.random.pick([0, 1, 2, 3, 5, 6, 7]))
    this.instruction(this.random.pick(gentle))
    this.bytes.push(this.random.chance(0.8) ? 0x58 + this.random.pick([0, 1, 2, 3, 5, 6, 7]) : 0x9d)
  }
}
