// The functions of the x87, within one unit of the hardware's last place.
import { describe, expect, it } from 'vitest'
import { hasNative, randoms, runNative, runOurs } from '../support/native.ts'
import { STATE_OUT, essence, input, pieces, ten, type Random } from '../support/x87-cases.ts'

const SEED = Number(process.env.SEED ?? 0x51)
const COUNT = Number(process.env.COUNT ?? 150)
const C1 = 0x200

/** A number with an exponent in this range. */
const within = (r: Random, low: number, high: number) => {
  const bytes = ten(r)
  const view = new DataView(bytes.buffer)
  view.setUint8(7, view.getUint8(7) | 0x80)
  view.setUint16(8, 16383 + low + r() % (high - low + 1) | (r() & 1) << 15, true)
  return bytes
}
const or = (special: number, usual: (r: Random, i: number) => Uint8Array) => (r: Random, i: number) =>
  r() % special === 0 ? ten(r) : usual(r, i)
const FORMS: [string, string, (r: Random, i: number) => Uint8Array][] = [
  ['fsin', 'd9 fe', or(4, (r) => within(r, -70, 64))], ['fcos', 'd9 ff', or(4, (r) => within(r, -40, 64))],
  ['fsincos', 'd9 fb', or(4, (r) => within(r, -10, 20))], ['fptan', 'd9 f2', or(4, (r) => within(r, -40, 64))],
  ['f2xm1', 'd9 f0', (r, i) => i === 0 ? within(r, -70, -1) : ten(r)],
  ['fyl2x', 'd9 f1', or(4, (r) => within(r, -3, 3))],
  ['fyl2xp1', 'd9 f9', (r, i) => i === 0 ? within(r, -70, -3) : or(4, () => within(r, -20, 20))(r, i)],
  ['fpatan', 'd9 f3', or(3, (r) => within(r, -5, 5))],
]
/** Ten bytes as a number of units in the last place. */
function ordinal(after: Uint8Array, i: number): bigint {
  const view = new DataView(after.buffer, after.byteOffset + STATE_OUT + 28 + i * 10)
  const top = BigInt(view.getUint16(8, true))
  const size = (top & 0x7fffn) << 63n | view.getBigUint64(0, true) & (1n << 63n) - 1n
  return top >> 15n ? -size : size
}
/** Nearly the same: results may differ by one unit, and C1 by itself. */
function near(a: Uint8Array, b: Uint8Array): boolean {
  const copy = b.slice()
  const [va, vb] = [new DataView(a.buffer, a.byteOffset), new DataView(copy.buffer)]
  for (const i of [0, 1]) {
    const distance = ordinal(a, i) - ordinal(b, i)
    if (distance < -1n || distance > 1n) return false
    if (distance !== 0n) vb.setUint16(STATE_OUT + 8, va.getUint16(STATE_OUT + 8, true), true)
    copy.set(a.subarray(STATE_OUT + 28 + i * 10, STATE_OUT + 38 + i * 10), STATE_OUT + 28 + i * 10)
  }
  const [sa, sb] = [va.getUint16(STATE_OUT + 4, true), vb.getUint16(STATE_OUT + 4, true)]
  if (sa & 0x20 && sb & 0x20) vb.setUint16(STATE_OUT + 4, sb & ~C1 | sa & C1, true)
  return essence(a) === essence(copy)
}

describe.skipIf(!hasNative())('P:1750 functions beside the hardware', () => {
  for (const [name, form, registers] of FORMS) {
    it(`${name}, ${COUNT} numbers, seed ${SEED}`, () => {
      const list = pieces([form], COUNT, SEED, { registers, used: true, masks: randoms(SEED)() & 1 ? () => 63 : undefined })
      const [theirs, ours] = [runNative(list)[0], runOurs(list)[0]]
      const wrong: string[] = []
      let same = 0
      list[0].blocks.forEach((before, n) => {
        if (essence(theirs[n]) === essence(ours[n])) same++
        else if (!near(theirs[n], ours[n])) wrong.push(`${name}\n in     ${input(before)}\n theirs ${essence(theirs[n])}\n ours   ${essence(ours[n])}`)
      })
      if (process.env.SHOW) console.log(`${name}: ${same} of ${COUNT} to the bit, ${wrong.length} wrong`)
      expect(wrong.slice(0, 4).join('\n')).toBe('')
    })
  }
})
