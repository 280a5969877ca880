/** Every class of hostile Guests, and how a case of one is made. */
import type { Random } from '../../conformance/random.ts'
import type { Era, EraName } from '../../generated/abi/common.ts'
import { eras } from '../../generated/abi/eras.ts'
import { eraNamed } from '../case.ts'
import type { Case, Start, Step } from '../case.ts'
import { EVERY_ENGINE, EVERY_GATE, EVERY_START } from './class.ts'
import type { GuestClass } from './class.ts'
import {
  debugging, floats, instructions, interrupts, irets, selfChanging, strings, switcherJumps,
} from './run.ts'
import { devices } from './devices.ts'
import { dataPage, descriptors, dma, hypercalls, pageTables, stacks } from './talk.ts'

const kinds: readonly GuestClass[] = [
  hypercalls, pageTables, instructions, descriptors, stacks, dataPage, switcherJumps, interrupts, irets, debugging,
  strings, floats, selfChanging, dma, devices,
]

/** What one class prepares another one uses: a segment for a string, a table for a ring. */
const mixed: GuestClass = {
  name: 'mixed', what: 'steps of all the other classes, one after another, with devices', most: 30, devices: true,
  step(random, era, start) {
    const able = kinds.filter(({ eras: some }) => some?.includes(era.name) ?? true)
    return random.pick(able).step(random, era, start)
  },
}

export const guestClasses: readonly GuestClass[] = [...kinds, mixed]

/** A case of this class; null if it makes no sense in these eras. */
export function makeCase(kind: GuestClass, random: Random, allowed: readonly EraName[]): Case | null {
  const among = (kind.eras ?? eras.map(({ name }) => name)).filter((name) => allowed.includes(name))
  if (among.length === 0) return null
  const era = random.pick(among)
  const start = startIn(eraNamed(era), random.pick(kind.starts ?? EVERY_START))
  const gates = random.pick(kind.gates ?? EVERY_GATE)
  const steps = makeSteps(kind, random, era, start)
  const partner = kind.partner && makeSteps(kind, random, era, start)
  const engine = random.pick(kind.engines ?? EVERY_ENGINE)
  return { class: kind.name, era, start, gates, steps, ...engine && { engine },
    ...kind.devices && { devices: true as const }, ...partner && { partner } }
}

/** Some eras are born with tables, of the one kind or of the other. */
function startIn(era: Era, wanted: Start): Start {
  return era.tables !== 'made' ? wanted : era.pae ? 'pae' : 'two'
}

function makeSteps(kind: GuestClass, random: Random, era: EraName, start: Start): Step[] {
  const draws = 1 + random.below(kind.most)
  return Array.from({ length: draws }, () => kind.step(random, eraNamed(era), start)).flat()
}
