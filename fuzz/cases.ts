/** Where cases come from: a seed, and the classes. */
import { Random } from '../conformance/random.ts'
import type { EraName } from '../generated/abi/common.ts'
import { eras } from '../generated/abi/eras.ts'
import type { AnyCase } from './case.ts'
import { guestClasses, makeCase } from './classes/all.ts'
import { edgeClasses } from './edges/all.ts'

export const classNames: readonly string[] = [...guestClasses, ...edgeClasses].map(({ name }) => name)

/** The classes with what they try, for people. */
export function describeClasses(): string[] {
  return [...guestClasses, ...edgeClasses].map(({ name, what }) => `${name.padEnd(14)} ${what}`)
}

/** An endless stream of cases: the same for the same seed and choice. */
export class Cases {
  readonly #random: Random
  readonly #makers: (() => AnyCase | null)[]

  /** @param names of classes; none: all that make Guests */
  constructor(seed: number, names: readonly string[] | undefined, era: EraName | undefined) {
    this.#random = new Random(seed)
    const allowed = era === undefined ? eras.map(({ name }) => name) : [era]
    const guests = guestClasses.filter(({ name }) => names?.includes(name) ?? true)
      .map((kind) => () => makeCase(kind, this.#random, allowed))
    const edges = edgeClasses.filter(({ name }) => names?.includes(name) ?? false)
      .map(({ name }) => () => ({ class: name, seed: this.#random.int() >>> 0 }))
    this.#makers = [...guests, ...edges]
  }

  /** The next one; null if no class makes sense in this era. */
  next(): AnyCase | null {
    for (let tries = 0; tries < 100; tries++) {
      const one = this.#random.pick(this.#makers)()
      if (one !== null) return one
    }
    return null
  }
}
