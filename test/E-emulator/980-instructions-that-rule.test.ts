// Every form of every instruction, with several operands of each kind, read
// back by a disassembler that knows nothing of our tables.
import { describe, expect, it } from 'vitest'
import * as asm from '../../generated/assembler/index.ts'
import { encode } from '../../generated/assembler/encode.ts'
import type { Form } from '../../generated/assembler/forms.ts'
import type { Kind } from '../../generated/assembler/kinds.ts'
import { CONDITION } from '../../generated/assembler/tables/conditions.ts'
import { decode, hex, mnemonicOf, operandsOf } from '../support/disassemble.ts'

const { Assembler, mem, Mem, Register, formsOf, mnemonics } = asm
const { eax, ecx, edx, ebx, esp, ebp, esi, edi } = asm
const { ax, cx, bx, sp, di, al, cl, dl, bl, ah, ch, dh, bh } = asm
const { es, cs, ss, ds, fs, gs, cr0, cr2, cr3, cr4, dr0, dr3, dr6, dr7 } = asm

type Operand = asm.Operand
const ORIGIN = 0x1000

// --- samples -----------------------------------------------------------------

const MEMORY = [
  mem(ebx), mem(ebp), mem(esp), mem(eax, 8), mem(edi, -128), mem(esi, 127),
  mem(ecx, 128), mem(ebp, -129), mem(esp, 4), mem(esp, 0x12345678),
  mem(0xdeadbeef), mem({ base: eax, index: ecx, scale: 4 }),
  mem({ base: ebp, index: esi, scale: 2 }), mem({ base: esp, index: ebp }),
  mem({ index: edx, scale: 8, disp: 0x80 }), mem({ index: edi, disp: -1 }),
  mem({ base: edi, index: eax, scale: 8, disp: 0xffff0000 }), mem(edx).seg(fs),
  mem(0x10).seg(gs), mem(ebx, 3).seg(es), mem(ebx, 3).seg(ss),
  mem(ebx).seg(cs), mem(ebp).seg(ds),
]
const absolute = [mem(0), mem(0x12345678), mem(0xffffffff).seg(fs)]
const R8 = [al, cl, dl, bl, ah, ch, dh, bh]
const R16 = [ax, cx, bx, sp, di]
const R32 = [ecx, eax, edx, ebx, esp, ebp, esi, edi]
const IMM8S = [0, 1, 127, -1, -128]
const sized = (bits: 'byte' | 'word' | 'dword') => MEMORY.map((m) => m[bits])

const SAMPLES: Record<Kind, readonly Operand[]> = {
  r8: R8, r16: R16, r32: R32,
  sreg: [es, ss, ds, fs, gs], creg: [cr0, cr2, cr3, cr4],
  dreg: [dr0, dr3, dr6, dr7],
  al: [al], cl: [cl], ax: [ax], dx: [asm.dx], eax: [eax], es: [es], cs: [cs],
  ss: [ss], ds: [ds], fs: [fs], gs: [gs],
  rm8: [...R8, ...sized('byte')], rm16: [...R16, ...sized('word')],
  rm32: [...R32, ...sized('dword')], m: MEMORY, m16: sized('word'),
  moffs8: absolute, moffs16: absolute, moffs32: absolute,
  one: [1], imm8: [...IMM8S, 200, 255], imm16: [...IMM8S, -32768, 0xffff, 500],
  imm32: [...IMM8S, 128, 0x12345678, -0x80000000, 0xffffffff],
  imm8w: [...IMM8S, 0xff80, 0xffff], imm8s: [...IMM8S, 0xffffff80, 0xffffffff],
  rel8: [ORIGIN, ORIGIN + 100, ORIGIN - 100], rel32: [0, ORIGIN, 0xfffffffe],
}

/** Every sample at every place, the other places at their first sample. */
function samplesFor(form: Form): Operand[][] {
  const lists = form.kinds.map((kind) => SAMPLES[kind])
  const first = lists.map((list) => list[0])
  return [first, ...lists.flatMap((list, at) =>
    list.slice(1).map((operand) => first.with(at, operand)))]
}

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

const PREFIXES = ['lock', 'rep', 'repe', 'repne']

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
