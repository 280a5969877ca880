/**
 * Random single instructions, made from the catalogue's own encodings, with
 * registers chosen so that most of them find memory where they look for it,
 * and descriptors where they look for those.
 */
import { catalogue } from '../generated/emulator/isa/catalogue.ts'
import { INTERNAL, type Form } from '../generated/emulator/isa/forms.ts'
import { randomFloats } from './float-state.ts'
import { Random } from './random.ts'
import {
  CODE, CODE_16, CODE_AT_CODE, FS_BASE, FS_SELECTOR, GS_BASE, GS_SELECTOR,
  KERNEL_CODE, KERNEL_DATA, LOCALS, STACK_16, USER_CODE, USER_DATA,
  localSelector, type Poke,
} from './world.ts'

export interface Case {
  form: Form
  /** Linear address of the instruction, and its offset in CS. */
  address: number
  eip: number
  bytes: number[]
  registers: number[]
  eflags: number
  /** ES CS SS DS FS GS. */
  segments: number[]
  /** Words of the data that are set first. */
  pokes: Poke[]
  /** x87 and vector registers as FXSAVE has them. */
  floats: Uint8Array | null
  /** The instruction may repeat: run until it is done. */
  repeats: boolean
  /** The shift count, where one matters; -1 otherwise. */
  count: number
  /** A 16-bit address so high that its operand may wrap. */
  edge: boolean
  /** Bits of the first operand. */
  size: number
}

/** Instructions with registers that other cases do not set. */
export const hasFloats = (form: Form) => form.map === 0
  ? (form.opcode & 0xf8) === 0xd8 || form.opcode === 0x9b
  : form.map > 1 || (form.map === 1 && isVector(form.opcode))

const isVector = (opcode: number) => (opcode >= 0x10 && opcode <= 0x17)
  || (opcode >= 0x28 && opcode <= 0x2f) || (opcode >= 0x50 && opcode <= 0x7f)
  || opcode === 0xae || opcode === 0xc2 || opcode === 0xe7
  || (opcode >= 0xc4 && opcode <= 0xc6) || opcode >= 0xd0

export function testableForms(): Form[] {
  const all = catalogue().forms.filter((form) => form.map !== INTERNAL)
  const floats = all.some((form) => form.instruction.name === 'fxrstor')
  return all.filter((form) => floats || !hasFloats(form))
}

const INTERESTING = [0, 1, -1, 2, 7, 8, 15, 16, 31, 32, 127, 128, 255, 256,
  0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, -0x80000000, -2]
const PREFIXES = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65]
/** ModRM without displacement: which register is the base, or none. */
const ES = 0, CS = 1, SS = 2, DS = 3, FS = 4, GS = 5
const EBP = 5, ESP = 4

/** Selectors worth loading: good, bad, null, beyond the tables. */
const SELECTORS = [USER_CODE, USER_DATA, FS_SELECTOR, KERNEL_CODE, KERNEL_DATA,
  0x28, 0, 3, 0x104, 0x1ff7, 0xfffc,
  ...LOCALS.map((_, i) => localSelector(i)),
  ...LOCALS.map((_, i) => localSelector(i) - (i & 3))]

/** Takes a selector: where from. */
const SELECTOR_OPERAND = /^(movToSegment|lar|lsl|verr|verw|arpl)$/
const FAR_POINTER = /^(loadFar|far.*Indirect|callFar|jumpFar)/

export interface Choice {
  /** Privilege level the cases run at. */
  ring: 0 | 3
  /** Now and then a LOCK that may be out of place. */
  locks: boolean
  /** Segments that are not flat, 16-bit code, alignment checks. */
  segments: boolean
}

/** Makes cases for one form after another. */
export class Cases {
  private readonly random: Random
  private slot = 0
  private readonly choice: Choice
  // the case that is being made
  private registers: number[] = []
  private segments: number[] = []
  private bytes: number[] = []
  private pokes: Poke[] = []
  private target = -1
  private override = -1
  private modrmAt = 0
  /** Of a 16-bit memory operand. */
  private offset = 0

  /** A boolean: ring 0, flat, with or without locks. */
  constructor(seed: number, choice: Choice | boolean) {
    this.random = new Random(seed)
    this.choice = typeof choice === 'object' ? choice
      : { ring: 0, locks: choice, segments: false }
  }

  make(form: Form): Case {
    const r = this.random
    const floats = hasFloats(form) ? randomFloats(r) : null
    this.start(floats !== null)
    const cs16 = this.segments[CS] === CODE_16
    const prefixes = this.prefixes(form, cs16)
    this.opcode(form)
    if (form.modrm) this.modrm(form, prefixes.address16)
    if (form.instruction.options.bits && this.isFarBit()) return this.make(form)
    if (form.operands.some((w) => w[0] === 'X')) {
      const base = form.instruction.name === 'xlat' ? 3 : 7
      this.registers[base] = this.place(300) - this.baseOf(DS)
    }
    const count = this.immediates(form, prefixes)
    this.selectors(form)
    if (/^(leave|enter)$/.test(form.instruction.name)) {
      this.registers[EBP] = this.place(64)
    }
    this.slot = (this.slot + 1) % 1000
    const address = CODE + this.slot * 64 + 8
      + (r.chance(0.5) ? r.below(40) : 0)
    const first = form.operands[0] ?? 'v'
    const eflags = 2 | (r.int() & 0x8d5) | (r.chance(0.3) ? 0x400 : 0)
      | (this.choice.segments && !floats && r.chance(0.05) ? 0x40000 : 0)
    return {
      form, bytes: this.bytes, registers: this.registers, address,
      eip: address - codeBase(this.segments[CS]), segments: this.segments,
      pokes: this.pokes, floats, count, eflags,
      edge: prefixes.address16 && (this.offset & 0xffff) > 0xff80,
      repeats: form.operands.includes('x') || prefixes.repeats,
      size: /b$|^AL$/.test(first) ? 8 : prefixes.size16 ? 16 : 32,
    }
  }

  private start(flat: boolean): void {
    const r = this.random
    this.bytes = []
    this.pokes = []
    this.target = this.override = -1
    this.offset = 0
    this.registers = Array.from({ length: 8 }, () => this.value())
    const [code, data] = this.choice.ring === 0 ? [KERNEL_CODE, KERNEL_DATA]
      : [USER_CODE, USER_DATA]
    this.segments = [data, code, data, data, FS_SELECTOR, GS_SELECTOR]
    if (!flat && this.choice.segments) this.strangeSegments(r)
    this.registers[ESP] = this.place(16)
    if (this.segments[SS] === STACK_16 && r.chance(0.9)) {
      this.registers[ESP] &= 0xffff
    }
  }

  private strangeSegments(r: Random): void {
    if (r.chance(0.1)) this.segments[CS] = r.pick([CODE_16, CODE_AT_CODE])
    if (r.chance(0.1)) this.segments[SS] = r.pick([STACK_16, localSelector(2)])
    const loadable = [0, ...[0, 1, 2, 3, 4, 5, 7, 11, 13].map(localSelector)]
    for (const s of [ES, DS, FS, GS]) {
      if (r.chance(0.06)) this.segments[s] = r.pick(loadable)
    }
  }

  private prefixes(form: Form, cs16: boolean) {
    const r = this.random
    const letters = form.operands.map((word) => word[0])
    const memory = letters.some((c) => 'EMOX'.includes(c))
    const string = form.operands.includes('x')
    const { bytes } = this
    const has66 = form.prefix === '' && r.chance(0.3)
    const has67 = r.chance(0.12)
      && (memory || string || form.operands.includes('a'))
    if (has66) bytes.push(0x66)
    if (has67) bytes.push(0x67)
    if ((memory || string) && r.chance(0.2)) {
      this.override = r.pick(this.choice.segments
        ? [ES, CS, SS, DS, FS, GS] : [ES, SS, DS, FS, GS])
      bytes.push(PREFIXES[this.override])
    }
    const repeats = string && r.chance(0.7)
    if (repeats) bytes.push(r.pick([0xf2, 0xf3]))
    if (string) {
      this.registers[6] = this.place(256) - this.baseOf(DS)
      this.registers[7] = this.place(256) - baseOfSelector(this.segments[ES])
      this.registers[1] = r.below(40)
    }
    if (this.choice.locks && r.chance(0.03)) bytes.push(0xf0)
    return { size16: has66 !== cs16, address16: has67 !== cs16, repeats }
  }

  /** A bit string so long that it may meet memory of somebody else? */
  private isFarBit(): boolean {
    const g = (this.bytes[this.modrmAt] >> 3) & 7
    return this.target >= 0 && Math.abs(this.registers[g]) > 0x40000
  }

  private opcode(form: Form): void {
    const { bytes } = this
    if (form.prefix === 'F3') bytes.push(0xf3)
    if (form.prefix === 'F2') bytes.push(0xf2)
    if (form.prefix === '66') bytes.push(0x66)
    const opcode = form.opcode + this.random.below(form.opcodes)
    bytes.push(...[[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]][form.map], opcode)
  }

  private immediates(form: Form,
    { size16, address16 }: { size16: boolean, address16: boolean }): number {
    const r = this.random
    const name = form.instruction.name
    const { bytes, registers } = this
    let count = -1
    for (const word of form.operands) {
      const n = immediateSize(word, size16, address16)
      if (word[0] === 'A') this.farAddress(n)
      else for (let i = 0; i < n; i++) {
        bytes.push(word[0] === 'O'
          ? [r.below(256), r.below(256), 0, 0][i] : r.below(256))
      }
      if (word === 'Ib' || word === 'Iw') count = bytes[bytes.length - 1] & 31
      if (word === 'I1') count = 1
    }
    if (form.operands.includes('CL') || /^sh[lr]d$/.test(name) && count < 0) {
      count = registers[1] & 31
    }
    // ENTER: few levels
    if (name === 'enter') bytes[bytes.length - 1] &= 3
    if (/^(ret|farReturn)Drop$/.test(name)) bytes[bytes.length - 1] &= 0x7f
    if (name.startsWith('loop')) registers[1] = r.below(4)
    if (name === 'int' && bytes[bytes.length - 1] === 0x80) {
      bytes[bytes.length - 1] = 0x81
    }
    return count
  }

  /** The offset of a direct far jump; its selector comes as an Iw. */
  private farAddress(n: number): void {
    const offset = this.random.below(0x10000)
    for (let i = 0; i < n; i++) this.bytes.push((offset >> (i * 8)) & 255)
  }

  /** Selectors where the instruction will look for them. */
  private selectors(form: Form): void {
    const r = this.random
    const name = form.instruction.name
    const { bytes, registers } = this
    const selector = () => r.chance(0.1) ? r.below(0x60) * 8 + 7
      : r.pick(SELECTORS)
    if (SELECTOR_OPERAND.test(name)) {
      if (this.target >= 0) this.poke(this.target, selector())
      else registers[bytes[bytes.length - 1] & 7] =
        (r.int() & 0xffff0000) | selector()
    }
    if (name.startsWith('popSegment')) this.poke(registers[ESP], selector())
    if (/^far(Jump|Call)$/.test(name)) {
      const s = selector()
      bytes.splice(bytes.length - 2, 2, s & 255, s >> 8)
    }
    const wide = (r.int() & 1) === 0 ? 4 : 2
    if (FAR_POINTER.test(name) && this.target >= 0) {
      this.poke(this.target, r.below(0x10000))
      this.poke(this.target + wide, selector())
    }
    if (/^(iret|farReturn)/.test(name)) {
      const at = registers[ESP] + (this.segments[SS] === STACK_16
        ? 0 : baseOfSelector(this.segments[SS]))
      this.poke(at, r.below(0x10000))
      this.poke(at + wide, selector())
      this.poke(at + 2 * wide, (r.int() & 0x8d5) | 0x202)
    }
  }

  private poke(address: number, value: number): void {
    const at = address >>> 0
    if (at > 0xfff8 || at >>> 12 === 8 || at >>> 12 === 12
      || (at + 3) >>> 12 === 8 || (at + 3) >>> 12 === 12) return
    this.pokes.push({ address: at, value })
  }

  private modrm(form: Form, address16: boolean): void {
    const r = this.random
    const { bytes } = this
    if (form.exact >= 0) {
      bytes.push(form.exact + r.below(form.exacts))
      return
    }
    const onlyMemory = form.operands.some((w) => /^M./.test(w))
    const onlyRegister = form.operands.some((w) => /^[RU]./.test(w))
    let mod = r.pick([0, 1, 2, 3, 3])
    if (onlyMemory) mod = r.below(3)
    if (onlyRegister) mod = 3
    const rm = r.below(8)
    const reg = form.digit >= 0 ? form.digit : r.below(8)
    this.modrmAt = bytes.length
    bytes.push((mod << 6) | (reg << 3) | rm)
    if (mod === 3) return
    if (address16) return this.address16(mod, rm)
    this.address32(mod, rm)
  }

  private address16(mod: number, rm: number): void {
    const { bytes, registers, random: r } = this
    const n = mod === 1 ? 1 : mod === 2 || (mod === 0 && rm === 6) ? 2 : 0
    const d = r.below(0x10000)
    for (let i = 0; i < n; i++) bytes.push((d >> (i * 8)) & 255)
    const displacement = n === 0 ? 0 : n === 1 ? (d << 24) >> 24 : d
    const parts = [[3, 6], [3, 7], [5, 6], [5, 7], [6], [7],
      mod === 0 ? [] : [5], [3]][rm]
    const base = parts.includes(5) ? SS : DS
    const sum = parts.reduce((s, i) => s + registers[i], displacement) & 0xffff
    this.offset = sum
    this.target = sum + this.baseOf(base)
  }

  private address32(mod: number, rm: number): void {
    const { bytes, registers, random: r } = this
    let base: number = rm
    let scaled = 0
    let index = -1
    if (rm === 4) {
      const sib = r.below(256)
      bytes.push(sib)
      base = sib & 7
      index = (sib >> 3) & 7
      if (index === 4) index = -1
      else scaled = registers[index] << (sib >> 6)
    }
    const none = base === 5 && mod === 0
    const segment = !none && (base === EBP || base === ESP) ? SS : DS
    const want = this.place(16) - this.baseOf(segment)
    const d = (n: number) => {
      for (let i = 0; i < 4; i++) bytes.push((n >> (i * 8)) & 255)
    }
    this.target = want + this.baseOf(segment)
    if (none) return d(want - scaled)
    // r + r * scale cannot always be solved but by the displacement
    if (mod === 2 && (index === base || r.chance(0.5))) {
      return d(want - scaled - registers[base])
    }
    const displacement = mod === 0 ? 0 : mod === 1 ? (r.int() << 24) >> 24
      : r.int()
    if (index === base) {
      registers[base] = r.below(0x1000)
      this.target = -1
    } else registers[base] = (want - scaled - displacement) | 0
    if (mod === 1) bytes.push(displacement & 255)
    if (mod === 2) d(displacement)
  }

  /** Base of the segment an access goes to that would go to `segment`. */
  private baseOf(segment: number): number {
    const s = this.override >= 0 ? this.override : segment
    return baseOfSelector(this.segments[s])
  }

  /** An address in the data, now and then at the edge of something. */
  private place(margin: number): number {
    const r = this.random
    // where nobody has memory
    if (r.chance(0.04)) return 0x400000 + r.below(0x7000000)
    if (r.chance(0.2)) return r.below(16) * 4096 + r.below(32) - 16
    const at = margin + r.below(0x10000 - 2 * margin)
    return r.chance(0.4) ? at & ~15 : at
  }

  private value(): number {
    const r = this.random
    return r.chance(0.4) ? r.pick(INTERESTING) : r.int() >> r.below(32)
  }
}

function immediateSize(word: string, size16: boolean, address16: boolean) {
  const v = size16 ? 2 : 4
  switch (word) {
    case 'Ib': case 'Is': case 'Jb': return 1
    case 'Iw': return 2
    case 'Iz': case 'Jz': case 'Av': return v
    case 'Ob': case 'Ov': return address16 ? 2 : 4
    default: return 0
  }
}

/** Base of the segment a selector names; 0 if it names none. */
export function baseOfSelector(selector: number): number {
  if (selector === FS_SELECTOR) return FS_BASE
  if (selector === GS_SELECTOR) return GS_BASE
  return (selector & 4) !== 0 ? LOCALS[selector >> 3]?.base ?? 0 : 0
}

const codeBase = baseOfSelector
