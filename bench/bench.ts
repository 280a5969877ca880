/** What a file bench/*.bench.ts exports as its default. */

export interface Row {
  what: string
  value: number
  /** ns, ms, MIPS … */
  unit: string
  /** What to compare with, or under which condition it was measured. */
  note?: string
  /** Further columns, under the bench's `columns`. */
  cells?: string[]
}

export interface Bench {
  name: string
  /** Titles of the rows' `cells`. */
  columns?: string[]
  /** Measures now; no number may come from elsewhere. */
  run(): Promise<Row[]> | Row[]
}

/** The median of `runs` timings of `work`, in milliseconds. */
export async function medianTime(runs: number, work: (run: number) => unknown): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < runs; i++) {
    const start = performance.now()
    await work(i)
    times.push(performance.now() - start)
  }
  return times.sort((a, b) => a - b)[runs >> 1]
}

const PATIENCE_MS = 3500

/**
 * The least that `stretch` returns, called again and again until it has not
 * become less for some seconds: the engine takes a second or two to optimise
 * the interpreter, and other work on the machine comes and goes.
 */
export function quickest(stretch: () => number): number {
  let best = Infinity
  for (let since = performance.now(); performance.now() - since < PATIENCE_MS;) {
    const value = stretch()
    if (value < best * 0.98) since = performance.now()
    best = Math.min(best, value)
  }
  return best
}
