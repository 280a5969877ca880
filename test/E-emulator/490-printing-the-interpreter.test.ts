import { describe, expect, test } from 'vitest'
import { compare, tell } from '../../conformance/compare.ts'
import { compileOracle, type OracleName } from '../../conformance/oracle.ts'

const SEED = 20071

describe('E:490 every encoding, against processors nobody here wrote', () => {
  const cases: [OracleName, number][] = [['native', 12000], ['unicorn', 1500]]
  test.each(cases)('%s', async (name, total) => {
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
    const known = report.differences.filter((d) => d.known !== '')
    console.log(`${name}, seed ${SEED}: ${report.cases} cases of `
      + `${report.forms} encodings, ${report.faults} faults, `
      + `${known.length} known differences`)
    expect(report.differences.filter((d) => d.known === '').map(tell)).toEqual([])
  }, 240000)
})
