/**
 * Random cases for the system side, by kind. What QEMU 7.2 is known to leave
 * out is not asked of it; each such place says so.
 */
import {
  CASE_BYTES, FIELD, FIELDS, GDT, IDT, KERNEL_TASK, TSS, describe, describeKernel, peek, poke, type Mode,
} from './system.ts'
import { Random } from './random.ts'

/** The house's generator, with the three questions asked most here. */
export class Dice extends Random {
  one(n: number): boolean { return this.below(n) === 0 }
  of<T>(...list: T[]): T { return this.pick(list) }
}

export interface SystemCase { bytes: Uint8Array, mode: Mode, text: string }
export type Maker = (r: Dice) => SystemCase

const TSS2 = 0x2100
const LDT = 0x2800
const CODE = 0x3000
/** The handler of each vector: four bytes, the first an INT3. */
export const HANDLERS = 0x3800
const DIRECTORY = 0x8000
const TABLE = 0x9000
const ODD_TABLE = 0xa000

/** Offsets in a TSS, registers and segments in their usual order. */
const T = { cr3: 28, eip: 32, eflags: 36, regs: 40, segments: 72, ldt: 96 }
const [EAX, ECX, EDX, EBX, ESP, , ESI, EDI] = [0, 1, 2, 3, 4, 5, 6, 7]
const [ES, CS, SS, DS, FS, GS] = [0, 1, 2, 3, 4, 5]

const codeOf = (ring: number): number => 0x08 + ring * 8 | ring
const dataOf = (ring: number): number => 0x28 + ring * 8 | ring
const stackOf = (ring: number): number => 0x5000 + ring * 0x800
const bytes16 = (v: number): number[] => [v & 255, v >>> 8 & 255]
const bytes32 = (v: number): number[] => [...bytes16(v), ...bytes16(v >>> 16)]
const hex = (v: number): string => (v >>> 0).toString(16)

/** One machine state under construction. */
class State {
  readonly bytes = new Uint8Array(CASE_BYTES)
  readonly ring: number
  mode: Mode = 0
  readonly #r: Dice

  constructor(r: Dice, ring = r.below(4)) {
    this.#r = r
    this.ring = ring
    this.bytes.fill(0xcc, CODE, CODE + 0x1000)
    this.#tables()
    this.#gates()
    this.#tasks()
    this.setField(FIELD.cr0, 0x11)
  }

  setReg(i: number, v: number): void { poke(this.bytes, TSS + T.regs + i * 4, v) }
  reg(i: number): number { return peek(this.bytes, TSS + T.regs + i * 4) }
  setSegment(i: number, v: number): void { poke(this.bytes, TSS + T.segments + i * 4, v) }
  get eflags(): number { return peek(this.bytes, TSS + T.eflags) }
  set eflags(v: number) { poke(this.bytes, TSS + T.eflags, v) }
  setField(n: number, v: number): void { poke(this.bytes, FIELDS + n * 4, v) }
  code(...bytes: number[]): void { this.bytes.set(bytes, CODE) }

  push(...values: number[]): void {
    for (const v of values) {
      this.setReg(ESP, this.reg(ESP) - 4)
      poke(this.bytes, this.reg(ESP), v)
    }
  }

  /** Data segments of this ring or an outer one, as a kernel may have. */
  outerData(): void {
    for (const i of [ES, DS, FS, GS]) {
      this.setSegment(i, dataOf(this.ring + this.#r.below(4 - this.ring)))
    }
  }

  /** QEMU (as Bochs) has #NP for a return's stack that is absent. Intel says #SS
   * (3A, 6.15, interrupt 12, "a return to a different privilege level"). */
  presentStack(selector: number): void {
    const at = (selector & 4 ? LDT : GDT) + (selector & 0xf8) + 5
    if ((this.bytes[at] & 0x1a) === 0x12) this.bytes[at] |= 0x80
  }

  case(text: string): SystemCase {
    return { bytes: this.bytes, mode: this.mode, text: `ring ${this.ring} ${text}` }
  }

  #tables(): void {
    const r = this.#r
    for (let ring = 0; ring < 4; ring++) {
      describe(this.bytes, GDT + (codeOf(ring) & ~7), 0, 0xfffff, 0x9b | ring << 5, 0xc)
      describe(this.bytes, GDT + (dataOf(ring) & ~7), 0, 0xfffff, 0x93 | ring << 5, 0xc)
    }
    for (let at = 0x48; at < 0xe8; at += 8) this.#odd(GDT + at)
    describe(this.bytes, GDT + 0xe8, LDT, 0xff, 0x82, 0)
    describe(this.bytes, GDT + 0xf0, TSS2, 0x67, 0x89 | r.below(4) << 5, 0)
    describe(this.bytes, GDT + 0xf8, TSS, 0x67, 0x89, 0)
    for (let at = 0; at < 0x100; at += 8) {
      describe(this.bytes, LDT + at, 0, 0xfffff, 0x91 | r.below(128) & 0x7e, 0xc)
    }
    describeKernel(this.bytes, GDT, true)
  }

  /** Any descriptor but a task; code is flat, since QEMU checks no limit of EIP in returns. */
  #odd(at: number): void {
    const r = this.#r
    let access = r.one(8) ? r.below(256) : (r.one(8) ? 0 : 0x80) | (r.one(2) ? 0x70 : 0) | r.below(128)
    if ((access & 0x15) === 1) access |= 2 | 0x10
    if ((access & 0x18) === 0x18) {
      describe(this.bytes, at, 0, 0xfffff, access, 0xc)
    } else if (!(access & 0x10) && (access & 6) === 4) {
      // QEMU has another fault for a task gate that leads to no task
      const to = access & 1 ? 0xf0 : r.one(4) ? r.below(256) : codeOf(r.below(4))
      poke(this.bytes, at, to << 16 | CODE + 0x40 + r.below(64))
      poke(this.bytes, at + 4, access << 8 | r.below(4))
    } else {
      const limit = r.of(0xfffff, 0xffff, 0x67, r.below(0x100000))
      describe(this.bytes, at, r.one(3) ? r.below(0x4000) : 0, limit, access, r.of(0xc, 0xc, 4, 0, 8))
    }
  }

  #gates(): void {
    const r = this.#r
    const gate = (v: number, selector: number, access: number): void => {
      poke(this.bytes, IDT + v * 8, selector << 16 | HANDLERS + v * 4)
      poke(this.bytes, IDT + v * 8 + 4, access << 8)
    }
    for (let v = 0; v < 32; v++) gate(v, codeOf(0), r.of(0x8e, 0x8f) | r.below(4) << 5)
    for (let v = 32; v < 64; v++) {
      const access = r.one(4) ? r.below(256) : 0x80 | r.below(4) << 5 | r.of(14, 15, 6, 7)
      // a task gate to anything but a task of the GDT is a different fault in QEMU
      const to = (access & 0x1f) === 5 ? 0xf0 : r.one(2) ? codeOf(r.below(4)) : r.below(256)
      gate(v, to, access)
    }
    gate(3, KERNEL_TASK, 0xe5)
  }

  #tasks(): void {
    const r = this.#r
    for (const tss of [TSS, TSS2]) {
      for (let n = 0; n < 3; n++) {
        poke(this.bytes, tss + 4 + n * 8, stackOf(n))
        poke(this.bytes, tss + 8 + n * 8, dataOf(n))
      }
      poke(this.bytes, tss + 100, 0x68 << 16)
    }
    for (const n of [1, 2]) {
      if (r.one(6)) poke(this.bytes, TSS + 4 + n * 8, r.below(0x10000))
      if (r.one(4)) poke(this.bytes, TSS + 8 + n * 8, r.below(256))
    }
    this.fillTask(TSS, this.ring, CODE, stackOf(this.ring) - 0x100)
    this.fillTask(TSS2, r.below(4), CODE + 0x90, 0x7000)
    this.eflags = 2 | (r.int() & 0x8d5) | (r.one(3) ? r.int() & 0x3000 : 0)
    poke(this.bytes, TSS + T.ldt, r.one(2) ? 0xe8 : 0)
  }

  fillTask(tss: number, ring: number, eip: number, esp: number): void {
    const r = this.#r
    poke(this.bytes, tss + T.eip, eip)
    poke(this.bytes, tss + T.eflags, 2)
    for (let n = 0; n < 8; n++) {
      poke(this.bytes, tss + T.regs + n * 4, n === ESP ? esp : r.one(2) ? r.int() : r.below(256))
    }
    for (let n = 0; n < 6; n++) {
      poke(this.bytes, tss + T.segments + n * 4, n === CS ? codeOf(ring) : dataOf(ring))
    }
  }
}

/** A selector: mostly of the tables' odd part. */
function selector(r: Dice): number {
  return r.one(10) ? r.below(0x10000) & ~4 : r.one(12) ? r.below(4) : r.below(256)
}

const loads: Maker = (r) => {
  const s = new State(r)
  const i = r.of(ES, SS, DS, FS, GS)
  const to = selector(r)
  s.setReg(EAX, to)
  s.code(0x8e, 0xc0 | i << 3)
  return s.case(`mov segment ${i}, ${hex(to)}`)
}

const jumps: Maker = (r) => {
  const s = new State(r)
  const to = selector(r)
  const call = r.one(2)
  s.push(r.int(), r.int(), r.int(), r.int())
  s.code(...r.one(4)
    ? [0x66, call ? 0x9a : 0xea, ...bytes16(CODE + 0x80), ...bytes16(to)]
    : [call ? 0x9a : 0xea, ...bytes32(CODE + 0x80 + r.below(64)), ...bytes16(to)])
  return s.case(`far ${call ? 'call' : 'jump'} ${hex(to)}`)
}

const returns: Maker = (r) => {
  const s = new State(r)
  const to = s.ring + r.below(4 - s.ring)
  const cs = r.one(3) ? selector(r) : codeOf(to)
  const ss = r.one(3) ? selector(r) : dataOf(to)
  const flags = (r.int() & (r.one(2) ? 0x207ed5 : 0x247ed5) & ~0x4100) | 2
  const iret = r.one(2)
  s.push(ss, stackOf(to) - 0x40, ...(iret ? [flags] : []), cs, CODE + 0x80)
  s.outerData()
  s.presentStack(ss)
  s.code(iret ? 0xcf : 0xcb)
  return s.case(`${iret ? `iret with ${hex(flags)}` : 'retf'} to ${hex(cs)}, stack ${hex(ss)}`)
}

const interrupts: Maker = (r) => {
  const s = new State(r)
  const vector = 30 + r.below(36)
  s.code(0xcd, vector)
  return s.case(`int ${hex(vector)}`)
}

const questions: Maker = (r) => {
  const s = new State(r)
  const of = selector(r)
  s.setReg(EAX, of)
  s.code(0x0f, ...r.of([0x02, 0xd8], [0x03, 0xd8], [0x00, 0xe0], [0x00, 0xe8]))
  return s.case(`lar, lsl, verr or verw of ${hex(of)}`)
}

const tables: Maker = (r) => {
  const s = new State(r, r.one(4) ? r.below(4) : 0)
  // QEMU takes a null selector for TR
  const of = r.one(3) ? 0xf0 : selector(r) | 8
  s.setReg(EAX, of)
  s.code(0x0f, 0x00, r.of(0xd0, 0xd8))
  return s.case(`lldt or ltr of ${hex(of)}`)
}

const CONTROLS: number[][] = [
  [0x0f, 0x20, 0xc0], [0x0f, 0x20, 0xc8], [0x0f, 0x20, 0xd0], [0x0f, 0x20, 0xd8], [0x0f, 0x22, 0xd0], [0x0f, 0x06],
  [0x0f, 0x01, 0xf0], [0x0f, 0x01, 0xe0], [0xfa], [0xfb], [0x9d], [0x66, 0x9d], [0x9c], [0xec], [0x0f, 0x01, 0x38],
  [0x0f, 0x08], [0x0f, 0x00, 0xc8], [0x0f, 0x00, 0xc0], [0x0f, 0x01, 0x05, ...bytes32(0x4000)],
  [0x0f, 0x01, 0x0d, ...bytes32(0x4000)], [0x0f, 0x01, 0x15, ...bytes32(0x4000)], [0x0f, 0x01, 0x1d, ...bytes32(0x4000)],
  [0x0f, 0x21, 0xf0], [0x0f, 0x21, 0xe0], [0x0f, 0x23, 0xf8], [0x0f, 0x23, 0xf0], [0x0f, 0x21, 0xf8], [0x0f, 0x34],
  [0x0f, 0x35], [0x0f, 0x32],
]

/** QEMU looks at the ring first, hardware whether there is a CR1. */
const readsCr1 = (op: number[]): boolean => op[1] === 0x20 && op[2] === 0xc8

const privileges: Maker = (r) => {
  const s = new State(r)
  const op = r.of(...CONTROLS.filter((bytes) => s.ring === 0 || !readsCr1(bytes)))
  const second = op[1]
  s.setReg(EAX, r.int())
  if (op.at(-1) === 0x9d) s.push(r.int() & ~0x40100)
  // QEMU keeps bits of DR6 and DR7 that the manual calls fixed
  if (second === 0x23) s.setReg(EAX, r.int() & 0x7ff00700)
  if (second === 1 && op[2] === 0xf0) s.setReg(EAX, r.int() & ~0xe)
  if (op[0] === 0xec) s.setReg(EDX, 0x80)
  if (second === 0x32) s.setReg(ECX, 0x174 + r.below(3))
  if (second === 0x34 || second === 0x35) {
    s.setField(FIELD.sysenterCs, r.one(6) ? 0 : codeOf(0))
    s.setField(FIELD.sysenterCs + 1, 0x4f00)
    s.setField(FIELD.sysenterCs + 2, CODE + 0x80)
    s.setReg(EDX, CODE + 0x80)
    s.setReg(ECX, 0x6700)
  }
  s.code(...op)
  return s.case(`${op.map(hex).join(' ')} with eflags ${hex(s.eflags)} eax ${hex(s.reg(EAX))}`)
}

/** QEMU reports the read of an `add [m], r` as one: no such here. */
const TOUCHES = [[0x8b, 0x03], [0x89, 0x03], [0x8a, 0x03], [0x88, 0x03], [0xff, 0xe3], [0x66, 0x89, 0x03], [0x39, 0x03]]

const paging: Maker = (r) => {
  const s = new State(r)
  const wide = r.one(2)
  const nx = wide && r.one(2)
  const size = wide ? 8 : 4
  const put = (at: number, low: number, high = 0): void => {
    poke(s.bytes, at, low)
    if (wide) poke(s.bytes, at + 4, high)
  }
  s.mode = wide ? 2 : 1
  if (wide) put(0x7000, DIRECTORY | 1)
  for (let n = 1; n < 32; n++) put(DIRECTORY + n * size, n << (wide ? 21 : 22) | 0xe7)
  put(DIRECTORY, TABLE | 0x67)
  for (let at = TABLE, n = 0; at < ODD_TABLE; at += size, n++) put(at, n << 12 | (n < 16 ? 0x67 : 7))
  const rights = (): number => r.int() & 0x67 | (r.one(8) ? 0 : 1) | (r.one(2) ? 6 : 0)
  const high = (): number => nx && r.one(4) ? 0x80000000 : wide && r.one(20) ? r.of(0x7ff00000, 0x80000000, 0x100000) : 0
  const slot = wide ? 4 : 2
  put(DIRECTORY + slot * size, ODD_TABLE | rights(), high())
  // QEMU does not mind reserved bits in a large page's narrow entry
  put(DIRECTORY + (slot + 1) * size, rights() | 0x80 | (wide && r.one(6) ? 0x2000 : 0), high())
  for (let n = 0; n < 16; n++) put(ODD_TABLE + n * size, 0xb + r.below(3) << 12 | rights(), high())
  poke(s.bytes, TSS + T.cr3, wide ? 0x7000 : DIRECTORY)
  s.setField(FIELD.cr4, wide ? 0x20 | (r.one(2) ? 0x10 : 0) : 0x10)
  s.setField(FIELD.cr0, 0x80000011 | (r.one(2) ? 0x10000 : 0))
  s.setField(FIELD.efer, nx ? 0x800 : 0)
  const large = 0x800000 + (wide ? 0x200000 : 0x400000) + 0xb000 + (r.below(0xff) << 4)
  const small = 0x800000 + r.below(15) * 4096 + r.of(0, 0x10, 0xffd, 0xffe, 0xfff, r.below(4096))
  s.setReg(EBX, r.one(5) ? large : small)
  s.bytes.fill(0xcc, 0xb000, 0xe000)
  const op = r.of(...TOUCHES)
  s.code(...op)
  return s.case(`${op.map(hex).join(' ')} at ${hex(s.reg(EBX))}, ${wide ? 'wide' : 'narrow'} tables`)
}

const tasks: Maker = (r) => {
  const s = new State(r)
  const to = r.below(4)
  s.fillTask(TSS2, to, CODE + 0x90, stackOf(to) - 0x80)
  const limit = r.one(8) ? r.below(256) : 0x67
  describe(s.bytes, GDT + 0xf0, TSS2, limit, 0x89 | (r.one(2) ? 3 : r.below(4)) << 5, 0)
  if (r.one(3)) s.bytes[CODE + 0x90] = 0xcf
  const sel = 0xf0 | (r.one(2) ? s.ring : 0)
  s.code(r.of(0xea, 0x9a), ...bytes32(0), ...bytes16(sel))
  return s.case(`task of ring ${to} by ${hex(s.bytes[CODE])} ${hex(sel)}`)
}

const steps: Maker = (r) => {
  const s = new State(r)
  const op = r.of([0x8b, 0x03], [0x89, 0x03], [0x90], [0x9c], [0x8e, 0xd0], [0xa4], [0xff, 0x03], [0x0f, 0x0b], [0xeb, 0x00],
    [0x9d], [0xf3, 0xa4])
  s.code(...op, 0x90, 0x90)
  s.setReg(EAX, dataOf(s.ring))
  s.setReg(EBX, 0x4000 + r.below(16))
  s.setReg(ESI, 0x4000)
  s.setReg(EDI, 0x4100)
  s.setReg(ECX, 3)
  if (op[0] === 0x9d) s.push(2 | r.below(2) << 8)
  if (r.one(2)) s.eflags |= 0x100
  if (r.one(2)) {
    // QEMU lets a breakpoint strike right behind a load of SS; the manual does not (3B, 17.3.1.1)
    s.setField(FIELD.dr0, CODE + r.below(op[0] === 0x8e ? 2 : 3))
    s.setField(FIELD.dr7, 0x402)
  }
  return s.case(`${op.map(hex).join(' ')} stepping, eflags ${hex(s.eflags)}`)
}

export const MAKERS: Record<string, Maker> = {
  loads, jumps, returns, interrupts, questions, tables, privileges, paging, tasks, steps,
}
