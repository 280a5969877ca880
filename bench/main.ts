/**
 * Runs the benches: all of bench/*.bench.ts, or those whose file name starts
 * with an argument. Every number printed was measured in this run.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import type { Bench, Row } from './bench.ts'

const wanted = process.argv.slice(2)
if (wanted.some((argument) => argument.startsWith('-'))) help()
else await main()

function help(): void {
  console.log(`Usage: npm run bench -- [names...]
Benches: ${files().map((file) => file.replace('.bench.ts', '')).join(', ')}`)
}

function files(): string[] {
  return readdirSync(fileURLToPath(new URL('.', import.meta.url))).filter((file) => file.endsWith('.bench.ts')).sort()
}

async function main(): Promise<void> {
  const chosen = files().filter((file) => (
    wanted.length === 0 || wanted.some((name) => file.startsWith(name))))
  if (chosen.length === 0) {
    console.error(`no bench is called ${wanted.join(' or ')}`)
    process.exitCode = 1
  }
  for (const file of chosen) await runOne(file)
}

/**
 * What runs the system is bundled first, as the Launcher is: the engine reads
 * another module's constant afresh each time it is used, which makes the
 * processor several times slower than the one that ships.
 */
async function runnable(file: string): Promise<string> {
  const path = fileURLToPath(new URL(file, import.meta.url))
  if (!/from '\.\.\/(generated|test)\//.test(readFileSync(path, 'utf8'))) return `./${file}`
  const outfile = fileURLToPath(new URL(`../.cache/bench/${file.replace('.ts', '.mjs')}`, import.meta.url))
  await build({ entryPoints: [path], outfile, bundle: true, format: 'esm', platform: 'node', packages: 'external', logLevel: 'error' })
  return pathToFileURL(outfile).href
}

async function runOne(file: string): Promise<void> {
  try {
    const { default: bench }: { default: Bench } = await import(await runnable(file))
    if (process.stderr.isTTY) process.stderr.write(`${bench.name} …\r`)
    print(bench.name, await bench.run())
  } catch (error) {
    console.error(`${file}: ${error instanceof Error ? error.stack : error}`)
    process.exitCode = 1
  }
}

function print(name: string, rows: Row[]): void {
  const width = Math.max(...rows.map((row) => row.what.length))
  console.log(`\n${name}`)
  for (const { what, value, unit, note } of rows) {
    const number = value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0).padStart(10)
    console.log(`  ${what.padEnd(width)} ${number} ${unit.padEnd(5)} ${note ?? ''}`.trimEnd())
  }
}
