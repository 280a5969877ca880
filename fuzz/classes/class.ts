/** A class of hostile Guests: which steps it takes, by chance. */
import type { Random } from '../../conformance/random.ts'
import type { Era, EraName } from '../../generated/abi/common.ts'
import type { Case, Gates, Start, Step } from '../case.ts'

export interface GuestClass {
  readonly name: string
  /** What it tries, in a line. */
  readonly what: string
  /** The eras it makes sense in; all, if not said. */
  readonly eras?: readonly EraName[]
  readonly starts?: readonly Start[]
  readonly gates?: readonly Gates[]
  /** Has it devices, and a Launcher that serves them? */
  readonly devices?: true
  /** How its cases are performed; undefined: as usual. */
  readonly engines?: readonly Case['engine'][]
  /** Does a second hostile Guest take part, on a page they share? */
  readonly partner?: true
  /** How many draws from `step` a case has, at most. */
  readonly most: number
  step(random: Random, era: Era, start: Start): Step[]
}

/** A Guest without tables dies of many an address: less often. */
export const EVERY_START: readonly Start[] = ['two', 'pae', 'two', 'pae', 'linear']
export const EVERY_GATE: readonly Gates[] = ['trap', 'trap', 'interrupt', 'none']
export const EVERY_ENGINE: readonly Case['engine'][] = ['eager', 'eager', 'interpreted', undefined]
