// Random vector registers, and pieces of code that run one instruction on them.
import { hex, randoms, type Piece } from './native.ts'

const MEMORY = 0x200
const FLAGS_IN = 0x220
const ECX_IN = 0x224
const OUT = 0x240
const FLAGS_OUT = 0x440
const ECX_OUT = 0x444
const SIZE = 0x450

export type Random = () => number
const pick = <T>(r: Random, list: T[]): T => list[r() % list.length]

/** `M` is memory at [eax+0x200], middle field 1; `R` registers 1 and 2. */
export function bytesOf(form: string): Uint8Array {
  return hex(form.replace(/M(\d?)/, (_, d) => (0x80 | Number(d || 1) << 3).toString(16) + '00020000').replace('R', 'ca').replace('S', 'c9'))
}
export function codeOf(form: string): Uint8Array {
  return Uint8Array.of(
    ...hex('ffb0 20020000 9d 8b88 24020000 8db8 00020000 0fae08'), ...bytesOf(form),
    ...hex('9c 8f80 40040000 8988 44040000 0fae80 40020000'))
}

function float(r: Random): number {
  const sign = (r() & 1) << 31
  switch (r() % 12) {
    case 0: return sign
    case 1: return sign | pick(r, [0x7f800000, 0x7fc00001, 0x7f800001, 0x7fffffff, 0xff800000])
    case 2: return sign | pick(r, [1, 0x7fffff, 0x800000, 0x800001, 0x7f7fffff, 0x3f800000, 0x3f800001])
    case 3: return sign | r() & 0x7fffff
    case 4: return r()
    case 5: return sign | (r() & 0xff) << 23
    case 6: return sign | (127 + 20 + r() % 14) << 23 | r() & 0x7fffff
    default: return sign | (120 + r() % 16) << 23 | r() & (r() & 1 ? 0x7fffff : 0x7ff000)
  }
}
function double(r: Random): [number, number] {
  const sign = (r() & 1) << 31
  const low = pick(r, [0, r(), 1, 0xffffffff, r() & 0xe0000000])
  switch (r() % 12) {
    case 0: return [0, sign]
    case 1: return [pick(r, [0, 0, 1]), sign | pick(r, [0x7ff00000, 0x7ff80000, 0x7ff80001, 0x7ff00001])]
    case 2: return [low, sign | pick(r, [0, 1, 0x100000, 0x7fefffff, 0x3ff00000])]
    case 3: return [r(), sign | r() & 0xfffff]
    case 4: return [r(), r()]
    case 5: return [0, sign | (r() & 0x7ff) << 20]
    case 6: return [low, sign | (1023 + pick(r, [31, 30, 52, 53, 127, -126, -149, -150, -1022]) + r() % 2) << 20 | r() & 0xfffff]
    default: return [low, sign | (1018 + r() % 12) << 20 | r() & 0xfffff]
  }
}
/** Sixteen bytes: floats, doubles, or anything. */
export function vector(r: Random, kind = r() % 3): Uint8Array {
  const words = new Uint32Array(4)
  for (let n = 0; n < 4; n++) words[n] = kind === 0 ? float(r) : r()
  if (kind === 1) words.set([...double(r), ...double(r)])
  if (kind === 2 && r() % 3 === 0) words.set([r() % 70, r() % 9 === 0 ? 1 : 0])
  return new Uint8Array(words.buffer)
}

/** `masks`: exceptions not to report, as in MXCSR; others may trap. */
export function block(r: Random, kind?: number, unmasked = false): Uint8Array {
  const bytes = new Uint8Array(SIZE)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, 0x37f, true)
  view.setUint16(2, (r() & 7) << 11 | (r() & 0x4700), true)
  bytes[4] = r()
  const masks = unmasked && r() % 3 === 0 ? r() & 0x1f80 : 0x1f80
  const flags = masks === 0x1f80 ? pick(r, [0, 0x20, 0x3f]) : 0
  view.setUint32(24, masks | flags | (r() % 3 === 0 ? r() & 3 : 0) << 13 | (r() % 4 === 0 ? r() & 0x8040 : 0), true)
  for (let i = 0; i < 8; i++) {
    bytes.set(vector(r).subarray(0, 8), 32 + i * 16)
    view.setUint16(32 + i * 16 + 8, r() & 0xffff, true)
    bytes.set(vector(r, kind), 160 + i * 16)
  }
  if (r() % 4 === 0) bytes.copyWithin(160 + 32, 160 + 16, 160 + 32)
  bytes.set(vector(r, kind), MEMORY)
  view.setUint32(FLAGS_IN, 2 | r() & 0x8d5, true)
  view.setUint32(ECX_IN, pick(r, [r(), r() & 255, -(r() & 0xffff)]), true)
  return bytes
}
export function pieces(forms: string[], count: number, seed: number, kind?: number, unmasked = false): Piece[] {
  const r = randoms(seed)
  return forms.map((form) => ({ name: form, code: codeOf(form), blocks: Array.from({ length: count }, () => block(r, kind, unmasked)) }))
}

const h = (bytes: Uint8Array, from: number, n: number) => Buffer.from(bytes.subarray(from, from + n)).reverse().toString('hex')
function image(bytes: Uint8Array, at: number, few: boolean): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const st = Array.from({ length: 8 }, (_, i) => h(bytes, at + 32 + i * 16, 10))
  const x = Array.from({ length: 8 }, (_, i) => h(bytes, at + 160 + i * 16, 16))
  return `cw ${h(bytes, at, 2)} sw ${h(bytes, at + 2, 2)} tw ${h(bytes, at + 4, 1)} mxcsr ${view.getUint32(at + 24, true).toString(16)} `
    + (few ? `mm1 ${st[1]} mm2 ${st[2]} x1 ${x[1]} x2 ${x[2]}` : [...st, ...x].join(' '))
}
/** What must be equal. */
export function essence(after: Uint8Array, few = false): string {
  if (after[0] === 0xee) return 'a fault'
  const view = new DataView(after.buffer, after.byteOffset)
  return `${image(after, OUT, few)} fl ${(view.getUint32(FLAGS_OUT, true) & 0x8d5).toString(16)} ecx ${h(after, ECX_OUT, 4)} mem ${h(after, MEMORY, 16)}`
}
export function input(block: Uint8Array): string {
  return `${image(block, 0, true)} ecx ${h(block, ECX_IN, 4)} mem ${h(block, MEMORY, 16)}`
}
export { OUT }
