/** Random x87 and vector registers, as images of FXSAVE. */
import type { Random } from './random.ts'

export const FLOAT_BYTES = 512
const MXCSR_AT = 24
const ST_AT = 32
const XMM_AT = 160

/** Any exponent, but mostly ones that meet. */
function exponent(r: Random, bias: number): number {
  if (r.chance(0.6)) return bias + r.below(80) - 40
  return r.below(2 * bias + 1)
}

/** An 80-bit number of any kind, the odd ones included. */
function extended(r: Random, view: DataView, at: number): void {
  const sign = r.chance(0.5) ? 0x8000 : 0
  let high = exponent(r, 0x3fff)
  let [upper, lower] = [r.int() | 0x80000000, r.int()]
  const kind = r.below(20)
  if (kind < 5) [upper, lower] = [upper & (-1 << r.below(31)), 0]
  if (kind === 5) [high, upper, lower] = [0, 0, 0]
  if (kind === 6) [high, upper, lower] = [0x7fff, 0x80000000, 0]
  if (kind === 7) high = 0x7fff
  if (kind === 8) [high, upper] = [0, upper & 0x7fffffff]
  if (kind === 9) high = 0
  if (kind === 10 && r.chance(0.3)) upper &= 0x7fffffff
  if (kind > 16) [high, upper, lower] = whole(r)
  view.setUint32(at, lower, true)
  view.setUint32(at + 4, upper, true)
  view.setUint16(at + 8, sign | high, true)
}

/** A whole number below 2^32. */
function whole(r: Random): [number, number, number] {
  const n = (r.int() >>> r.below(32)) || 1
  const shift = Math.clz32(n)
  return [0x3fff + 31 - shift, n << shift, 0]
}

/** 16 bytes: numbers, floats, doubles. */
export function vector(r: Random, view: DataView, at: number): void {
  const kind = r.below(3)
  for (let i = 0; i < 4; i++) view.setInt32(at + i * 4, r.int(), true)
  for (let i = 0; kind === 1 && i < 4; i++) {
    view.setUint32(at + i * 4, single(r), true)
  }
  for (let i = 0; kind === 2 && i < 2; i++) {
    view.setUint32(at + i * 8 + 4, double(r), true)
    if (r.chance(0.5)) view.setUint32(at + i * 8, 0, true)
  }
}

function single(r: Random): number {
  const e = r.chance(0.7) ? 127 + r.below(40) - 20
    : r.pick([0, 0, 255, r.below(256)])
  const m = r.chance(0.3) ? r.pick([0, 0x400000, 1]) : r.int() & 0x7fffff
  return ((r.int() & 0x80000000) | (e << 23) | m) >>> 0
}

/** Upper half of a double. */
function double(r: Random): number {
  const e = r.chance(0.7) ? 1023 + r.below(80) - 40
    : r.pick([0, 0, 2047, r.below(2048)])
  const m = r.chance(0.3) ? r.pick([0, 0x80000]) : r.int() & 0xfffff
  return ((r.int() & 0x80000000) | (e << 20) | m) >>> 0
}

export function randomFloats(r: Random): Uint8Array {
  const image = new Uint8Array(FLOAT_BYTES)
  const view = new DataView(image.buffer)
  const masks = r.chance(0.8) ? 0x3f : r.below(64)
  const control = masks | 0x40 | (r.chance(0.5) ? 0x300 : r.pick([0, 2, 3]) << 8)
    | (r.chance(0.5) ? 0 : r.below(4) << 10)
  // flags that are up already, none that would trap now
  const flags = r.chance(0.3) ? r.below(64) & masks : 0
  const used = r.chance(0.5) ? 0xff : r.below(256)
  view.setUint16(0, control, true)
  view.setUint16(2, flags | (r.below(8) << 11) | (r.int() & 0x4700), true)
  image[4] = used
  const sseMasks = r.chance(0.8) ? 0x3f : r.below(64)
  view.setUint32(MXCSR_AT, (sseMasks << 7)
    | (r.chance(0.5) ? 0 : r.below(4) << 13)
    | (r.chance(0.2) ? r.below(64) : 0)
    | (r.chance(0.1) ? 0x8000 : 0) | (r.chance(0.1) ? 0x40 : 0), true)
  view.setUint32(28, 0xffff, true)
  for (let i = 0; i < 8; i++) {
    extended(r, view, ST_AT + i * 16)
    vector(r, view, XMM_AT + i * 16)
  }
  return image
}

/** Parts of an FXSAVE image that matter, and where two images differ. */
export function floatDifferences(_test: unknown, ours: Uint8Array,
  theirs: Uint8Array): string[] {
  const x = new DataView(ours.buffer, ours.byteOffset)
  const y = new DataView(theirs.buffer, theirs.byteOffset)
  const found: string[] = []
  const compare = (what: string, a: bigint | number, b: bigint | number) => {
    if (a !== b) found.push(`${what} ${a.toString(16)}, not ${b.toString(16)}`)
  }
  compare('control', x.getUint16(0, true), y.getUint16(0, true))
  compare('status', x.getUint16(2, true), y.getUint16(2, true))
  compare('used', ours[4], theirs[4])
  compare('mxcsr', x.getUint32(MXCSR_AT, true), y.getUint32(MXCSR_AT, true))
  for (let i = 0; i < 8; i++) {
    const number = (v: DataView, at: number) =>
      (BigInt(v.getUint16(at + 8, true)) << 64n) | v.getBigUint64(at, true)
    compare(`st${i}`, number(x, ST_AT + i * 16), number(y, ST_AT + i * 16))
    const whole = (v: DataView, at: number) =>
      (v.getBigUint64(at + 8, true) << 64n) | v.getBigUint64(at, true)
    compare(`xmm${i}`, whole(x, XMM_AT + i * 16), whole(y, XMM_AT + i * 16))
  }
  return found
}
