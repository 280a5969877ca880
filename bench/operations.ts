/**
 * Which operations of the interpreter (E:316) a program spends its time in:
 * the kernels of the bench, or whatever the Launcher runs.
 */
import { CATALOGUE } from '../generated/emulator/decode/decode.ts'
import { buildImage } from './image.ts'
import { kernels } from './kernels.ts'
import { ourMachine, runOurs } from './ours.ts'

declare const operationCounts: Float64Array

/** Less of all that was performed than this is not worth a line. */
const LEAST = 0.0005

/** The `most` operations performed most often since the last call, as lines. */
export function topOperations(most: number): string[] {
  const total = operationCounts.reduce((a, b) => a + b)
  const counts = [...operationCounts.entries()].filter(([, count]) => count > total * LEAST)
  operationCounts.fill(0)
  return counts.sort(([, a], [, b]) => b - a).slice(0, most).map(([number, count]) => {
    const percent = ((count / total) * 100).toFixed(1).padStart(6)
    const cold = number < CATALOGUE.hot ? '' : '  outside the main loop'
    return `  ${percent} %  ${CATALOGUE.operations[number].key}${cold}`
  })
}

/** Prints the operations of each kernel whose name contains one of `names`. */
export function printKernels(most: number, names: string[]): void {
  const machine = ourMachine(buildImage(), 'interpreted')
  const chosen = kernels.filter((kernel) => names.length === 0 || names.some((name) => kernel.name.includes(name)))
  if (chosen.length === 0) throw new Error(`there are ${kernels.map((kernel) => kernel.name).join(', ')}`)
  for (const kernel of chosen) {
    const instructions = runOurs(machine, kernel)
    const performed = operationCounts.reduce((a, b) => a + b)
    console.log(`\n${kernel.name}: ${instructions} instructions in ${performed} operations`)
    for (const line of topOperations(most)) console.log(line)
  }
}
