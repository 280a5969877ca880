/**
 * One Host with a good Guest in it, in which hostile Guests live one after
 * the other, each for a few turns. Every oracle is asked about each.
 */
import { Machine } from '../generated/emulator/index.ts'
import type { Engine } from '../generated/emulator/index.ts'
import { InstructionClock } from '../generated/host/clock.ts'
import { Host } from '../generated/host/host.ts'
import type { LgCpu } from '../generated/host/lg.ts'
import type { Task } from '../generated/host/mm.ts'
import { Random } from '../conformance/random.ts'
import type { Case, Step } from './case.ts'
import { object } from './finding.ts'
import { GoodGuest, SHARED_PAGE } from './good-guest.ts'
import { HostileGuest } from './hostile-guest.ts'
import { SHARED } from './places.ts'
import { MemoryOracle } from './oracles/memory.ts'
import { ProcessorOracle } from './oracles/processor.ts'
import { ShadowOracle } from './oracles/shadows.ts'
import { StatePageOracle } from './oracles/state-page.ts'
import { examineTlb } from './oracles/tlb.ts'

/** Instructions in a slice: short, so that a case has many. */
const SLICE = 6000
/** What may be done in a read: two slices, the door, and the rest of a job. */
const MOST_INSTRUCTIONS = 2 * SLICE + 11_000
const MOST_UNITS = SLICE + 400_000
/** Milliseconds in a read. */
const MOST_TIME = 20
const TURNS = 10
/** Entries after which the shadows are looked at, in each case; the first dozen are its birth. */
const LOOKS = [1, 13, 17, 22, 30, 50, 80]

/** How a case ended. */
export interface Outcome {
  /** Why the hostile Guest died; null if it lived. */
  readonly dead: string | null
  /** Milliseconds of the longest read that took longer than it may; 0 if none did. */
  readonly slow: number
}

export class World {
  readonly host: Host
  readonly good: GoodGuest
  readonly #shared: { frame: number; file: object }
  readonly #processor: ProcessorOracle
  readonly #state: StatePageOracle
  readonly #shadows: ShadowOracle
  readonly #memory: MemoryOracle
  /** Entries in this case, and those after which to look at the shadows. */
  #entries = 0
  #looks: readonly number[] = LOOKS
  #slow = 0
  /** Milliseconds that oracles took in this read. */
  #looking = 0

  constructor(engine: Engine = 'translated', megabytes = 20) {
    const machine = new Machine({ ramBytes: megabytes << 20, deterministic: true, retainContexts: true, engine })
    const random = new Random(1)
    this.host = new Host(machine, {
      clock: new InstructionClock(machine.cpu), slice: SLICE, random: () => random.below(1000) / 1000,
      observer: {
        entering: () => {}, left: (cpu) => this.#left(cpu), trap: () => {}, hypercall: () => {}, interrupt: () => {},
      },
    })
    const kept = this.host.frames.inUse
    this.#processor = new ProcessorOracle(this.host)
    this.#state = new StatePageOracle(this.host)
    this.#shadows = new ShadowOracle(this.host)
    const frame = this.host.frames.allocRun(1)
    this.#shared = { frame, file: {} }
    this.good = new GoodGuest(this.host, this.#shared)
    const { stack, tables } = this.#processor.places
    this.#memory = new MemoryOracle(this.host, kept, [stack, this.host.statePage], tables)
  }

  /** How closely oracles look: after some entries, after each, or not while a read is timed. */
  look(how: 'often' | 'always' | 'never'): void {
    this.#looks = how === 'often' ? LOOKS : how === 'never' ? [] : Array.from({ length: 1000 }, (_, i) => i)
  }

  /** Runs a case. Throws a Finding, or whatever the system threw. */
  run(one: Case): Outcome {
    const before = this.host.frames.inUse
    this.#entries = 0
    this.#slow = 0
    const shared = one.partner === undefined ? undefined : this.#shared
    const guests = [new HostileGuest(this.host, one, one.steps, shared)]
    if (one.partner !== undefined) guests.push(new HostileGuest(this.host, one, one.partner, shared))
    const [first] = guests
    this.#turns(guests, one)
    const { dead } = first
    this.#examine()
    for (const guest of guests) guest.examine()
    for (const guest of guests) guest.close()
    this.#memory.allBack(before)
    this.#memory.examine()
    return { dead: dead === null ? null : String(dead), slow: this.#slow }
  }

  /** Lets a hostile Guest and the good one take turns. @returns what either was given, in instructions' worth */
  share(one: Case, turns: number): { good: number; hostile: number } {
    const guest = new HostileGuest(this.host, one, one.steps)
    const before = spentBy(this.good.task)
    for (let turn = 0; turn < turns && guest.dead === null; turn++) {
      this.#read(guest)
      this.good.turn()
    }
    const given = { good: spentBy(this.good.task) - before, hostile: spentBy(guest.task) }
    guest.close()
    return given
  }

  #turns(guests: readonly HostileGuest[], one: Case): void {
    const errands = one.steps.filter((step) => LAUNCHERS.includes(step[0]))
    for (let turn = 0; turn < TURNS && guests.some((guest) => guest.dead === null); turn++) {
      for (const guest of guests) this.#read(guest)
      this.good.turn()
      if (guests[0].underWay && errands.length > 0) runErrand(guests[0], errands.shift()!)
    }
  }

  /** One read, within its bounds. */
  #read(guest: HostileGuest): void {
    const { cpu } = this.host
    const units = () => spentBy(guest.task)
    const [instructions, before, began] = [cpu.instructions, units(), this.#clock()]
    this.#looking = 0
    const result = guest.file.read(new Uint8Array(256), guest.task)
    const took = this.#clock() - began - this.#looking
    this.#slow = Math.max(this.#slow, took > MOST_TIME ? took : 0)
    const ran = cpu.instructions - instructions
    object('bounds', ran <= MOST_INSTRUCTIONS, () => `a read of ${ran} instructions`)
    object('bounds', units() - before <= MOST_UNITS, () => `a read of ${units() - before} units`)
    if (result.kind === 'halted') guest.file.lg!.cpu.halted = false
    if (result.kind === 'bytes' && guest.dead === null) answer(guest)
  }

  /** Milliseconds: on the wall, or if nobody looks, of this process. That is exact, and dear. */
  #clock(): number {
    if (this.#looks.length > 0) return performance.now()
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  }

  /** A Guest was left: the processor and the state page, and at times more. */
  #left(cpu: LgCpu): void {
    this.#processor.afterExit(cpu)
    if (cpu.lg.task.name === 'good' || this.#looks.length === 0) return
    const began = performance.now()
    this.#state.examine(cpu)
    if (this.#looks.includes(this.#entries++)) this.#look()
    this.#looking += performance.now() - began
  }

  #look(): void {
    this.#shadows.examine((frame) => this.#holders(frame))
    examineTlb(this.host.cpu.core)
  }

  /** How many hold a frame, apart from shadows: its Launchers, the Host. */
  #holders(frame: number): number {
    if (frame !== this.#shared.frame) return 1
    const sharers = this.host.guests.filter((lg) => lg?.mm.identity(lg.task.name === 'good' ? SHARED_PAGE : SHARED)?.owner === this.#shared.file)
    return 1 + sharers.length
  }

  #examine(): void {
    this.good.turn()
    this.#state.examine(this.host.lastCpu ?? this.good.file.lg!.cpu)
    this.#look()
    this.good.examine()
  }
}

function spentBy({ account: { spent } }: Task): number {
  return spent.guest + spent.host + spent.launcher
}

/** Steps that the Launcher performs. */
const LAUNCHERS: readonly Step[0][] = ['irq', 'break', 'getdma', 'change']

function runErrand(guest: HostileGuest, errand: Step): void {
  if (guest.dead !== null) return
  const { file, task, mm } = guest
  switch (errand[0]) {
    case 'irq': file.write(Uint32Array.of(2, errand[1]), task); break
    case 'break': file.write(Uint32Array.of(3, errand[1]), task); break
    case 'getdma': file.write(Uint32Array.of(1, errand[1]), task); break
    case 'change':
      if (mm.mapped(errand[1] & ~3, 4)) mm.write32((errand[1] & ~3) >>> 0, errand[2])
  }
}

/** The Launcher has been told of an output: it goes on. */
function answer(guest: HostileGuest): void {
  guest.file.write(Uint32Array.of(3, 0), guest.task)
}
