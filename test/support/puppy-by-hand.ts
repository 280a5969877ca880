/** Puppy at a keyboard whose keys are pressed at chosen instructions. */
import { eraA } from '../../generated/abi/era-a.ts'
import { Machine } from '../../generated/emulator/index.ts'
import { InstructionClock } from '../../generated/host/clock.ts'
import { Host, HOST_AREA } from '../../generated/host/host.ts'
import { LauncherMemory, Task } from '../../generated/host/mm.ts'
import { readArguments } from '../../generated/launcher/arguments.ts'
import type { Plan } from '../../generated/launcher/plan.ts'
import { Cards } from '../../generated/launcher/cards.ts'
import { NetPlaces } from '../../generated/launcher/net-places.ts'
import { BytesFile } from '../../generated/launcher/bytes-file.ts'
import { Guest } from '../../generated/launcher/guest.ts'
import { GuestMemory } from '../../generated/launcher/memory.ts'
import { observersOf } from '../../generated/launcher/observers.ts'
import { realPace } from '../../generated/launcher/pace.ts'
import type { Pace } from '../../generated/launcher/pace.ts'
import { prepareWithDma } from '../../generated/launcher/prepare.ts'
import { runGuest } from '../../generated/launcher/run.ts'
import { Waker } from '../../generated/launcher/waker.ts'
import { puppyImage } from '../../generated/puppy/index.ts'
import { FakePlatform } from '../L-launcher/fakes.ts'

/** Instructions after which the hand may act again. */
const SLICE = 200

/** What a test has to do with the keyboard. */
export interface Hand {
  /** Instructions of the machine so far. */
  readonly now: number
  /** All that Puppy has printed. */
  readonly screen: string
  type(keys: string): void
  /** A slice has gone by, or the Guest idles. */
  turn(): Promise<'idle' | 'busy'>
}

/** Boots Puppy and lets `act` play; Puppy must not end before it does. */
export async function byHand(act: (hand: Hand) => Promise<void>): Promise<void> {
  const plan = readArguments([]) as Plan
  const platform = new FakePlatform()
  const machine = new Machine({ ramBytes: HOST_AREA + plan.memory + (1 << 20), retainContexts: true, deterministic: true })
  const clock = new InstructionClock(machine.cpu, 100, 0)
  const host = new Host(machine, { clock, random: () => 0.3, slice: SLICE })
  const space = new LauncherMemory(host.physical, host.frames)
  const guest = new Guest(host.open(space), new GuestMemory(space, plan.memory))
  const house = { plan, platform, dice: platform, host, task: new Task('launcher'), clock, cards: new Cards(platform), netPlaces: new NetPlaces(platform, host), observers: observersOf(plan, machine.cpu, platform), verbose: () => {}, typed: () => {} }
  const devices = await prepareWithDma(house, guest, new BytesFile(puppyImage()), eraA)
  const waker = new Waker(guest, devices.inputs, platform)
  const baton = new Baton()
  const real = realPace(guest, devices.inputs, waker, platform)
  const pace: Pace = {
    async breathe() {
      await baton.pass('busy')
      await real.breathe()
    },
    async idle(until) {
      await baton.pass('idle')
      await real.breathe()
      if (until !== null && !waker.shouted) clock.skipTo(until)
    },
  }
  const play = act({
    get now() { return machine.cpu.instructions },
    get screen() { return platform.out },
    type: (keys) => platform.console.type(keys),
    turn: () => baton.turn(),
  })
  const life = runGuest(guest, devices, waker, pace)
    .then((ending) => { throw new Error(`Puppy ended: ${ending}`) })
  await Promise.race([play, life])
}

/** Guest and hand take turns: one waits while the other acts. */
class Baton {
  #told: (state: 'idle' | 'busy') => void = () => {}
  #back: () => void = () => {}

  /** The Guest's side: lets the hand act, returns when it wants a turn. */
  pass(state: 'idle' | 'busy'): Promise<void> {
    return new Promise((resolve) => {
      this.#back = resolve
      this.#told(state)
    })
  }

  /** The hand's side: back to the Guest, until it passes again. */
  turn(): Promise<'idle' | 'busy'> {
    return new Promise((resolve) => {
      this.#told = resolve
      this.#back()
    })
  }
}
