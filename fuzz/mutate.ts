/** New cases out of old ones: what reached something new is likely to be near more of it. */
import type { Random } from '../conformance/random.ts'
import type { Case, Gates, Step } from './case.ts'
import { guestClasses } from './classes/all.ts'
import { EVERY_ENGINE } from './classes/class.ts'
import { eraNamed } from './case.ts'
import { value } from './values.ts'

const MOST_STEPS = 100

/** A relative of `one`; `other` may give it steps. */
export function mutate(random: Random, one: Case, other: Case): Case {
  let steps = [...one.steps]
  for (let times = 1 + random.below(3); times > 0; times--) steps = change(random, steps, one, other)
  const engine = random.chance(0.1) ? random.pick(EVERY_ENGINE) : one.engine
  const { engine: _engine, ...rest } = one
  const gates: Gates = random.chance(0.1) ? random.pick(['trap', 'interrupt', 'none']) : one.gates
  return { ...rest, gates, steps: steps.slice(0, MOST_STEPS), ...engine && { engine } }
}

function change(random: Random, steps: Step[], one: Case, other: Case): Step[] {
  const at = random.below(steps.length + 1)
  switch (random.below(6)) {
    case 0: return [...steps.slice(0, at), ...steps.slice(at + 1 + random.below(4))]
    case 1: return [...steps.slice(0, at), ...part(random, other.steps), ...steps.slice(at)]
    case 2: return [...steps.slice(0, at), ...part(random, steps), ...steps.slice(at)]
    case 3: return [...steps.slice(0, at), ...fresh(random, one), ...steps.slice(at)]
    default: return steps.map((step, i) => i === at ? altered(random, step) : step)
  }
}

function part(random: Random, steps: readonly Step[]): readonly Step[] {
  const from = random.below(steps.length + 1)
  return steps.slice(from, from + 1 + random.below(8))
}

/** A step that some class would take here. */
function fresh(random: Random, { era, start, devices }: Case): Step[] {
  const fitting = guestClasses.filter((kind) => (kind.eras?.includes(era) ?? true) && (devices === true || kind.devices === undefined))
  return random.pick(fitting).step(random, eraNamed(era), start)
}

/** A number, or a byte of code, becomes another. */
function altered(random: Random, step: Step): Step {
  const [name, ...rest] = step
  const at = random.below(rest.length)
  const changed = rest.map((part, i) => i !== at ? part : typeof part === 'string' ? withByte(random, part) : value(random))
  return [name, ...changed] as Step
}

function withByte(random: Random, code: string): string {
  if (code === '') return code
  const at = random.below(code.length / 2) * 2
  return code.slice(0, at) + random.below(256).toString(16).padStart(2, '0') + code.slice(at + 2)
}
