// Operands of each kind, for every form of every instruction.
import * as asm from '../../../generated/assembler/index.ts'
import type { Operand } from '../../../generated/assembler/index.ts'
import type { Form } from '../../../generated/assembler/forms.ts'
import type { Kind } from '../../../generated/assembler/kinds.ts'

const { mem } = asm
const { eax, ecx, edx, ebx, esp, ebp, esi, edi } = asm
const { ax, cx, bx, sp, di, al, cl, dl, bl, ah, ch, dh, bh } = asm
const { es, cs, ss, ds, fs, gs, cr0, cr2, cr3, cr4, dr0, dr3, dr6, dr7 } = asm

/** Where the samples' distances are counted from. */
export const ORIGIN = 0x1000
/** Mnemonics that are no instruction without another behind them. */
export const PREFIXES = ['lock', 'rep', 'repe', 'repne']

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
export function samplesFor(form: Form): Operand[][] {
  const lists = form.kinds.map((kind) => SAMPLES[kind])
  const first = lists.map((list) => list[0])
  return [first, ...lists.flatMap((list, at) =>
    list.slice(1).map((operand) => first.with(at, operand)))]
}
