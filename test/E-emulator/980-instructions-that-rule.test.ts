// Every form of every instruction, with several operands of each kind, read
// back by a disassembler that knows nothing of our tables.
import { describe, expect, it } from 'vitest'
import * as asm from '../../generated/assembler/index.ts'
import { encode } from '../../generated/assembler/encode.ts'
import type { Form } from '../../generated/assembler/forms.ts'
import type { Kind } from '../../generated/assembler/kinds.ts'
import { CONDITION } from '../../generated/assembler/tables/conditions.ts'
import { decode, hex, mnemonicOf, operandsOf } from '../support/disassemble.ts'
import { ORIGIN, PREFIXES, samplesFor } from './support/samples.ts'

const { Assembler, mem, Mem, Register, formsOf, mnemonics } = asm
const { eax, ebx, al, bl } = asm
type Operand = asm.Operand

// --- what the disassembler ought to say --------------------------------------

const NAMES: Record<string, string> = {
  pusha: 'pushad', popa: 'popad', pushaw: 'pusha', popaw: 'popa',
  pushf: 'pushfd', popf: 'popfd', pushfw: 'pushf', popfw: 'popf',
  iret: 'iretd', iretw: 'iret', in_: 'in', jmpFar: 'jmp', callFar: 'call',
  fwait: 'wait', xlatb: 'xlatb',
}
const CANONICAL = ['o', 'no', 'b', 'ae', 'e', 'ne', 'be', 'a', 's', 'ns', 'p',
  'np', 'l', 'ge', 'le', 'g']

function expectedName(mnemonic: string, bytes: Uint8Array): string {
  if (bytes.at(-1) === 0x90 && mnemonic === 'xchg') return 'nop'
  const [, stem, cc] = /^(j|set|cmov)(.+)$/.exec(mnemonic) ?? []
  if (cc in CONDITION) return stem + CANONICAL[CONDITION[cc as 'e']]
  return NAMES[mnemonic] ?? mnemonic
}

const WIDTHS: Partial<Record<Kind, number>> = {
  imm8: 8, imm16: 16, imm8w: 16, one: 8,
}

function expectedOperand(operand: Operand, kind: Kind): string {
  if (operand instanceof Register) return operand.name
  if (operand instanceof Mem) return memory(operand, kind)
  const width = WIDTHS[kind] ?? 32
  return hex(width === 32 ? operand as number : (operand as number) & (2 ** width - 1))
}

function memory(m: asm.Mem, kind: Kind): string {
  const lone = !m.base && m.index && m.scale === 1
  const base = lone ? m.index : m.base
  const terms = base ? [base.name] : []
  if (m.index && !lone) terms.push(`${m.index.name}*${m.scale}`)
  terms.push(hex(m.disp.constant))
  const segment = m.segment ? `${m.segment.name}:` : ''
  return `[${segment}${terms.join('+')}]:${/\d*$/.exec(kind)![0]}`
}

/** Two mnemonics show operands in another way than they are written. */
function expectedOperands(form: Form, operands: Operand[]): string[] {
  const shown = operands.map((o, i) => expectedOperand(o, form.kinds[i]))
  if (form.text.includes('EA id') || form.text.includes('9A id')) {
    return [shown.join(':')]
  }
  if (form.mnemonic === 'xchg') shown.sort()
  return shown
}

// --- the comparison ----------------------------------------------------------

const IMPLICIT = /^(movs|cmps|stos|lods|scas|ins|outs)[bwd]$|^xlatb$/
/** Selectors are 16 bits, whatever register the disassembler names. */
const SELECTOR = /sreg|0F 0[0123]|: 63/
const LONG: Record<string, string> = {
  ax: 'eax', cx: 'ecx', dx: 'edx', bx: 'ebx', sp: 'esp', di: 'edi',
}

/** The bytes of one form at ORIGIN, its distances filled in. */
function write(form: Form, operands: Operand[]): Uint8Array {
  const { bytes, patches } = encode(form, operands)
  const written = new Uint8Array(bytes)
  for (const { at, width, value } of patches) {
    const distance = value.constant - (ORIGIN + at + width)
    for (let i = 0; i < width; i++) written[at + i] = distance >> (8 * i)
  }
  return written
}

function compare(form: Form, operands: Operand[], bytes: Uint8Array): void {
  const shown = operands.map((o) => expectedOperand(o, 'm')).join(', ')
  const where = `${form.mnemonic} ${form.text} <- ${shown}`
  const all = decode(bytes, ORIGIN)
  expect(all.length, where).toBe(1)
  expect(all[0].length, where).toBe(bytes.length)
  expect(mnemonicOf(all[0]), where).toBe(expectedName(form.mnemonic, bytes))
  if (IMPLICIT.test(form.mnemonic) || mnemonicOf(all[0]) === 'nop') return
  const normal = (texts: string[]) => texts.map((t, i) => normalise(t, i, form))
  const got = operandsOf(all[0])
  if (form.mnemonic === 'xchg') got.sort()
  expect(normal(got), where).toEqual(normal(expectedOperands(form, operands)))
}

/** Leaves out what only one side says. */
function normalise(text: string, at: number, form: Form): string {
  if (form.kinds[at] === 'm') return text.replace(/\]:\d*$/, ']')
  return SELECTOR.test(form.text) ? LONG[text] ?? text : text
}

describe('every form', () => {
  for (const mnemonic of mnemonics) {
    if (PREFIXES.includes(mnemonic)) continue
    it(mnemonic, () => {
      for (const form of formsOf(mnemonic)) {
        for (const operands of samplesFor(form)) {
          compare(form, operands, write(form, operands))
        }
      }
    })
  }
})

describe('the method of each mnemonic', () => {
  it('finds a form that means the same', () => {
    for (const mnemonic of mnemonics) {
      if (PREFIXES.includes(mnemonic)) continue
      for (const form of formsOf(mnemonic)) {
        const operands = samplesFor(form)[0]
        const a = new Assembler(ORIGIN)
        a.instruction(mnemonic, operands)
        const { bytes } = a.assemble()
        compare(form, operands, bytes)
        const own = encode(form, operands).bytes.length
        expect(bytes.length).toBeLessThanOrEqual(own)
      }
    }
  })

  it('prefixes go before what they belong to', () => {
    const a = new Assembler(0)
    a.lock().xadd(mem(ebx), eax)
    a.rep().movsd().repe().cmpsb().repne().scasb()
    const all = decode(a.assemble().bytes)
    expect(all.map(mnemonicOf)).toEqual(['xadd', 'movsd', 'cmpsb', 'scasb'])
    expect(all.map((i) => [i.hasLockPrefix, i.hasRepPrefix, i.hasRepnePrefix]))
      .toEqual([[true, false, false], [false, true, false],
        [false, true, false], [false, false, true]])
  })

  it('there are as many forms as the book says', () => {
    const forms = mnemonics.flatMap((mnemonic) => [...formsOf(mnemonic)])
    expect(mnemonics.length).toBeGreaterThan(200)
    expect(forms.length).toBeGreaterThan(600)
  })
})

describe('which form', () => {
  const bytesOf = (write: (a: asm.Assembler) => void): string => {
    const a = new Assembler(0)
    write(a)
    return Buffer.from(a.assemble().bytes).toString('hex')
  }

  it('the shortest wins', () => {
    expect(bytesOf((a) => a.add(eax, 5))).toBe('83c005')
    expect(bytesOf((a) => a.add(eax, 500))).toBe('05f4010000')
    expect(bytesOf((a) => a.add(ebx, -1))).toBe('83c3ff')
    expect(bytesOf((a) => a.add(ebx, 0xffffffff))).toBe('83c3ff')
    expect(bytesOf((a) => a.mov(eax, mem(0x1234)))).toBe('a134120000')
    expect(bytesOf((a) => a.push(127))).toBe('6a7f')
    expect(bytesOf((a) => a.push(128))).toBe('6880000000')
  })

  it('asks for a size when nobody tells it', () => {
    expect(() => new Assembler(0).inc(mem(ebx)))
      .toThrow('inc [ebx]: how wide is the memory? say .byte, .word or .dword')
    expect(() => new Assembler(0).mov(mem(ebx, 8), 1)).toThrow(/how wide/)
    expect(() => new Assembler(0).movzx(eax, mem(ebx))).toThrow(/how wide/)
    expect(() => new Assembler(0).mov(mem(ebx, 8), eax)).not.toThrow()
  })

  it('says what is wrong with operands', () => {
    const wrong = (...operands: Operand[]) => () =>
      new Assembler(0).instruction('mov', operands)
    expect(wrong(eax, bl)).toThrow(/^mov eax, bl: no form takes these operands/)
    expect(wrong(al, 256)).toThrow(/^mov al, 0x100: the number is out of range/)
    expect(wrong(eax, 2 ** 32)).toThrow(/out of range/)
    expect(wrong(eax, 0.5)).toThrow(/out of range/)
    expect(wrong(eax)).toThrow(/no form/)
  })
})
