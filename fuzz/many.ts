/** Many Guests, sixteen at a time: is memory flat when they have come and gone? */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { MAX_LGUEST_GUESTS } from '../generated/abi/common.ts'
import { Random } from '../conformance/random.ts'
import { isSeedCase } from './case.ts'
import type { Case } from './case.ts'
import { Cases } from './cases.ts'
import { HostileGuest } from './hostile-guest.ts'
import { World } from './world.ts'

/** Room for sixteen. */
const MEGABYTES = 28

export interface Crowd {
  readonly opened: number
  /** Bytes of heap after a tenth of them, and at the end. */
  readonly early: number
  readonly late: number
}

/** Opens and closes `count` hostile Guests in one World. Throws if frames stay behind. */
export function many(seed: number, count: number, told: (opened: number) => void): Crowd {
  const world = new World('translated', MEGABYTES)
  const random = new Random(seed)
  const cases = new Cases(seed, undefined, undefined)
  const frames = world.host.frames.inUse
  const here: HostileGuest[] = []
  let early = 0
  for (let opened = 0; opened < count; opened++) {
    if (here.length === MAX_LGUEST_GUESTS - 1) here.splice(random.below(here.length), 1)[0].close()
    here.push(hostile(world, next(cases)))
    for (const guest of [here[random.below(here.length)], here.at(-1)!]) turn(guest)
    world.good.turn()
    if (opened === Math.floor(count / 10)) early = heap()
    told(opened)
  }
  for (const guest of here) guest.close()
  world.good.examine()
  if (world.host.frames.inUse !== frames) throw new Error(`${world.host.frames.inUse - frames} frames stay behind`)
  return { opened: count, early, late: heap() }
}

function hostile({ host }: World, one: Case): HostileGuest {
  return new HostileGuest(host, one, one.steps)
}

function next(cases: Cases): Case {
  const one = cases.next()!
  if (isSeedCase(one)) throw new Error(`${one.class} makes no Guests`)
  return one
}

function turn(guest: HostileGuest): void {
  const { kind } = guest.file.read(new Uint8Array(256), guest.task)
  if (kind === 'halted') guest.file.lg!.cpu.halted = false
}

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/** Bytes that are really in use. */
function heap(): number {
  collect()
  return process.memoryUsage().heapUsed
}
