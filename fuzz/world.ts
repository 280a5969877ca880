/**
 * One Host with a good Guest in it, in which hostile Guests live one after
 * the other, each for a few turns. Every oracle is asked about each.
 */
import { LHREQ_BREAK } from '../generated/abi/common.ts'
import { Machine } from '../generated/emulator/index.ts'
import type { Engine } from '../generated/emulator/index.ts'
import { InstructionClock } from '../generated/host/clock.ts'
import { Host } from '../generated/host/host.ts'
import type { LgCpu } from '../generated/host/lg.ts'
import type { ReadResult } from '../generated/host/lguest-user.ts'
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

/** Units in a slice: few, so that a case has many. */
const SLICE = 6000
/** Instructions in a read beyond a slice: and the rest of a repetition that has been begun. */
const MORE_INSTRUCTIONS = 2000
/**
 * Units of work in a read beyond it. A slice is over once it is used up, but what is
 * under way then is finished: the dearest hypercall, and the door; or a piece of the
 * Launcher's work, if that is dearer.
 */
const MORE_WORK = 4000
/** Units of toil beside it, which end a slice as well: so there is one dear act more, a page of code forgotten. */
const MORE_TOIL = 6000
/**
 * The same where code is translated. A region that is begun before the end is
 * printed and compiled whole, ten units a byte (E:885), and the longest have
 * 200 instructions (E:865); 517,000 units were seen. That is a debt: its
 * Guest pays with turns, so the bound is for the one read.
 */
const MORE_TOIL_TRANSLATED = 1_000_000
/** Milliseconds in a read. */
const MOST_TIME = 20
const TURNS = 10
/** The good one has every third of them, and shorter ones: time for two rounds of its loop. */
const GOOD_TURNS = 3
const GOOD_SLICE = 1500
const INSTRUCTIONS_A_MICROSECOND = 100
/** Reads in a turn of a Guest with devices: each access is one. */
const READS = 40
/** Entries after which the shadows are looked at, in each case; the first dozen are its birth. */
const LOOKS = [1, 13, 22, 50]

/** How a case ended. */
export interface Outcome {
  /** Why the hostile Guest died; null if it lived. */
  readonly dead: string | null
  /** Milliseconds of the longest read that took longer than it may; 0 if none did, or if others had the processor meanwhile. */
  readonly slow: number
}

/** What became of two Guests that took turns. */
export interface Shared {
  readonly dead: string | number | null
  /** What either was given, in instructions' worth. */
  readonly good: number
  readonly hostile: number
  /** Milliseconds of the processor's that the good one waited for each of its turns. */
  readonly waits: readonly number[]
  /** What the hostile one took, at most: shadow frames, arrays, units of debt. */
  readonly frames: number
  readonly bound: number
  readonly owed: number
}

export class World {
  readonly host: Host
  readonly good: GoodGuest
  readonly #shared: { frame: number; file: object }
  readonly #mostToil: number
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

  /**
   * Toil is paid for, as when people run Guests, but time is counted in
   * instructions, so that a case can be run again.
   */
  constructor(engine: Engine = 'translated', megabytes = 20, slice = SLICE) {
    const machine = new Machine({
      ramBytes: megabytes << 20, retainContexts: true, engine, now: () => machine.cpu.instructions / INSTRUCTIONS_A_MICROSECOND,
    })
    this.#mostToil = engine === 'interpreted' ? SLICE + MORE_TOIL : MORE_TOIL_TRANSLATED
    const random = new Random(1)
    this.host = new Host(machine, {
      clock: new InstructionClock(machine.cpu), slice, random: () => random.below(1000) / 1000,
      observer: {
        entering: () => { this.#processor.beforeEntry() }, left: (cpu) => this.#left(cpu), trap: () => {}, hypercall: () => {}, interrupt: () => {},
      },
    })
    const kept = this.host.frames.inUse
    this.#processor = new ProcessorOracle(this.host)
    this.#state = new StatePageOracle(this.host)
    this.#shadows = new ShadowOracle(this.host)
    const frame = this.host.frames.allocRun(1)
    this.#shared = { frame, file: {} }
    this.good = new GoodGuest(this.host, this.#shared)
    this.good.task.account.slice = GOOD_SLICE
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
    const began = processorTime()
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
    const slow = this.#slow > 0 && processorTime() - began > MOST_TIME ? this.#slow : 0
    return { dead: dead === null ? null : String(dead), slow }
  }

  /** Lets a hostile Guest and the good one take turns, as Launchers do. */
  share(one: Case, turns: number): Shared {
    const guest = new HostileGuest(this.host, one, one.steps, this.#shared)
    this.good.task.account.slice = guest.task.account.slice
    const before = spentBy(this.good.task)
    const waits: number[] = []
    for (let turn = 0; turn < turns && guest.dead === null; turn++) {
      const began = processorTime()
      this.#wholeTurn(guest)
      waits.push(processorTime() - began)
      this.good.turn()
    }
    const { dead, task, file: { lg } } = guest
    const shared = { dead, good: spentBy(this.good.task) - before, hostile: spentBy(task), waits,
      frames: lg!.shadows.most, bound: lg!.mostBound, owed: task.account.owed }
    guest.close()
    return shared
  }

  /** Until it asks for the next turn, or has nothing left to pay with. */
  #wholeTurn(guest: HostileGuest): void {
    const { task: { account }, server } = guest
    if (server?.busy === true) account.renew()
    while (guest.dead === null && !(server?.busy === true && account.exhausted)) {
      if (this.#read(guest) !== 'bytes') return
    }
  }

  #turns(guests: readonly HostileGuest[], one: Case): void {
    const errands = one.steps.filter((step) => LAUNCHERS.includes(step[0]))
    for (let turn = 0; turn < TURNS && guests.some((guest) => guest.dead === null); turn++) {
      for (const guest of guests) this.#turn(guest)
      if (turn % GOOD_TURNS === 0) this.good.goOn()
      if (guests[0].underWay && errands.length > 0) runErrand(guests[0], errands.shift()!)
    }
  }

  /** One turn, once its debts are paid; with devices as many reads as it can pay. */
  #turn(guest: HostileGuest): void {
    const { account } = guest.task
    while (account.exhausted && account.turns > 0) account.renew()
    for (let reads = guest.server === null ? 1 : READS; reads > 0 && guest.dead === null; reads--) {
      const before = this.#meter(guest.task)
      const kind = this.#read(guest)
      this.#withinBounds(before, this.#meter(guest.task), guest.server?.piece ?? 0)
      if (kind === 'again' || account.exhausted) return
    }
  }

  /** One read, and what the Launcher does about it. */
  #read(guest: HostileGuest): ReadResult['kind'] {
    const { server, task } = guest
    const words = new Uint32Array(64)
    const began = this.#clock()
    this.#looking = 0
    if (server !== null) server.piece = 0
    if (server?.busy === true) {
      server.goOn()
      return 'bytes'
    }
    const result = guest.file.read(new Uint8Array(words.buffer), task)
    const took = this.#clock() - began - this.#looking
    this.#slow = Math.max(this.#slow, took > MOST_TIME ? took : 0)
    if (result.kind === 'halted') guest.file.lg!.cpu.halted = false
    if (guest.dead === null) answer(guest, result, words)
    return result.kind
  }

  #withinBounds(before: Meter, after: Meter, piece: number): void {
    const bound = (what: keyof Meter, most: number) => {
      const did = after[what] - before[what]
      object('bounds', did <= most, () => `a read of ${did} ${what}`)
    }
    bound('instructions', SLICE + MORE_INSTRUCTIONS)
    bound('work', SLICE + Math.max(MORE_WORK, piece))
    bound('toil', this.#mostToil)
  }

  #meter(task: Task): Meter {
    const { instructions, core: { toil } } = this.host.cpu
    return { instructions, toil, work: spentBy(task) - toil }
  }

  /** Milliseconds: on the wall, or if nobody looks, of this process. That is exact, and dear. */
  #clock(): number {
    return this.#looks.length > 0 ? performance.now() : processorTime()
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
    this.good.goOn()
    this.#state.examine(this.host.lastCpu ?? this.good.file.lg!.cpu, true)
    this.#look()
    this.good.examine()
  }
}

/** What the processor has done, and what a task has paid for besides toil. */
interface Meter { readonly instructions: number; readonly toil: number; readonly work: number }

/** Milliseconds that this process has used. */
function processorTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

function spentBy({ account: { spent } }: Task): number {
  return spent.guest + spent.host + spent.launcher
}

/** Steps that the Launcher performs. */
const LAUNCHERS: readonly Step[0][] = ['irq', 'break', 'getdma', 'change', 'scribble', 'arrive']

function runErrand(guest: HostileGuest, errand: Step): void {
  if (guest.dead !== null) return
  const { file, task, mm } = guest
  switch (errand[0]) {
    case 'irq': file.write(Uint32Array.of(2, errand[1]), task); break
    case 'break': file.write(Uint32Array.of(3, errand[1]), task); break
    case 'scribble': guest.server?.scribble(errand[1]); break
    case 'arrive': guest.server?.arrive('x'.repeat(errand[1] % 4096)); break
    case 'getdma': file.write(Uint32Array.of(1, errand[1]), task); break
    case 'change':
      if (mm.frameOf(errand[1] >>> 12, true) >= 0) mm.write32((errand[1] & ~3) >>> 0, errand[2])
  }
}

/** What the Launcher does about a read: it serves, or looks, and goes on. */
function answer({ file, task, server }: HostileGuest, result: ReadResult, words: Uint32Array): void {
  if (result.kind === 'bytes' && server !== null) server.begin(words, result.count)
  else if (result.kind === 'error' && server !== null) server.lookAtInput()
  else if (result.kind === 'bytes' || result.kind === 'error') file.write(BREAK_0, task)
}

const BREAK_0 = Uint32Array.of(LHREQ_BREAK, 0)
