/**
 * Neighbours: how long a Guest waits for its turn beside one that does its
 * worst, in time of the processor. The rule is fifty milliseconds at most
 * (H:700), and a share of forty in a hundred of all that is worked.
 */
import { storms } from '../fuzz/storms.ts'
import { World } from '../fuzz/world.ts'
import type { Bench, Row } from './bench.ts'

const SLICE = 100_000
const TURNS = 200
/** Turns in which the engine warms up to us. */
const WARM = 20
const MOST = 50

function run(): Row[] {
  return Object.entries(storms).flatMap(([quota, some]) => Object.entries(some).map(([what, storm]): Row => {
    const world = new World('translated', 20, SLICE)
    world.look('never')
    const { waits, good, hostile, dead } = world.share(storm, TURNS)
    if (dead !== null) throw new Error(`${what}: ${dead}`)
    const sorted = waits.slice(WARM).sort((a, b) => a - b)
    const longest = sorted[sorted.length - 1]
    return {
      what: `${quota}: ${what}`, value: longest, unit: 'ms',
      cells: [sorted[sorted.length >> 1].toFixed(1), `${(good / (good + hostile) * 100).toFixed(0)} %`],
      note: longest > MOST ? 'TOO LONG' : '',
    }
  }))
}

export default { name: 'Neighbours: the longest that a Guest waits for its turn beside one that …',
  columns: ['median', 'its share'], run } satisfies Bench
