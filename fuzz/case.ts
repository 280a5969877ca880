/**
 * A case: one hostile Guest, as a list of things it does. Small, and the
 * same when read back from JSON, so that it can be kept, changed and cut.
 */
import { eras } from '../generated/abi/eras.ts'
import type { Era, EraName } from '../generated/abi/common.ts'

/** Which tables the Guest has before its first step. */
export type Start = 'linear' | 'two' | 'pae'
export const STARTS: readonly Start[] = ['linear', 'two', 'pae']

/** How the Guest's own gates are: it falls from step to step by them. */
export type Gates = 'trap' | 'interrupt' | 'none'

/** What it does, one after the other. Numbers are words, unsigned. */
export type Step =
  /** A hypercall: number and arguments. */
  | ['call', number, ...number[]]
  /** The same by the ring: slot, number, arguments. */
  | ['ring', number, number, ...number[]]
  /** Stores a word to a virtual address. */
  | ['store', number, number]
  | ['load', number]
  /** Machine code, hexadecimal, in ring 1 or in ring 3. */
  | ['code', string]
  | ['user', string]
  /** IRET to EIP, CS, EFLAGS, ESP, SS. */
  | ['iret', number, number, number, number, number]
  /** Loads segment register 0 to 5 with a selector. */
  | ['segment', number, number]
  /** General registers 0 to 7; they hold in the step that follows. */
  | ['registers', ...number[]]
  /** A descriptor for an entry of the table: entry, low, high. */
  | ['descriptor', number, number, number]
  /** The Launcher, between two reads: an interrupt, a break, a search. */
  | ['irq', number]
  | ['break', number]
  | ['getdma', number]
  /** A word of the Guest's memory changes under its feet: address, value. */
  | ['change', number, number]
  /** With devices: all their rings are filled by chance, from a seed; keys are typed, so many. */
  | ['scribble', number]
  | ['arrive', number]

export interface Case {
  readonly class: string
  readonly era: EraName
  readonly start: Start
  readonly gates: Gates
  readonly steps: readonly Step[]
  /** How it is performed: what has run twice is translated, or nothing; else what is hot. */
  readonly engine?: 'eager' | 'interpreted'
  /** Has it the devices of its era? */
  readonly devices?: true
  /** For the DMA of 2007: what a second hostile Guest does. */
  readonly partner?: readonly Step[]
}

/** A case of the tools and the edges is a number: all follows from it. */
export interface SeedCase {
  readonly class: string
  readonly seed: number
}

export type AnyCase = Case | SeedCase

export function isSeedCase(one: AnyCase): one is SeedCase {
  return 'seed' in one
}

export function eraNamed(name: EraName): Era {
  const era = eras.find((one) => one.name === name)
  if (era === undefined) throw new Error(`no era ${name}`)
  return era
}

const NUMBERS: Record<Step[0], readonly [number, number]> = {
  call: [1, 5], ring: [2, 6], store: [2, 2], load: [1, 1], code: [0, 0], user: [0, 0],
  iret: [5, 5], segment: [2, 2], registers: [8, 8], descriptor: [3, 3],
  irq: [1, 1], break: [1, 1], getdma: [1, 1], change: [2, 2], scribble: [1, 1], arrive: [1, 1],
}

/** Reads a case from JSON. Errors name what is wrong. */
export function parseCase(text: string): AnyCase {
  const one = JSON.parse(text)
  if (typeof one?.class !== 'string') throw new Error('it has no class')
  if (Number.isSafeInteger(one.seed)) return one
  if (!eras.some((era) => era.name === one.era)) throw new Error(`there is no era ${one.era}`)
  if (!STARTS.includes(one.start)) throw new Error(`start is one of ${STARTS.join(', ')}`)
  if (!['trap', 'interrupt', 'none'].includes(one.gates)) throw new Error('gates is trap, interrupt or none')
  if (![undefined, 'eager', 'interpreted'].includes(one.engine)) throw new Error('engine is eager or interpreted, or left out')
  if (![undefined, true].includes(one.devices)) throw new Error('devices is true, or left out')
  if (!Array.isArray(one.steps)) throw new Error('it has no steps')
  for (const step of [...one.steps, ...one.partner ?? []]) checkStep(step)
  return one
}

function checkStep(step: unknown): void {
  const told = JSON.stringify(step)
  if (!Array.isArray(step) || !Object.hasOwn(NUMBERS, step[0])) throw new Error(`no step: ${told}`)
  const [name, ...rest] = step
  const [least, most] = NUMBERS[name as Step[0]]
  const good = most === 0 ? rest.length === 1 && /^([0-9a-f]{2})*$/.test(rest[0])
    : rest.length >= least && rest.length <= most
      && rest.every((n) => Number.isInteger(n) && n >= 0 && n < 2 ** 32)
  if (!good) throw new Error(`bad step: ${told}`)
}

/** One line of JSON. */
export function print(one: AnyCase): string {
  return JSON.stringify(one)
}
