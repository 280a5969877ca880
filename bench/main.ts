/**
 * Runs the benches: all of bench/*.bench.ts, or those whose file name starts
 * with an argument. Every number printed was measured in this run.
 */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Bench, Row } from './bench.ts'
import { bundle } from './bundle.ts'
import { profileLauncher } from './profile.ts'

const files = readdirSync(fileURLToPath(new URL('.', import.meta.url)))
  .filter((file) => file.endsWith('.bench.ts')).sort()
const called = files.map((file) => file.replace('.bench.ts', ''))

const HELP = `Usage: npm run bench -- [names...]
       npm run bench -- --operations [kernels...]
       npm run bench -- --launcher [the Launcher's arguments...]
       npm run bench -- --profile [the Launcher's arguments...]

Runs the benches whose names start so, or all: ${called.join(', ')}.
Each number printed is measured in that run, on whatever else this machine is
doing: compare numbers of one run with each other.

  --operations  print which operations of the interpreter each kernel performs
  --launcher    run the Launcher; at its end the same goes to stderr
  --profile     run the Launcher; at its end the busiest lines of the chapters
                go to stderr
  -h, --help    print this`
const TOP = 20

async function main(wanted: string[]): Promise<void> {
  if (wanted[0] === '--operations') return printOperations(wanted.slice(1))
  if (wanted[0] === '--launcher') return runLauncher(wanted.slice(1))
  if (wanted[0] === '--profile') return profileLauncher(wanted.slice(1), TOP * 2)
  const option = wanted.find((argument) => argument.startsWith('-'))
  const unknown = wanted.find((name) => !called.some((bench) => bench.startsWith(name)))
  if (option === '-h' || option === '--help') console.log(HELP)
  else if (option) fail(`unknown option ${option}; npm run bench -- --help lists what there is`)
  else if (unknown !== undefined) fail(`no bench is called ${unknown}; there are ${called.join(', ')}`)
  else await runAll(files.filter((file) => wanted.length === 0 || wanted.some((name) => file.startsWith(name))))
}

async function runAll(chosen: string[]): Promise<void> {
  const [{ model }] = cpus()
  console.log(`${cpus().length} × ${model.trim()}, Node ${process.versions.node}, `
    + `${new Date().toISOString().slice(0, 10)}, load ${loadavg()[0].toFixed(1)} before`)
  for (const file of chosen) await runOne(file)
}

async function printOperations(names: string[]): Promise<void> {
  const { printKernels }: typeof import('./operations.ts') = await import(await bundle('bench/operations.ts', { counting: true }))
  printKernels(TOP, names)
}

/** In a process of its own, with the terminal to itself. */
async function runLauncher(args: string[]): Promise<void> {
  const module = await bundle('bench/operations-of-launcher.ts', { counting: true })
  const child = spawn(process.execPath, [fileURLToPath(module), ...args], { stdio: 'inherit' })
  child.on('exit', (status) => { process.exitCode = status ?? 1 })
}

function fail(message: string): void {
  console.error(message)
  process.exitCode = 1
}

/** A bench of the system is bundled; one of the tools is not. */
async function runnable(file: string): Promise<string> {
  const text = readFileSync(fileURLToPath(new URL(file, import.meta.url)), 'utf8')
  return /from '\.\.\/(generated|test)\//.test(text) ? bundle(`bench/${file}`) : `./${file}`
}

async function runOne(file: string): Promise<void> {
  try {
    const { default: bench }: { default: Bench } = await import(await runnable(file))
    if (process.stderr.isTTY) process.stderr.write(`${bench.name} …\r`)
    print(bench, await bench.run())
  } catch (error) {
    console.error(`${file}: ${error instanceof Error ? error.stack : error}`)
    process.exitCode = 1
  }
}

function bold(text: string): string {
  return process.stdout.isTTY && !process.env.NO_COLOR ? `\x1b[1m${text}\x1b[0m` : text
}

/** Three digits are as many as such a measurement is worth. */
function digits(value: number): string {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)
}

function print({ name, columns = [] }: Bench, rows: Row[]): void {
  const width = Math.max(...rows.map((row) => row.what.length))
  const widths = columns.map((title, i) => Math.max(title.length, ...rows.map((row) => row.cells?.[i]?.length ?? 0)))
  const inColumns = (cells: string[] = []) => widths.map((wide, i) => `  ${(cells[i] ?? '').padStart(wide)}`).join('')
  console.log(`\n${bold(name)}`)
  if (columns.length && rows.length) console.log(`${' '.repeat(width + 18)}${inColumns(columns)}`)
  for (const { what, value, unit, cells, note } of rows) {
    const measured = `  ${what.padEnd(width)} ${digits(value).padStart(10)} ${unit.padEnd(5)}`
    console.log(`${measured}${inColumns(cells)} ${note ?? ''}`.trimEnd())
  }
}

await main(process.argv.slice(2)).catch((error: unknown) => fail(error instanceof Error ? error.message : `${error}`))
