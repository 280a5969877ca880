/**
 * Random single instructions, made from the catalogue's own encodings, with
 * registers chosen so that most of them find memory where they look for it.
 */
import { catalogue } from '../generated/emulator/isa/catalogue.ts'
import { INTERNAL, type Form } from '../generated/emulator/isa/forms.ts'
import { Random } from './random.ts'

export interface Case {
  form: Form
  address: number
  bytes: number[]
  registers: number[]
  eflags: number
  /** The instruction may repeat: run until it is done. */
  repeats: boolean
  /** The shift count, where one matters; -1 otherwise. */
  count: number
  /** Bits of the first operand. */
  size: number
}

/** What needs a whole system around it is tested elsewhere. */
const SYSTEM = new RegExp('^(far|iret|int|hlt|in$|out$|ins|outs|movTo|movFrom'
  + '|pushSeg|popSeg|loadFar|lgdt|lidt|sgdt|sidt|sldt|str$|lldt|ltr|lmsw|smsw'
  + '|invlpg|wbinvd|clts|cli|sti|rdtsc|rdmsr|wrmsr|rdpmc|cpuid|sys|verr|verw'
  + '|lar|lsl|ud)')

/** Floating point and vectors have registers that cases do not set. */
const hasOtherRegisters = (form: Form) => form.map === 0
  ? (form.opcode & 0xf8) === 0xd8 || form.opcode === 0x9b
  : form.map !== 1 || (form.prefix !== '' && form.instruction.name !== 'pause')

export function testableForms(): Form[] {
  return catalogue().forms.filter((form) => form.map !== INTERNAL
    && !SYSTEM.test(form.instruction.name) && !hasOtherRegisters(form))
}

const INTERESTING = [0, 1, -1, 2, 7, 8, 15, 16, 31, 32, 127, 128, 255, 256,
  0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, -0x80000000, -2]
const SEGMENTS = [[0x26, 0], [0x36, 0], [0x3e, 0], [0x64, 0x300], [0x65, 0x500]]

/** Makes cases for one form after another. */
export class Cases {
  private readonly random: Random
  private slot = 0
  private readonly locks: boolean
  /** `locks`: now and then with a LOCK that may be out of place. */
  constructor(seed: number, locks: boolean) {
    this.random = new Random(seed)
    this.locks = locks
  }

  make(form: Form): Case {
    const r = this.random
    const letters = form.operands.map((word) => word[0])
    const memoryForm = letters.some((c) => 'EMOX'.includes(c))
    const name = form.instruction.name
    const string = form.operands.includes('x')
    const registers = Array.from({ length: 8 }, () => this.value())
    registers[4] = this.place(16)
    const bytes: number[] = []
    const size16 = form.prefix === '' && r.chance(0.3)
    const address16 = r.chance(0.12)
      && (memoryForm || string || form.operands.includes('a'))
    if (size16) bytes.push(0x66)
    if (address16) bytes.push(0x67)
    let base = 0
    if ((memoryForm || string) && r.chance(0.2)) {
      const [prefix, at] = r.pick(SEGMENTS)
      bytes.push(prefix)
      base = at
    }
    const repeats = string && r.chance(0.7)
    if (repeats) bytes.push(r.pick([0xf2, 0xf3]))
    if (string) {
      registers[6] = this.place(256)
      registers[7] = this.place(256)
      registers[1] = r.below(40)
    }
    if (this.locks && r.chance(0.03)) bytes.push(0xf0)
    if (form.prefix === 'F3') bytes.push(0xf3)
    if (form.prefix === 'F2') bytes.push(0xf2)
    if (form.prefix === '66') bytes.push(0x66)
    const opcode = form.opcode + r.below(form.opcodes)
    bytes.push(...[[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]][form.map], opcode)
    if (form.modrm) this.modrm(form, bytes, registers, address16, base)
    if (letters.includes('X')) registers[3] = this.place(300) - base
    let count = -1
    for (const word of form.operands) {
      const n = this.immediateSize(word, size16, address16)
      for (let i = 0; i < n; i++) {
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
    if (name === 'retDrop') bytes[bytes.length - 1] &= 0x7f
    if (name.startsWith('loop')) registers[1] = r.below(4)
    this.slot = (this.slot + 1) & 1023
    const first = form.operands[0] ?? 'v'
    return {
      form, bytes, registers, repeats: repeats || string, count,
      address: 0x100000 + this.slot * 64
        + (r.chance(0.5) ? r.below(48) : 0),
      eflags: 2 | (r.int() & 0x8d5) | (r.chance(0.3) ? 0x400 : 0),
      size: /b$|^AL$/.test(first) ? 8 : size16 ? 16 : 32,
    }
  }

  private immediateSize(word: string, size16: boolean, address16: boolean) {
    const v = size16 ? 2 : 4
    switch (word) {
      case 'Ib': case 'Is': case 'Jb': return 1
      case 'Iw': return 2
      case 'Iz': case 'Jz': case 'Av': return v
      case 'Ob': case 'Ov': return address16 ? 2 : 4
      default: return 0
    }
  }

  private modrm(form: Form, bytes: number[], registers: number[],
    address16: boolean, segmentBase: number): void {
    const r = this.random
    const onlyMemory = form.operands.some((w) => /^M./.test(w))
    const onlyRegister = form.operands.some((w) => /^R./.test(w))
    let mod = r.pick([0, 1, 2, 3, 3])
    if (onlyMemory) mod = r.below(3)
    if (onlyRegister) mod = 3
    const rm = r.below(8)
    const reg = form.digit >= 0 ? form.digit : r.below(8)
    if (form.exact >= 0) {
      bytes.push(form.exact + r.below(form.exacts))
      return
    }
    bytes.push((mod << 6) | (reg << 3) | rm)
    if (mod === 3) return
    const target = this.place(8) - segmentBase
    const d = (n: number) => {
      for (let i = 0; i < 4; i++) bytes.push((n >> (i * 8)) & 255)
    }
    if (address16) {
      const n = mod === 1 ? 1 : mod === 2 || (mod === 0 && rm === 6) ? 2 : 0
      for (let i = 0; i < n; i++) bytes.push(r.below(256))
      return
    }
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
    if (base === 5 && mod === 0) return d(target - scaled)
    if (mod === 2 && r.chance(0.5)) return d(target - scaled - registers[base])
    const displacement = mod === 0 ? 0 : mod === 1 ? (r.int() << 24) >> 24
      : r.int()
    if (index === base) {
      // r + r * scale cannot always be solved; a wild address is fine
      registers[base] = r.chance(0.5) ? r.below(0x1000) : registers[base]
    } else registers[base] = (target - scaled - displacement) | 0
    if (mod === 1) bytes.push(displacement & 255)
    if (mod === 2) d(displacement)
  }

  /** An address in the data, now and then at the edge of something. */
  private place(margin: number): number {
    const r = this.random
    if (r.chance(0.04)) return r.int()
    if (r.chance(0.2)) return r.below(16) * 4096 + r.below(16) - 8
    return margin + r.below(0x10000 - 2 * margin)
  }

  private value(): number {
    const r = this.random
    return r.chance(0.4) ? r.pick(INTERESTING) : r.int() >> r.below(32)
  }
}
