/**
 * npm run conformance: the emulated processor beside processors that nobody
 * here wrote. Every difference is printed; one without an explanation makes
 * the exit status 1.
 */
import { compare, tell, type Difference } from './compare.ts'
import { runFloats } from './floats.ts'
import { setEngine } from './engine.ts'
import { explainNasm, NasmError, runNasm, type NasmReport } from './nasm.ts'
import { isWhole, readOptions } from './options.ts'
import { compileOracle, type OracleName } from './oracle.ts'
import {
  hasCsmith, missingTool, runCsmith, runOwnPrograms, type ProgramReport,
} from './programs.ts'
import { Progress } from './progress.ts'
import { Programs } from './random-programs.ts'
import { runSystem } from './system-main.ts'
import { TwoEngines } from './two-engines.ts'

const progress = new Progress()

const options = readOptions(process.argv.slice(2))
setEngine(options.engine)
const good = options.engines ? engines(options.cases)
  : options.system ? system()
  : options.programs ? programs()
  : options.floats ? floats(options.cases)
  : options.nasm !== undefined ? nasm(options.nasm)
  : await random()
process.exitCode = good ? 0 : 1

/** Random programs on two machines, one of which translates at once. */
function engines(cases: number): boolean {
  const programs = new Programs(options.seed)
  const two = new TwoEngines(options.seed)
  for (let n = 0; n < cases && two.report.differences.length < options.show; n++) {
    if (n % 20 === 0) progress.show(`${n} of ${cases} programs`)
    two.run(programs.make())
  }
  progress.done()
  const { regions, exits, strayed, differences } = two.report
  console.log(`engines: seed ${options.seed}, ${two.report.programs} programs, ${regions} regions, `
    + `${differences.length} differences, `
    + `${strayed} wrote over their tables; regions were left`)
  for (const [cause, times] of Object.entries(exits)) console.log(`  ${times} times: ${cause}`)
  for (const difference of differences) console.log(difference)
  return differences.length === 0
}

function system(): boolean {
  const good = runSystem(options.seed, Math.min(options.cases, 100_000), options.only,
    (text) => progress.show(text))
  progress.done()
  return good
}

function floats(cases: number): boolean {
  const good = runFloats(options.seed, cases, options.only, (text) => progress.show(text))
  progress.done()
  return good
}

async function random(): Promise<boolean> {
  const names: OracleName[] = options.oracle ? [options.oracle]
    : ['native', 'unicorn']
  const total = options.cases
  let good = true
  for (const name of names) {
    // Unicorn is forty times slower and has more faults of its own
    const share = names.length === 1 ? 1 : name === 'native' ? 0.96 : 0.04
    good = await runOracle(name, Math.round(total * share)) && good
  }
  // The registers of floating point have cases of their own
  if (isWhole(options)) good = floats(Math.round(total / 4)) && good
  return good
}

async function runOracle(name: OracleName, total: number): Promise<boolean> {
  const oracle = compileOracle(name)
  if ('missing' in oracle) {
    console.log(`${name}: not run, ${oracle.missing}`)
    return true
  }
  const report = await compare(name, oracle.path, options.seed, total,
    options.only, (n) => progress.show(`${name}: ${n} of ${total}`))
  progress.done()
  console.log(`${name}: seed ${options.seed}, ${report.cases} cases of `
    + `${report.forms} encodings, ${report.faults} faults, `
    + `${report.differences.length} differences`)
  for (const [why, list] of byReason(report.differences)) {
    console.log(`  ${list.length} ${why === '' ? 'UNEXPLAINED' : `stand: ${why}`}`)
    for (const d of list.slice(0, why === '' ? options.show : 1)) console.log(`    ${tell(d)}`)
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

function nasm(folder: string): boolean {
  try {
    return tellNasm(runNasm(folder, options.only, (done, of) => progress.show(`${done} of ${of} programs`)))
  } catch (error) {
    if (!(error instanceof NasmError)) throw error
    progress.done()
    console.error(error.message)
    return false
  }
}

function tellNasm(report: NasmReport): boolean {
  progress.done()
  console.log(`${report.passed} of ${report.programs} programs pass`)
  let good = true
  for (const { group, why, names, example } of explainNasm(report)) {
    console.log(`  ${names.length} ${group}: ${why || 'UNEXPLAINED'}`)
    console.log(`    ${names[0]}: ${example}`)
    good &&= why !== ''
  }
  return good
}

function programs(): boolean {
  if (missingTool('gcc')) {
    console.log('programs: skipped, there is no gcc')
    return true
  }
  let good = tellPrograms('own programs', runOwnPrograms())
  if (!hasCsmith()) console.log('csmith: skipped, there is none')
  else {
    good = tellPrograms('csmith', runCsmith(options.seed,
      options.csmith)) && good
  }
  return good
}

function tellPrograms(what: string, reports: Iterable<ProgramReport>): boolean {
  let [count, same, instructions, skipped] = [0, 0, 0, 0]
  for (const report of reports) {
    count++
    instructions += report.instructions
    progress.show(`${what}: ${report.name}`)
    if (report.same) same++
    if (report.same && report.what !== '') skipped++
    if (!report.same) console.log(`  ${report.name} differs: ${report.what}`)
  }
  progress.done()
  console.log(`${what}: ${same} of ${count} end as they do natively, `
    + `${instructions} instructions`
    + (skipped > 0 ? `; ${skipped} of them take too long to be asked` : ''))
  return same === count
}
