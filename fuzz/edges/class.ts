import type { Random } from '../../conformance/random.ts'

/** A class of inputs that are not Guests. */
export interface EdgeClass {
  readonly name: string
  readonly what: string
  /** Does it all; throws what it finds. */
  run(random: Random): void | Promise<void>
}
