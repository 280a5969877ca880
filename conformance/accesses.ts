/**
 * Which memory a case touches, told by somebody else's disassembler, and
 * which faults each access could raise. Reasons why a difference may stand
 * ask here whether an operand wraps, or whether two accesses would fault.
 */
import {
  Decoder, InstructionInfoFactory, MemorySizeExt, Mnemonic, OpAccess, OpKind, Register,
  type Instruction, type UsedMemory,
} from 'iced-x86'
import { baseOfSelector, type Case } from './cases.ts'
import {
  CODE, CODE_16, CODE_SIZE, DATA_SIZE, LOCALS, MISSING,
  READ_ONLY, STACK_16, type LocalDescriptor,
} from './world.ts'

export interface Access {
  /** ES CS SS DS FS GS, as 0 to 5. */
  segment: number
  /** In the segment, 0 to 2^32 - 1. */
  offset: number
  size: number
  write: boolean
  /** Bytes that the address can count: 2^16 or 2^32. */
  space: number
  /** An operand of several numbers, which may be touched in any order. */
  image: boolean
}

const factory = new InstructionInfoFactory()
const WRITES: number[] = [OpAccess.Write, OpAccess.CondWrite, OpAccess.ReadWrite, OpAccess.ReadCondWrite]
const CS = 1, SS = 2, DS = 3, ES = 0
const ESI = 6, EDI = 7
const NARROW_STACKS = [STACK_16, 3 * 8 + 7]

/** What `test` touches with `registers`; a string, what it touches next. */
export function accessesOf(test: Case, registers = test.registers): Access[] {
  const instruction = decode(test)
  if (test.form.operands.includes('x')) return stringAccesses(test, instruction, registers)
  const info = factory.info(instruction)
  const used = info.usedMemory()
  const found = used.map((m) => accessOf(test, instruction, m, registers))
    .filter((a) => a.size > 0)
  used.forEach((m) => m.free())
  info.free()
  instruction.free()
  return withRest(test, found)
}

/** What a return to another ring may read, and ESP's place in POPA. */
function withRest({ form, bytes }: Case, found: Access[]): Access[] {
  const { name } = form.instruction
  if (name === 'popa') return [{ ...found[0], size: found[0].size * 8, image: true }]
  if (!/^(iret|farReturn)/.test(name)) return found
  const last = found[found.length - 1]
  const dropped = name === 'farReturnDrop' ? bytes[bytes.length - 2] | bytes[bytes.length - 1] << 8 : 0
  return [...found, { ...last, offset: wrapped(last.offset + last.size + dropped, last.space), size: 2 * last.size }]
}

function decode(test: Case): Instruction {
  const bytes = new Uint8Array(16).fill(0x90)
  bytes.set(test.bytes)
  const decoder = new Decoder(test.segments[CS] === CODE_16 ? 16 : 32, bytes, 0)
  const instruction = decoder.decode()
  decoder.free()
  return instruction
}

/** Prefixes before the opcode. */
export function prefixesOf(test: Case): number[] {
  const at = test.bytes.findIndex((b) => ![0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3].includes(b))
  return test.bytes.slice(0, at)
}

const address16 = (test: Case) =>
  prefixesOf(test).includes(0x67) !== (test.segments[CS] === CODE_16)

function accessOf(test: Case, instruction: Instruction, m: UsedMemory, registers: number[]): Access {
  const explicit = m.base === instruction.memoryBase
  const narrow = explicit ? address16(test) : NARROW_STACKS.includes(test.segments[SS])
  const space = narrow ? 0x10000 : 2 ** 32
  // without a ModRM byte the stack segment says how wide its pointer is
  const base = !explicit && m.base === Register.SP ? Register.ESP
    : !explicit && m.base === Register.BP ? Register.EBP : m.base
  const sum = value(base, registers) + value(m.index, registers) * m.scale
    + Number(BigInt.asIntN(base === m.base ? 32 : 16, m.displacement)) + bitString(instruction, registers)
  return {
    segment: m.segment - Register.ES, offset: wrapped(sum, space), space,
    size: MemorySizeExt.size(m.memorySize), write: WRITES.includes(m.access),
    image: /^(loadFar.|f(n?(save|stenv)|rstor|ldenv|xsave|xrstor))$/.test(test.form.instruction.name),
  }
}

const wrapped = (n: number, space: number) => ((n % space) + space) % space

function value(register: number, registers: number[]): number {
  if (register >= Register.EAX && register <= Register.EDI) return registers[register - Register.EAX] | 0
  if (register >= Register.AX && register <= Register.DI) return registers[register - Register.AX] << 16 >> 16
  return register === Register.AL ? registers[0] & 255 : 0
}

/** Bytes that a bit number in a register adds. */
function bitString(instruction: Instruction, registers: number[]): number {
  const tests: number[] = [Mnemonic.Bt, Mnemonic.Bts, Mnemonic.Btr, Mnemonic.Btc]
  if (!tests.includes(instruction.mnemonic) || instruction.op1Kind !== OpKind.Register) return 0
  const register = instruction.op1Register
  const wide = register >= Register.EAX && register <= Register.EDI
  return wide ? (value(register, registers) >> 5) * 4 : (value(register, registers) >> 4) * 2
}

function stringAccesses(test: Case, instruction: Instruction, registers: number[]): Access[] {
  const name = test.form.instruction.name
  const prefixes = prefixesOf(test)
  const override = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65].findIndex((b) => prefixes.includes(b))
  const space = address16(test) ? 0x10000 : 2 ** 32
  const size = test.size / 8
  const source = { segment: override < 0 ? DS : override, offset: wrapped(registers[ESI], space),
    size, space, write: false, image: false }
  const target = { segment: ES, offset: wrapped(registers[EDI], space),
    size, space, write: /^(movs|stos|ins)/.test(name), image: false }
  instruction.free()
  return /^(lods|outs)/.test(name) ? [source]
    : /^(movs|cmps)/.test(name) ? [source, target] : [target]
}

/** Is its last byte beyond what the address can count? */
export const wraps = ({ offset, size, space }: Access) => offset + size > space

/** Vectors that `access` could raise alone; empty: none. */
export function faultsOf(test: Case, access: Access): Set<number> {
  const selector = test.segments[access.segment]
  const local = (selector & 4) !== 0 ? LOCALS[selector >> 3] : undefined
  const stack = access.segment === SS ? 12 : 13
  const found = new Set<number>()
  if ((selector & ~3) === 0 || (access.segment === CS && access.write)) return found.add(13)
  if (local && !allows(local, access)) found.add(local.less && access.write ? 13 : stack)
  // segments come before pages, but an image's parts have no order
  if (found.size > 0 && !access.image) return found
  if (wraps(access)) found.add(stack)
  if (missingBytes(test, access).length > 0) found.add(14)
  if ((test.eflags & 0x40000) !== 0 && linearOf(test, access) % alignmentOf(access) !== 0) found.add(17)
  return found
}

/** Where its first byte is. */
export function linearOf(test: Case, { segment, offset }: Access): number {
  return (baseOfSelector(test.segments[segment]) + offset) >>> 0
}

/** Linear addresses of the bytes of `access` that no page gives. */
export function missingBytes(test: Case, access: Access): number[] {
  const at = linearOf(test, access)
  return Array.from({ length: access.size }, (_, i) => (at + i) >>> 0)
    .filter((at) => !isThere(at, access.write))
}

const alignmentOf = ({ size }: Access) => size === 2 ? 2 : size === 8 ? 8 : 4

function allows(d: LocalDescriptor, { offset, size, write }: Access): boolean {
  if (write && (d.less || d.contents > 1)) return false
  if (!write && d.less && d.contents > 1) return false
  const limit = d.pages ? d.limit * 4096 + 4095 : d.limit
  const last = offset + size - 1
  if (d.contents !== 1) return last <= limit
  return offset > limit && last <= (d.wide ? 0xffffffff : 0xffff)
}

/** May ring 3 touch the byte at `linear`? */
function isThere(linear: number, write: boolean): boolean {
  const page = linear & -4096
  if (linear >= CODE && linear < CODE + CODE_SIZE) return true
  return linear < DATA_SIZE && page !== MISSING && !(write && page === READ_ONLY)
}
