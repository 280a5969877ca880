/** How fast the processor runs plain code, with paging on. */
import { Machine } from '../generated/emulator/index.ts'
import { medianTime, type Bench, type Row } from './bench.ts'
import { runV86 } from './v86.ts'
import { boot, kernels, load, run, type Kernel } from './kernels.ts'

async function measure(kernel: Kernel): Promise<Row> {
  const machine = new Machine({ ramBytes: 4 << 20, deterministic: true })
  boot(machine)
  load(machine, kernel)
  const instructions = run(machine, kernel)
  const time = await medianTime(5, () => run(machine, kernel))
  const each = (time * 1e6) / kernel.units
  return {
    what: kernel.name, value: instructions / time / 1000, unit: 'MIPS',
    note: `${each.toFixed(each < 100 ? 1 : 0)} ns each of ${kernel.units}`,
  }
}

/** The best of a few runs: v86's own wasm must be optimised first. */
async function measureV86(kernel: Kernel, instructions: number): Promise<number> {
  let best = Infinity
  for (let i = 0; i < 4; i++) {
    best = Math.min(best, (await runV86(kernel)).milliseconds)
  }
  return instructions / best / 1000
}

function mean(values: number[]): number {
  const logs = values.map(Math.log)
  return Math.exp(logs.reduce((a, b) => a + b) / logs.length)
}

async function measureAll(): Promise<Row[]> {
  const rows: Row[] = []
  for (const kernel of kernels) rows.push(await measure(kernel))
  const ours = mean(rows.map((row) => row.value))
  const theirs: number[] = []
  for (const kernel of kernels) {
    const machine = new Machine({ ramBytes: 4 << 20, deterministic: true })
    boot(machine)
    load(machine, kernel)
    theirs.push(await measureV86(kernel, run(machine, kernel)))
    rows.push({ what: `${kernel.name}, v86`, value: theirs[theirs.length - 1],
      unit: 'MIPS', note: 'npm v86, translation off, the same code' })
  }
  return [...rows,
    { what: 'geometric mean', value: ours, unit: 'MIPS' },
    { what: 'geometric mean, v86', value: mean(theirs), unit: 'MIPS' },
    { what: 'times as fast', value: ours / mean(theirs), unit: '' }]
}

export default { name: 'Processor', run: measureAll } satisfies Bench
