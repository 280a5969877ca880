/**
 * What computes, in a Guest: programs compiled by gcc (programs.c), the same
 * file under the Launcher, QEMU, v86 and on this machine itself.
 *
 * LGUEST_PROGRAMS names more, separated by colons: static executables for i386
 * that take no arguments; each is timed from its start to its end.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Bench, Row } from './bench.ts'
import { besides, bySide, digits, given, load, missing, type Life, type Measured } from './linux-lives.ts'

const SOURCE = fileURLToPath(new URL('programs.c', import.meta.url))
/** For a Pentium Pro: no SSE but where the program asks for it, and no library. */
const FLAGS = ['-m32', '-march=i686', '-mfpmath=387', '-O2', '-ffreestanding', '-fno-tree-vectorize',
  '-fno-tree-loop-distribute-patterns', '-nostdlib', '-static', '-fno-pie', '-no-pie', '-fno-stack-protector',
  '-fcf-protection=none']
const OTHERS = ['with PAE', 'QEMU', 'v86', 'native']
/** Not in the mean of the integer programs. */
const FLOATS = /^(x87|sse)-/
const compiles = spawnSync('gcc', ['--version']).status === 0
const own = (process.env.LGUEST_PROGRAMS ?? '').split(':').filter((path) => path !== '')

/** Milliseconds of each program by what was printed, and the sums it ended with. */
function resultsIn(printed: string): { times: Measured, sums: string } {
  const lines = [...printed.matchAll(/^@([\w-]+) (\d+) ([\da-f]+)/gm)]
  return {
    times: new Map(lines.map(([, name, time]) => [name, Number(time) / 1000])),
    sums: lines.map(([, name, , sum]) => `${name} ${sum}`).join(', '),
  }
}

/** On this machine itself; empty if it runs no programs for i386. */
function natively(program: string): { times: Measured, sums: string } {
  const results = resultsIn(spawnSync(program, { encoding: 'utf8' }).stdout ?? '')
  for (const path of own) {
    const start = performance.now()
    if (spawnSync(path).status === 0) results.times.set(basename(path), performance.now() - start)
  }
  return results
}

async function inGuest(life: Life, expected: string): Promise<Measured> {
  const { times, sums } = resultsIn((await life.run('/programs'))[1])
  if (expected !== '' && sums !== expected) throw new Error(`the sums are ${sums}, not ${expected}`)
  for (const path of own) times.set(basename(path), (await life.run(`/${basename(path)} > /dev/null`))[0])
  return times
}

/** The geometric mean of the integer programs of each side. */
function addMean(times: Measured, names: string[]): void {
  const values = names.map((name) => times.get(name) ?? NaN)
  times.set('mean', Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length))
}

function toRow(what: string, key: string, all: Map<string, Measured>): Row {
  return { what, value: Number(digits(all.get('ours')!.get(key)!)), unit: 'ms', cells: besides(key, all, OTHERS, 'ms') }
}

async function compare(program: string): Promise<Row[]> {
  const { times, sums } = natively(program)
  const programs = Object.fromEntries([program, ...own].map((path) => [basename(path), readFileSync(path)]))
  const all = await bySide(programs, (life) => inGuest(life, sums))
  if (times.size > 0) all.set('native', times)
  const names = [...all.get('ours')?.keys() ?? []].filter((name) => name !== 'boot')
  if (names.length === 0) return [load()]
  const integer = names.filter((name) => !FLOATS.test(name) && !own.some((path) => basename(path) === name))
  for (const side of all.values()) addMean(side, integer)
  return [...names.map((name) => toRow(name, name, all)), toRow('integer, geometric mean', 'mean', all), load()]
}

async function run(): Promise<Row[]> {
  if (!given || !compiles) return []
  const folder = mkdtempSync(join(tmpdir(), 'lguest-programs-'))
  try {
    const program = join(folder, 'programs')
    execFileSync('gcc', [...FLAGS, '-o', program, SOURCE], { stdio: ['ignore', 'ignore', 'inherit'] })
    chmodSync(program, 0o755)
    return await compare(program)
  } finally { rmSync(folder, { recursive: true }) }
}

const columns = OTHERS.flatMap((name) => [name, 'ours is'])
export default { name: `Programs in a real kernel, compiled by gcc -O2${compiles ? missing : ': there is no gcc'}`, columns, run } satisfies Bench
