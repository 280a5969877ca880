/**
 * Runs the benches: all of bench/*.bench.ts, or those whose file name starts
 * with an argument. Every number printed was measured in this run.
 */
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
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

async function runOne(file: string): Promise<void> {
  try {
    const { default: bench }: { default: Bench } = await import(`./${file}`)
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
