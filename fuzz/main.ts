/**
 * npm run fuzz: hostile Guests beside a good one in one Host, and random
 * input for the tools and the edges. What it finds it makes small, prints
 * with the way to run it again, and ends with status 1.
 */
import { readFileSync } from 'node:fs'
import { Failure } from '../tools/tangle/door.ts'
import { Progress } from '../conformance/progress.ts'
import { isSeedCase, parseCase, print } from './case.ts'
import type { AnyCase } from './case.ts'
import { faults } from './faults.ts'
import { Cases, describeClasses } from './cases.ts'
import type { Coverage } from './coverage.ts'
import { Guided } from './guided.ts'
import { many } from './many.ts'
import { readOptions } from './options.ts'
import type { Options } from './options.ts'
import { Runner } from './runner.ts'
import { selfTest } from './self-test.ts'
import { soak } from './soak.ts'
import type { Found } from './runner.ts'

const progress = new Progress()
/** Findings after which a run has shown enough. */
const MOST_FINDINGS = 5

async function main(options: Options): Promise<boolean> {
  if (options.list) {
    for (const line of describeClasses()) console.log(line)
    return true
  }
  if (options.selfTest) return faultsAreSeen(options)
  if (options.many !== undefined) return crowd(options.seed, options.many)
  if (options.soak !== undefined) return underLoad(options.soak)
  if (options.replay !== undefined) {
    const all = fromFile(options.replay)
    return runAll(options, new Runner(options.engine ?? null), { next: () => all.shift() ?? null })
  }
  return random(options)
}

/** Where cases come from, and who hears that one has been run. */
interface Source {
  next(): AnyCase | null
  after?(one: AnyCase): Promise<void>
}

async function random(options: Options): Promise<boolean> {
  const cases = new Cases(options.seed, options.class, options.era)
  if (cases.next() === null) throw new Error(`none of these classes has Guests of era ${options.era}`)
  const runner = new Runner(options.engine ?? null)
  return options.guided || options.coverage || options.save ? guided(options, runner, cases) : runAll(options, runner, cases)
}

/** Guided by coverage; says at the end what was reached, and keeps it if asked. */
async function guided(options: Options, runner: Runner, cases: Cases): Promise<boolean> {
  const guide = new Guided(runner, cases, options.seed)
  const findings = await guide.begin()
  for (const found of findings) tell(found, found.one, 0)
  const began = guide.kept.length
  const clean = await runAll(options, runner, guide)
  console.log(`  ${guide.kept.length - began} cases reached something new, beside the ${began} in the repository`)
  if (options.coverage) for (const line of tableOf(guide.coverage)) console.log(line)
  if (options.save) console.log(`  ${await guide.save()} of them are kept in fuzz/corpus`)
  return clean && findings.length === 0
}

function tableOf(coverage: Coverage): string[] {
  const rows = coverage.table()
  const sum = rows.reduce((all, { ran, bytes }) => ({ ran: all.ran + ran, bytes: all.bytes + bytes }), { ran: 0, bytes: 0 })
  return [...rows, { file: 'all of them', missed: [], ...sum }]
    .map(({ file, ran, bytes, missed }) => `  ${file.padEnd(44)}${(ran / (bytes || 1) * 100).toFixed(1).padStart(6)} %  ${missed.join(' ')}`.trimEnd())
}

async function runAll(options: Options, runner: Runner, source: Source): Promise<boolean> {
  const began = Date.now()
  const until = options.minutes === undefined ? Infinity : began + options.minutes * 60_000
  let [count, findings, stopped] = [0, 0, false]
  process.once('SIGINT', () => { stopped = true })
  while (count < options.cases && Date.now() < until && !stopped) {
    const one = source.next()
    if (one === null) break
    const found = await runner.run(one)
    count++
    if (found !== null) {
      tell(found, options.first ? found.one : await runner.smallest(found), count)
      if (++findings === (options.first ? 1 : MOST_FINDINGS)) break
    }
    await source.after?.(one)
    if (count % 50 === 0) progress.show(`${count} cases, ${findings} findings`)
  }
  progress.done()
  const seconds = (Date.now() - began) / 1000
  console.log(`fuzz: seed ${options.seed}, ${count} cases in ${seconds.toFixed(0)} s, ${findings} findings, `
    + `${runner.suspicions} slow by the clock and not again`)
  for (const [reason, times] of [...runner.ends].sort((a, b) => b[1] - a[1]).slice(0, 12)) {
    console.log(`  ${String(times).padStart(7)}  ${reason}`)
  }
  return findings === 0
}

/** What was found, and the two lines that make a test of it. */
function tell({ oracle, message }: Found, one: AnyCase, count: number): void {
  progress.done()
  console.log(`case ${count}, found by ${oracle}: ${message}`)
  const what = `${one.class}${isSeedCase(one) ? '' : `, ${one.era}`}: ${message.split('\n')[0]}`
  console.log(`  npm run fuzz -- --replay FILE runs a file with these lines; in fuzz/found.cases they are a test:\n# ${what}\n${print(one)}`)
}

/** Memory may differ by so much and still be flat. */
const FLAT = 8 << 20

function crowd(seed: number, count: number): boolean {
  const { opened, early, late } = many(seed, count, (n) => progress.show(`${n} of ${count} Guests`))
  progress.done()
  const megabytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1)
  console.log(`fuzz: seed ${seed}, ${opened} Guests opened and closed, sixteen at a time with the good one; `
    + `heap ${megabytes(early)} MB after a tenth, ${megabytes(late)} MB at the end`)
  return late - early < FLAT
}

/** Throws when something is not right. */
async function underLoad(minutes: number): Promise<boolean> {
  const { rounds, seconds, worst, ticks, instructions, early, late } = await soak(minutes,
    (round, off) => progress.show(`round ${round}, the clock off by ${off.toFixed(2)} s`))
  progress.done()
  console.log(`soak: ${rounds} rounds in ${seconds.toFixed(0)} s, the clock off by ${worst.toFixed(2)} s at most, ${ticks} ticks, `
    + `${Math.round(instructions / 1e6)} million instructions; ${early >> 20} MB resident, ${late >> 20} MB at the end; all counts agree`)
  return true
}

async function faultsAreSeen({ seed, cases, faults: only }: Options): Promise<boolean> {
  const chosen = faults.filter(({ name }) => only?.test(name) ?? true)
  const seen = await selfTest(seed, cases, chosen, ({ fault, cases: after, by }) => {
    console.log(`${after === null ? 'NOT SEEN' : `case ${after}`.padStart(10)}  ${fault}${by && `: ${by}`}`)
  })
  const found = seen.filter((one) => one.cases !== null).length
  console.log(`self-test: seed ${seed}, ${found} of ${seen.length} faults seen within ${cases} cases each`)
  return found === seen.length
}

function fromFile(file: string): AnyCase[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.flatMap((line, i) => {
    if (line.trim() === '' || line.startsWith('#')) return []
    try {
      return [parseCase(line)]
    } catch (error) {
      throw new Failure(`not a case: ${(error as Error).message}`, { file, line: i + 1, column: 1 })
    }
  })
}

process.exitCode = await main(readOptions(process.argv.slice(2))) ? 0 : 1
