/** x87, MMX, SSE and SSE2 beside this machine's own 32-bit execution. */
import {
  DOUBLES, ESTIMATES, FUNCTIONS, PACKED_FORMS, SINGLES, X87_FORMS, near, nearEstimates,
} from '../test/support/float-forms.ts'
import { hasNative, runNative, runOurs, type Piece } from '../test/support/native.ts'
import * as vectors from '../test/support/vector-cases.ts'
import * as x87 from '../test/support/x87-cases.ts'

type Same = (theirs: Uint8Array, ours: Uint8Array) => boolean
interface Suite {
  name: string
  forms: string[]
  make: (form: string, count: number, seed: number) => Piece
  same: Same
  /** What may differ, where something may. */
  word: string
}

const flat = (groups: Record<string, string[]>) => Object.values(groups).flat()
const vectorSame: Same = (a, b) => vectors.essence(a) === vectors.essence(b)
const vector = (name: string, forms: string[], kind?: number, unmasked = false): Suite => ({
  name, forms, same: vectorSame, word: '',
  make: (form, count, seed) => vectors.pieces([form], count, seed, kind, unmasked)[0],
})

const SUITES: Suite[] = [
  { name: 'x87', forms: flat(X87_FORMS), word: '', same: (a, b) => x87.essence(a) === x87.essence(b),
    make: (form, count, seed) => x87.pieces([form], count, seed)[0] },
  ...FUNCTIONS.map(([name, form, registers]): Suite => ({
    name, forms: [form], same: near, word: 'results within 1 ulp, as the manual promises; C1 follows the result',
    make: (_, count, seed) => x87.pieces([form], count, seed, { registers, used: true })[0],
  })),
  vector('packed integers and moves', flat(PACKED_FORMS)),
  vector('floats', flat(SINGLES), 0), vector('floats, unmasked', flat(SINGLES), 0, true),
  vector('doubles', flat(DOUBLES), 1), vector('doubles, unmasked', flat(DOUBLES), 1, true),
  { ...vector('estimates', ESTIMATES, 0), same: nearEstimates, word: 'the manual promises 12 bits and leaves the others open' },
]
const AT_ONCE = 500

/** Runs `total` cases; true if nothing differs that must not. */
export function runFloats(seed: number, total: number, only: RegExp, progress: (text: string) => void): boolean {
  if (!hasNative()) return true
  const suites = SUITES.filter((suite) => only.test(suite.name))
  const forms = suites.reduce((sum, suite) => sum + suite.forms.length, 0)
  const each = Math.max(1, Math.round(total / forms))
  let good = true
  for (const suite of suites) {
    const wrong = suite.forms.flatMap((form, n) => {
      progress(`${suite.name}: ${n} of ${suite.forms.length} forms`)
      return runForm(suite, form, each, seed + n)
    })
    good &&= wrong.length === 0
    console.log(`${suite.name}: seed ${seed}, ${suite.forms.length * each} cases of ${suite.forms.length} forms, `
      + `${wrong.length} differences${suite.word && `; ${suite.word}`}`)
    for (const text of wrong.slice(0, 5)) console.log(`  UNEXPLAINED ${text}`)
  }
  return good
}

function runForm(suite: Suite, form: string, count: number, seed: number): string[] {
  const wrong: string[] = []
  for (let done = 0; done < count; done += AT_ONCE) {
    const piece = suite.make(form, Math.min(AT_ONCE, count - done), seed * 1000 + done)
    const [theirs, ours] = [runNative([piece])[0], runOurs([piece])[0]]
    piece.blocks.forEach((block, n) => {
      if (!suite.same(theirs[n], ours[n])) wrong.push(`${form} on ${Buffer.from(block).toString('hex')}`)
    })
  }
  return wrong
}
