/** Short comparisons for the tests of single chapters. */
import { expect } from 'vitest'
import { compare, tell } from './compare.ts'
import { compileOracle } from './oracle.ts'

/** Instructions whose names match do what this machine's processor does. */
export async function sameAsHardware(pattern: RegExp, total = 3000,
  seed = 1985): Promise<void> {
  const oracle = compileOracle('native')
  if ('missing' in oracle) {
    console.log(`hardware: skipped, ${oracle.missing}`)
    return
  }
  const report = await compare('native', oracle.path, seed, total, pattern)
    .catch((error: Error) => error.message)
  if (typeof report === 'string') {
    console.log(`hardware: skipped, ${report}`)
    return
  }
  console.log(`hardware, seed ${seed}: ${report.cases} cases of `
    + `${report.forms} encodings`)
  const open = report.differences.filter((d) => d.known === '')
  expect(open.map(tell)).toEqual([])
}
