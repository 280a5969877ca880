/**
 * How fast the processor runs plain code, with paging on, beside v86 running
 * the same bytes. The sides take many short turns and the best turn of each
 * counts, so that other work on the machine disturbs little, and all alike.
 */
import type { Machine } from '../generated/emulator/index.ts'
import type { Bench, Row } from './bench.ts'
import { buildImage } from './image.ts'
import { kernels, type Kernel } from './kernels.ts'
import { ourMachine, runOurs } from './ours.ts'
import { Theirs } from './theirs.ts'

const WARM_MS = 250
const TURNS = 25
const TARGET = 3

interface Sides { ours: Machine, interpreted: Machine, interpreter: Theirs, translator: Theirs }
interface Measured {
  kernel: Kernel, instructions: number
  ours: number, interpreted: number, interpreter: number, translator: number
}

type Runner = () => Promise<number> | number

const runOnce = (side: Theirs, kernel: Kernel) => async () => (await side.run(kernel, 1))[0]

function timeOurs(machine: Machine, kernel: Kernel): number {
  const start = performance.now()
  runOurs(machine, kernel)
  return performance.now() - start
}

/** Until its engines have had time to translate what is hot. */
async function warm(runner: Runner): Promise<void> {
  for (let spent = 0, runs = 0; spent < WARM_MS || runs < 3; runs++) spent += await runner()
}

async function measure(sides: Sides, kernel: Kernel): Promise<Measured> {
  const runners: Runner[] = [
    () => timeOurs(sides.ours, kernel), () => timeOurs(sides.interpreted, kernel),
    runOnce(sides.interpreter, kernel), runOnce(sides.translator, kernel),
  ]
  for (const runner of runners) await warm(runner)
  const times: number[][] = runners.map(() => [])
  for (let turn = 0; turn < TURNS; turn++) {
    for (const [i, runner] of runners.entries()) times[i].push(await runner())
  }
  const [ours, interpreted, interpreter, translator] = times.map((each) => Math.min(...each))
  return { kernel, instructions: runOurs(sides.ours, kernel), ours, interpreted, interpreter, translator }
}

const mean = (values: number[]) => Math.exp(values.reduce((sum, v) => sum + Math.log(v), 0) / values.length)

const COLUMNS = ['each', 'interpreted', 'v86 interpreting', 'ours is', 'v86 translating', 'ours is']

const rate = (instructions: number, ms: number) => (instructions / ms / 1000).toFixed(0)

function toRow({ kernel, instructions, ours, interpreted, interpreter, translator }: Measured): Row {
  const each = (ours * 1e6) / kernel.units
  return {
    what: kernel.name, value: instructions / ours / 1000, unit: 'MIPS',
    cells: [
      `${each.toFixed(each < 100 ? 1 : 0)} ns`, `${rate(instructions, interpreted)} MIPS`,
      `${rate(instructions, interpreter)} MIPS`, `${(interpreter / interpreted).toFixed(2)} ×`,
      `${rate(instructions, translator)} MIPS`, `${(translator / ours).toFixed(2)} ×`,
    ],
  }
}

function summary(what: string, all: Measured[]): Row {
  const speed = (side: 'ours' | 'interpreted' | 'interpreter' | 'translator') => (
    mean(all.map((measured) => measured.instructions / measured[side] / 1000)))
  const [ours, interpreted, interpreter, translator] = [
    speed('ours'), speed('interpreted'), speed('interpreter'), speed('translator')]
  return {
    what: `geometric mean, ${what}`, value: ours, unit: 'MIPS',
    cells: [
      '', `${interpreted.toFixed(0)} MIPS`, `${interpreter.toFixed(0)} MIPS`, `${(interpreted / interpreter).toFixed(2)} ×`,
      `${translator.toFixed(0)} MIPS`, `${(ours / translator).toFixed(2)} ×`,
    ],
    note: `target ${TARGET} ×`,
  }
}

async function run(): Promise<Row[]> {
  const image = buildImage()
  const sides = {
    ours: ourMachine(image, 'translated'), interpreted: ourMachine(image, 'interpreted'),
    interpreter: await Theirs.start(image, { translates: false }),
    translator: await Theirs.start(image, { translates: true }),
  }
  const all: Measured[] = []
  for (const kernel of kernels) all.push(await measure(sides, kernel))
  await Promise.all([sides.interpreter.destroy(), sides.translator.destroy()])
  return [
    ...all.map(toRow), summary('integer kernels', all.filter(({ kernel }) => !kernel.floating)),
    summary('all kernels', all),
  ]
}

export default { name: 'Processor, in guest instructions retired; v86 runs the same bytes', columns: COLUMNS, run } satisfies Bench
