/**
 * Runs cases and says what they found. A World in which something was found
 * is not used again: who knows what else is wrong in it.
 */
import type { Engine } from '../generated/emulator/index.ts'
import type { AnyCase, Case } from './case.ts'
import { isSeedCase } from './case.ts'
import { runEdge } from './edges/all.ts'
import { Finding } from './finding.ts'
import { minimise } from './minimise.ts'
import { World } from './world.ts'
import type { Outcome } from './world.ts'

/** What was found, by which oracle, in which case. */
export interface Found {
  readonly oracle: string
  readonly message: string
  readonly one: AnyCase
}

/** A read is slow only if it is slow so often in the World where it was, and in one of its own. */
const SLOW_AGAIN = 6

/** Cases between two turns of the event loop, in which code that was compiled aside arrives. */
const CASES_AT_A_STRETCH = 50

export class Runner {
  /** How all instructions are performed; null: as each case says. */
  readonly #engine: Engine | null
  readonly #worlds = new Map<Engine, World>()
  #cases = 0
  /** How hostile Guests ended, by reason. */
  readonly ends = new Map<string, number>()
  /** Reads that were slow by the clock, and were not when they were repeated. */
  suspicions = 0

  constructor(engine: Engine | null = null) {
    this.#engine = engine
  }

  /** Runs a case; null if nothing is wrong. */
  async run(one: AnyCase): Promise<Found | null> {
    if (++this.#cases % CASES_AT_A_STRETCH === 0) await new Promise((resolve) => { setImmediate(resolve) })
    if (isSeedCase(one)) return runEdge(one).then(() => null, (error: unknown) => found(one, error))
    return this.#try(one)
  }

  #try(one: Case, how: 'often' | 'always' = 'often'): Found | null {
    const engine = this.#engine ?? one.engine ?? 'translated'
    try {
      const world = this.#world(engine)
      world.look(how)
      const outcome = world.run(one)
      this.#note(outcome)
      return outcome.slow === 0 ? null : this.#slow(engine, one, outcome.slow)
    } catch (error) {
      this.#worlds.delete(engine)
      return found(one, error)
    }
  }

  #world(engine: Engine): World {
    const there = this.#worlds.get(engine)
    if (there !== undefined) return there
    const made = new World(engine)
    this.#worlds.set(engine, made)
    return made
  }

  /** Slow once may be the machine, and in one World what was before; slow every time is the case. */
  #slow(engine: Engine, one: Case, first: number): Found | null {
    let least = first
    for (const world of [() => this.#world(engine), () => new World(engine)]) {
      if (least > 0) least = Math.min(least, quickest(world(), one))
    }
    if (least > 0) return { oracle: 'time', message: `a read takes ${least.toFixed(0)} ms, every time`, one }
    this.suspicions++
    return null
  }

  #note({ dead }: Outcome): void {
    const reason = dead === null ? '(lives)' : dead.split('\n')[0].replace(/-?(0x[\da-f]+|\b\d+\b|\b[\da-f]{8}\b)/g, 'N').slice(0, 60)
    this.ends.set(reason, (this.ends.get(reason) ?? 0) + 1)
  }

  /** The least case that finds the same, each in a World of its own. */
  async smallest({ one, oracle }: Found): Promise<AnyCase> {
    if (isSeedCase(one)) return one
    const fails = (candidate: Case) => {
      this.#worlds.clear()
      return this.#try(candidate, 'always')?.oracle === oracle
    }
    return fails(one) ? minimise(one, fails) : one
  }
}

/** Milliseconds of this process, or none, that the case's longest read took when it took least. */
function quickest(world: World, one: Case): number {
  world.look('never')
  let least = Infinity
  for (let again = 0; again < SLOW_AGAIN && least > 0; again++) least = Math.min(least, world.run(one).slow)
  return least
}

function found(one: AnyCase, error: unknown): Found {
  if (error instanceof Finding) return { oracle: error.oracle, message: error.message, one }
  const trace = error instanceof Error ? error.stack ?? error.message : String(error)
  return { oracle: 'exception', message: trace.split('\n').slice(0, 6).join('\n'), one }
}
