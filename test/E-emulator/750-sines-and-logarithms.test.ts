// The functions of the x87, within one unit of the hardware's last place.
import { describe, expect, it } from 'vitest'
import { eax } from '../../generated/assembler/index.ts'
import { tinyMachine } from '../support/tiny-machine.ts'
import { FUNCTIONS, near } from '../support/float-forms.ts'
import { hasNative, randoms, runNative, runOurs } from '../support/native.ts'
import { codeOf, essence, input, pieces, stateOf } from '../support/x87-cases.ts'

const SEED = Number(process.env.SEED ?? 0x51)
const COUNT = Number(process.env.COUNT ?? 150)

describe.skipIf(!hasNative())('E:750 functions beside the hardware', () => {
  for (const [name, form, registers] of FUNCTIONS) {
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

/** Exponents at both ends and around one; significands at the ends and between. */
const EXPONENTS = [0, 1, 2, 3, 62, 63, 64, 65, 0x1000, 0x2000, 0x3f00,
  ...Array.from({ length: 80 }, (_, n) => 0x3fff - 72 + n), 0x400f, 0x403c, 0x403d, 0x403e, 0x403f, 0x4100, 0x6000, 0x7ffd, 0x7ffe]
const SIGNIFICANDS = [1n << 63n, (1n << 64n) - 1n, (1n << 63n) + 1n, 0xb504f333f9de6484n, 0xb504f333f9de6485n,
  0xfff2e48e8a71de69n, 0x95f619980c4336f7n]
const SECONDS = [[0x3fff, 1n << 63n], [0x3ffe, (1n << 64n) - 1n], [1, 1n << 63n], [0x7ffe, (1n << 64n) - 1n], [0, 1n]] as const

/** At -1 and below there is no logarithm of x + 1, and processors answer as they like. */
const hasNone = (name: string, sign: number, exp: number) => name === 'fyl2xp1' && sign === 1 && exp >= 0x3fff

describe.skipIf(!hasNative())('E:755 the whole range', () => {
  for (const [name, form] of FUNCTIONS) {
    it(`${name} ends everywhere, as near to the hardware as anywhere`, () => {
      const numbers = EXPONENTS.flatMap((exp) => SIGNIFICANDS.flatMap((sig) => [0, 1].map((sign) =>
        ({ sign, exp, sig: exp === 0 ? sig & (1n << 63n) - 1n : sig }))))
      const blocks = numbers.map((x, n) => {
        const [exp, sig] = SECONDS[n % SECONDS.length]
        return stateOf(0x37f, [x, { sign: n >> 3 & 1, exp, sig }])
      })
      const list = [{ name, code: codeOf(form), blocks }]
      const [theirs, ours] = [runNative(list)[0], runOurs(list)[0]]
      const wrong = blocks.flatMap((before, n) => hasNone(name, numbers[n].sign, numbers[n].exp) || near(theirs[n], ours[n])
        ? [] : [`${name}\n in     ${input(before)}\n theirs ${essence(theirs[n])}\n ours   ${essence(ours[n])}`])
      if (process.env.SHOW) console.log(`${name}: ${wrong.length} of ${blocks.length} wrong`)
      expect(wrong.slice(0, 4).join('\n')).toBe('')
    })
  }
  it('fyl2xp1 near -1 is the logarithm of the exact sum', () => {
    const one = { sign: 0, exp: 0x3fff, sig: 1n << 63n }
    const blocks = [0xfff972474538ef34n, (1n << 64n) - 1n, 0xc000000000000000n, 0xfffffffffffff800n]
      .map((sig) => stateOf(0x37f, [{ sign: 1, exp: 0x3ffe, sig }, one]))
    const list = (form: string) => [{ name: form, code: codeOf(form), blocks }]
    const sums = blocks.map((_, n) => {
      const sig = (1n << 64n) - new DataView(blocks[n].buffer).getBigUint64(28, true)
      const zeros = BigInt(64 - sig.toString(2).length)
      return stateOf(0x37f, [{ sign: 0, exp: 0x3ffe - Number(zeros), sig: sig << zeros }, one])
    })
    const ours = runOurs(list('d9 f9'))[0].map(essence)
    const logarithms = runOurs([{ name: 'fyl2x', code: codeOf('d9 f1'), blocks: sums }])[0].map(essence)
    expect(ours.map((e) => e.slice(0, 60))).toEqual(logarithms.map((e) => e.slice(0, 60)))
  })
})

describe('E:610 the price of a function', () => {
  it('is paid from the budget, and the same however a run is cut', () => {
    const make = () => tinyMachine((a) => {
      const top = a.here()
      // fldpi; fsin; fstp st0
      a.db(0xd9, 0xeb, 0xd9, 0xfe, 0xdd, 0xd8).inc(eax).jmp(top)
    })
    const whole = make()
    whole.cpu.run(100_000)
    expect(whole.cpu.reg(0)).toBeLessThan(101)
    expect(whole.cpu.instructions).toBeLessThan(101_001)
    const cut = make()
    while (cut.cpu.instructions < whole.cpu.instructions) cut.cpu.run(Math.min(77, whole.cpu.instructions - cut.cpu.instructions))
    expect([cut.cpu.instructions, cut.cpu.reg(0), cut.cpu.eip]).toEqual([whole.cpu.instructions, whole.cpu.reg(0), whole.cpu.eip])
  })
})
