// An independent reader of machine code: iced-x86, with each instruction's
// operands as short strings, so that tests can compare them with what was asked.
import {
  Decoder, DecoderOptions, Formatter, FormatterSyntax, MemorySizeExt, Mnemonic,
  OpKind, Register,
} from 'iced-x86'
import type { Instruction } from 'iced-x86'

/** One instruction as text, in NASM's syntax. */
export function disassemble(bytes: Uint8Array, address = 0): string[] {
  const formatter = new Formatter(FormatterSyntax.Nasm)
  return decode(bytes, address).map((i) => formatter.format(i))
}

/** All instructions of a run of bytes. */
export function decode(bytes: Uint8Array, address = 0): Instruction[] {
  const decoder = new Decoder(32, bytes, DecoderOptions.None)
  decoder.ip = BigInt(address)
  const instructions: Instruction[] = []
  while (decoder.canDecode) instructions.push(decoder.decode())
  return instructions
}

export const mnemonicOf = (i: Instruction): string =>
  Mnemonic[i.mnemonic].toLowerCase()

/** The explicit operands: `eax`, `0x5`, `[fs:ebx+ecx*4+0x8]:32`. */
export function operandsOf(i: Instruction): string[] {
  return Array.from({ length: i.opCount }, (_, n) => operand(i, n))
}

function operand(i: Instruction, n: number): string {
  const kind = i.opKind(n)
  if (kind === OpKind.Register) return registerName(i.opRegister(n))
  if (kind === OpKind.Memory) return memory(i)
  if (kind === OpKind.NearBranch32) return hex(Number(i.nearBranchTarget))
  if (kind === OpKind.FarBranch32) {
    return `${hex(i.farBranchSelector)}:${hex(i.farBranch32)}`
  }
  const immediate = /^Immediate(?:8to|(?=\d))(\d+)/.exec(OpKind[kind])
  if (immediate) {
    return hex(Number(BigInt.asUintN(Number(immediate[1]), i.immediate(n))))
  }
  return OpKind[kind]
}

function memory(i: Instruction): string {
  const terms: string[] = []
  if (i.memoryBase) terms.push(registerName(i.memoryBase))
  if (i.memoryIndex) {
    terms.push(`${registerName(i.memoryIndex)}*${i.memoryIndexScale}`)
  }
  terms.push(hex(Number(i.memoryDisplacement & 0xffffffffn)))
  const segment = i.segmentPrefix ? `${registerName(i.segmentPrefix)}:` : ''
  return `[${segment}${terms.join('+')}]:${8 * MemorySizeExt.size(i.memorySize)}`
}

const registerName = (register: Register): string =>
  Register[register].toLowerCase()
export const hex = (n: number): string => `0x${(n >>> 0).toString(16)}`
