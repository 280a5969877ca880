/**
 * Prices: what a turn costs that goes to hostile work, over what a turn costs
 * that goes to a plain loop. The rule is ten at most (H:030): whatever a
 * Guest does, a hundred thousand units of it are about as long.
 */
import { RealClock } from '../generated/host/clock.ts'
import { realHost, Tiny } from '../test/H-host/tiny-guest.ts'
import type { Bench, Row } from './bench.ts'
import { PLAIN, STORMS } from './storms.ts'
import type { Storm } from './storms.ts'

type Engine = 'interpreted' | 'translated'

const SLICE = 100_000
const MOST = 10
/** Milliseconds of the processor: for warming up, and for measuring. */
const WARM = 80
const MEASURED = 100

interface Turn { mean: number, longest: number }

/** Microseconds of the processor's for a turn of the Guest's. */
function turnOf({ what, build }: Storm, engine: Engine): Turn {
  const clock = new RealClock(() => performance.now() * 1000, () => Date.now() * 1000, { instructions: 0 })
  const tiny = new Tiny(realHost({ checkTlb: false, slice: SLICE, clock, engine, deterministic: false }), build)
  const turn = () => {
    for (;;) {
      const { kind } = tiny.read()
      if (kind === 'again') return
      if (kind === 'error') throw new Error(`${what}: ${tiny.runToEnd(1)}`)
    }
  }
  const used = () => { const { user, system } = process.cpuUsage(); return user + system; }
  for (const end = used() + WARM * 1000; used() < end;) turn()
  const begin = used()
  let longest = 0
  for (let turns = 1; ; turns++) {
    const before = performance.now()
    turn()
    longest = Math.max(longest, performance.now() - before)
    const spent = used() - begin
    if (spent > MEASURED * 1000) return { mean: spent / turns, longest }
  }
}

function run(): Row[] {
  const plain = { interpreted: turnOf(PLAIN, 'interpreted'), translated: turnOf(PLAIN, 'translated') }
  return STORMS.map((storm) => {
    const interpreted = turnOf(storm, 'interpreted')
    const translated = turnOf(storm, 'translated')
    const ratio = interpreted.mean / plain.interpreted.mean
    const other = translated.mean / plain.interpreted.mean
    return {
      what: storm.what, value: ratio, unit: 'times',
      cells: [other.toFixed(2), interpreted.longest.toFixed(1), translated.longest.toFixed(1)],
      note: Math.max(ratio, other) > MOST ? 'TOO DEAR' : '',
    }
  })
}

export default { name: 'Prices: a turn of hostile work, over a turn of a plain loop, interpreted',
  columns: ['translated', 'longest, ms', 'translated'], run } satisfies Bench
