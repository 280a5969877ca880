/**
 * npm run conformance: many more cases than the ordinary tests run, against
 * both oracles; --seed N, --cases N (for each oracle), --only PATTERN.
 */
import { parseArgs } from 'node:util'
import { compare, tell, type Difference } from './compare.ts'
import { compileOracle, type OracleName } from './oracle.ts'

const { values } = parseArgs({ options: {
  seed: { type: 'string', default: '1' },
  cases: { type: 'string', default: '1000000' },
  unicorn: { type: 'string', default: '20000' },
  only: { type: 'string', default: '.' },
} })

async function run(name: OracleName, total: number): Promise<boolean> {
  const oracle = compileOracle(name)
  if ('missing' in oracle) {
    console.log(`${name}: not run, ${oracle.missing}`)
    return true
  }
  const report = await compare(name, oracle.path, Number(values.seed), total,
    new RegExp(values.only))
  console.log(`${name}: seed ${values.seed}, ${report.cases} cases of `
    + `${report.forms} encodings, ${report.faults} faults, `
    + `${report.differences.length} differences`)
  for (const [why, list] of byReason(report.differences)) {
    console.log(`  ${list.length} ${why === '' ? 'UNEXPLAINED' : `stand: ${why}`}`)
    for (const d of list.slice(0, why === '' ? 20 : 1)) console.log(`    ${tell(d)}`)
  }
  return report.differences.every((d) => d.known !== '')
}

function byReason(differences: Difference[]): Map<string, Difference[]> {
  const sorted = new Map<string, Difference[]>()
  for (const d of differences) {
    sorted.set(d.known, [...sorted.get(d.known) ?? [], d])
  }
  return sorted
}

const native = await run('native', Number(values.cases))
const unicorn = await run('unicorn', Number(values.unicorn))
process.exitCode = native && unicorn ? 0 : 1
