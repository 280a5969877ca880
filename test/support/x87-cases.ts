// Random states of the x87, and pieces of code that run one instruction on them.
import { hex, randoms, type Piece } from './native.ts'

export const STATE_OUT = 0x100
export const FLAGS_OUT = 0x180
const OPERAND = 0x80
const FLAGS_IN = 0xa0
const SIZE = 0x190

export type Random = () => number

/** ModRM for memory becomes [eax + 0x80]; `M5` means middle field 5. */
export function bytesOf(form: string): Uint8Array {
  return hex(form.replace(/M(\d)/, (_, digit) => (0x80 | Number(digit) << 3).toString(16) + '80000000'))
}
export function codeOf(form: string): Uint8Array {
  return Uint8Array.of(
    ...hex('ffb0 a0000000 9d'), ...hex('dd20'), ...bytesOf(form), ...hex('9c 8f80 80010000'), ...hex('ddb0 00010000'))
}

const pick = <T>(r: Random, list: T[]): T => list[r() % list.length]

function exponent(r: Random): number {
  switch (r() % 12) {
    case 0: return 0
    case 1: return 0x7fff
    case 2: return pick(r, [1, 2, 63, 64, 65, 0x7ffe, 0x7ffd, 0x7fbe])
    case 3: return r() & 0x7fff
    case 4: return 16383 - 1022 - 60 + r() % 64 // around the smallest doubles
    case 5: return 16383 + 1020 + r() % 8
    case 6: return pick(r, [16383 - 126, 16383 + 127]) - 28 + r() % 34
    case 7: return 16383 + r() % 70
    default: return 16383 - 4 + r() % 8
  }
}
function significand(r: Random): [number, number] {
  switch (r() % 8) {
    case 0: return [0x80000000, 0]
    case 1: return [0xffffffff, 0xffffffff]
    case 2: return [0x80000000 | r() & 0x7fffff00, 0]
    case 3: return [r() | 0x80000000, r() & 0xfffff800]
    case 4: return [r() | 0x80000000, pick(r, [0x400, 0x7ff, 0x401, 0xc00, 0x3ff])]
    case 5: return [0xc0000000, r() & 1]
    default: return [r() | 0x80000000, r()]
  }
}
/** Ten bytes of a number, or of something else. */
export function ten(r: Random): Uint8Array {
  const bytes = new Uint8Array(10)
  const view = new DataView(bytes.buffer)
  const exp = exponent(r)
  let [hi, lo] = significand(r)
  if (exp === 0 && r() % 8 !== 0) {
    hi &= r() % 3 === 0 ? 0 : 0x7fffffff >>> (r() & 31)
    if (r() & 1) lo = r() % 3 === 0 ? 0 : lo
  }
  if (exp === 0x7fff && r() % 2 === 0) [hi, lo] = [0x80000000, 0]
  if (r() % 40 === 0) hi &= 0x7fffffff
  view.setUint32(0, lo, true)
  view.setUint32(4, hi, true)
  view.setUint16(8, exp | (r() & 1) << 15, true)
  return bytes
}
function operand(r: Random): Uint8Array {
  const bytes = new Uint8Array(16)
  const view = new DataView(bytes.buffer)
  switch (r() % 6) {
    case 0: bytes.set(ten(r)); break
    case 1: for (let n = 0; n < 10; n++) bytes[n] = (r() % 10) << 4 | r() % 10; break
    case 2: view.setFloat64(0, (r() / 65536 - 30000) * 2 ** (r() % 9 - 4), true); break
    case 3: view.setFloat32(0, (r() / 65536 - 30000) * 2 ** (r() % 9 - 4), true); break
    case 4: for (let n = 0; n < 16; n++) bytes[n] = r(); break
    default:
      view.setUint32(4, (r() & 0x800fffff) | pick(r, [0, 1, 0x7ff, 0x3ff, r() & 0x7ff]) << 20, true)
      view.setUint32(0, pick(r, [0, r(), (r() & 0x807fffff) | pick(r, [0, 1, 0xff, 0x7f]) << 23]), true)
      if (r() & 1) view.setUint32(4, view.getUint32(4, true) & (r() & 1 ? 0xfff80000 : 0xfff00000), true)
  }
  return bytes
}

export interface Options { masks?: () => number, used?: boolean, registers?: (r: Random, i: number) => Uint8Array }

export function block(r: Random, options: Options = {}): Uint8Array {
  const bytes = new Uint8Array(SIZE)
  const view = new DataView(bytes.buffer)
  const masked = r() % 4 !== 0
  const masks = options.masks ? options.masks() : masked ? 0x3f : r() & 0x3f
  view.setUint16(0, masks | 0x40 | pick(r, [0, 0x200, 0x300, 0x300, 0x300]) | (r() & 3) << 10, true)
  view.setUint16(4, (r() & 7) << 11 | (r() & 0x4700), true)
  let tags = 0
  for (let n = 0; n < 8; n++) if (options.used ? n === 7 || n === 6 : r() % 10 === 0) tags |= 3
  tags = 0
  const top = view.getUint16(4, true) >> 11 & 7
  for (let i = 0; i < 8; i++) {
    const empty = options.used ? i > 5 : i > 5 ? r() % 4 !== 0 : r() % 16 === 0
    if (empty) tags |= 3 << ((top + i & 7) * 2)
  }
  view.setUint16(8, tags, true)
  for (let i = 0; i < 8; i++) bytes.set(options.registers ? options.registers(r, i) : ten(r), 28 + i * 10)
  // Now and then the second is near the first.
  if (r() % 3 === 0) {
    const at = 28 + 10 * (1 + r() % 3)
    bytes.copyWithin(at, 28, 38)
    if (r() & 1) bytes[at] ^= r() % 4
    if (r() & 1) bytes[at + 9] ^= 0x80
    if (r() % 3 === 0) view.setUint16(at + 8, (view.getUint16(at + 8, true) + r() % 5 - 2) & 0xffff, true)
  }
  bytes.set(operand(r), OPERAND)
  view.setUint32(FLAGS_IN, 2 | r() & 0x8d5, true)
  return bytes
}

/** A state with these numbers in ST(0) and on, the other registers empty. */
export function stateOf(control: number, numbers: { sign: number, exp: number, sig: bigint }[]): Uint8Array {
  const bytes = new Uint8Array(SIZE)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, control, true)
  view.setUint16(8, 0xffff << (numbers.length * 2), true)
  numbers.forEach(({ sign, exp, sig }, i) => {
    view.setBigUint64(28 + i * 10, sig, true)
    view.setUint16(36 + i * 10, exp | sign << 15, true)
  })
  view.setUint32(FLAGS_IN, 2, true)
  return bytes
}

export function pieces(forms: string[], count: number, seed: number, options?: Options): Piece[] {
  const r = randoms(seed)
  return forms.map((form) => ({ name: form, code: codeOf(form), blocks: Array.from({ length: count }, () => block(r, options)) }))
}

/** What is to be equal: the state without addresses, flags, memory. */
export function essence(after: Uint8Array): string {
  const view = new DataView(after.buffer, after.byteOffset)
  const h = (from: number, n: number) => Buffer.from(after.subarray(from, from + n)).reverse().toString('hex')
  const regs = Array.from({ length: 8 }, (_, i) => h(STATE_OUT + 28 + i * 10, 10))
  return [view.getUint16(STATE_OUT, true).toString(16), 'sw ' + view.getUint16(STATE_OUT + 4, true).toString(16),
    'tw ' + view.getUint16(STATE_OUT + 8, true).toString(16), 'fl ' + (view.getUint32(FLAGS_OUT, true) & 0x8d5).toString(16),
    'mem ' + h(OPERAND, 16), ...regs].join(' ')
}

/** What went in, for whoever must find out why the outcome differs. */
export function input(block: Uint8Array): string {
  const h = (from: number, n: number) => Buffer.from(block.subarray(from, from + n)).reverse().toString('hex')
  return `cw ${h(0, 2)} sw ${h(4, 2)} tw ${h(8, 2)} mem ${h(OPERAND, 16)} ` + Array.from({ length: 8 }, (_, i) => h(28 + i * 10, 10)).join(' ')
}
