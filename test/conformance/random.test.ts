/** A fast sample of what `npm run conformance` does a million times. */
import { expect, test } from 'vitest'
import { compare, tell } from '../../conformance/compare.ts'
import { compileOracle, type OracleName } from '../../conformance/oracle.ts'

const SEED = 20070

test.each([['native', 6000], ['unicorn', 1500]] as [OracleName, number][])(
  'every instruction form beside %s', async (name, total) => {
    const oracle = compileOracle(name)
    if ('missing' in oracle) {
      console.log(`${name}: skipped, ${oracle.missing}`)
      return
    }
    const report = await compare(name, oracle.path, SEED, total)
      .catch((error: Error) => error.message)
    if (typeof report === 'string') {
      console.log(`${name}: skipped, ${report}`)
      return
    }
    console.log(`${name}, seed ${SEED}: ${report.cases} cases of `
      + `${report.forms} encodings`)
    const open = report.differences.filter((d) => d.known === '')
    expect(open.map(tell)).toEqual([])
  }, 60_000)
