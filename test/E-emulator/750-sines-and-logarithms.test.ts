// The functions of the x87, within one unit of the hardware's last place.
import { describe, expect, it } from 'vitest'
import { FUNCTIONS, near } from '../support/float-forms.ts'
import { hasNative, randoms, runNative, runOurs } from '../support/native.ts'
import { essence, input, pieces } from '../support/x87-cases.ts'

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
