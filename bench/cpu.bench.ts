/** How fast the processor runs plain code, with paging on. */
import { Machine } from '../generated/emulator/index.ts'
import { medianTime, type Bench, type Row } from './bench.ts'
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

async function measureAll(): Promise<Row[]> {
  const rows: Row[] = []
  for (const kernel of kernels) rows.push(await measure(kernel))
  const logs = rows.map((row) => Math.log(row.value))
  const mean = Math.exp(logs.reduce((a, b) => a + b) / rows.length)
  return [...rows, { what: 'geometric mean', value: mean, unit: 'MIPS' }]
}

export default { name: 'Processor', run: measureAll } satisfies Bench
