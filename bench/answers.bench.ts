/**
 * Does the Launcher answer? Puppy sits at a terminal, and in the same process
 * another Guest storms. The rule is 20 ms: as much of the processor may be
 * used, at most, between two looks at keys, signals and other Guests (that
 * V8 compiles and collects beside it, in threads of its own, is counted in, and
 * makes the worst). The other times are by the clock, and what else the
 * machine does is in them: compare with the Guest that sleeps.
 */
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pause, launcher, PROMPT, root, Terminal } from '../test/e2e/launching.ts'
import { IDLE_KERNEL, MEGABYTES, STORM_KERNELS } from '../test/support/storm-kernels.ts'
import type { StormKernel } from '../test/support/storm-kernels.ts'
import type { Bench, Row } from './bench.ts'

const MOST_MS = 20
const KEYS = 20
const [RAGE_MS, BETWEEN_KEYS_MS] = [1000, 20]
const LEAVE_ALL = '\x1dx'
const DISK_BYTES = 64 << 20

function command(folder: string, { era, file, takes }: StormKernel): string {
  writeFileSync(join(folder, 'kernel'), file)
  const device = takes === 'disk' ? `--block=${join(folder, 'disk')}` : takes === 'card' ? '--net=lan' : ''
  return `LGUEST_LOOKS=${join(folder, 'looks')} LGUEST_LOOKS_AFTER=${RAGE_MS} `
    + `node --import ${root}bench/looks.mjs ${launcher} --guest --guest --era=${era} ${device} ${MEGABYTES} ${join(folder, 'kernel')}`
}

/** Milliseconds until each of some keys is seen again. */
async function echoes(terminal: Terminal): Promise<number[]> {
  const took: number[] = []
  for (let i = 0; i < KEYS; i++) {
    const key = String.fromCharCode(0x61 + i % 26)
    const before = performance.now()
    terminal.type(key)
    await terminal.see(key, 60)
    took.push(performance.now() - before)
    await pause(BETWEEN_KEYS_MS)
  }
  return took
}

const sorted = (numbers: number[]): number[] => [...numbers].sort((a, b) => a - b)
const part = (numbers: number[], share: number): number => sorted(numbers)[Math.floor((numbers.length - 1) * share)] ?? 0

async function measure(folder: string, kernel: StormKernel): Promise<Row> {
  const terminal = new Terminal(command(folder, kernel))
  await terminal.see(PROMPT, 60)
  await pause(2 * RAGE_MS)
  const begun = Date.now()
  const took = await echoes(terminal)
  const over = Date.now()
  const asked = performance.now()
  terminal.type(LEAVE_ALL)
  await terminal.ended
  const left = performance.now() - asked
  const noted = JSON.parse(readFileSync(join(folder, 'looks'), 'utf8')) as [when: number, used: number, took: number][]
  const within = noted.filter(([when]) => when > begun && when < over)
  const looks = within.map(([, used]) => used / 1000)
  const byClock = within.map(([, , took]) => took / 1000)
  const worst = part(looks, 1)
  return {
    what: `era ${kernel.era}, ${kernel.what}`, value: worst, unit: 'ms',
    cells: [part(looks, 0.99), part(looks, 0.5), part(byClock, 1), part(took, 0.5), part(took, 1), left].map((ms) => ms.toFixed(1)),
    note: part(looks, 0.99) > MOST_MS ? 'TOO LONG' : '',
  }
}

async function run(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'lguest-answers-'))
  try {
    writeFileSync(join(folder, 'disk'), '')
    truncateSync(join(folder, 'disk'), DISK_BYTES)
    const rows: Row[] = []
    for (const kernel of [IDLE_KERNEL, ...STORM_KERNELS, IDLE_KERNEL]) rows.push(await measure(folder, kernel))
    return rows
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export default { name: 'Answers: processor time between two looks, and keys to a neighbour of a storm, ms',
  columns: ['99 of 100', 'half', 'by the clock, worst', 'key, half', 'key, worst', 'to leave'], run } satisfies Bench
