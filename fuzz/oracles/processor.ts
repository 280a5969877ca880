/** After every exit the processor is the Host's again, wholly. */
import { tss } from '../../generated/switcher/layout.ts'
import type { Host } from '../../generated/host/host.ts'
import type { LgCpu } from '../../generated/host/lg.ts'
import { FIRST_EXTERNAL_VECTOR } from '../../generated/abi/common.ts'
import { SLICE_VECTOR } from '../../generated/host/core.ts'
import { CR0, CR3, DR7, IDT_BASE, GDT_BASE, LDTR, PENDING, SEG, SEG_SELECTOR, SEG_BASE, TIMER_VECTOR, TR }
  from '../../generated/emulator/state/state.ts'
import { Finding, hex, object } from '../finding.ts'

const TASK_SWITCHED = 8
/** ES CS DS FS GS: the Switcher leaves its own stack segment, as flat as ours. */
const SEGMENTS = [0, 1, 3, 4, 5]
const ONLY_WHILE_RUNNING = 0x23000
const IF = 0x200
const NEVER_ENTERED = 256

/** A word of the processor's state that does not change. */
interface Kept { readonly what: string; readonly at: number; readonly value: number; readonly mask: number }

export class ProcessorOracle {
  readonly #host: Host
  readonly #words: Int32Array
  readonly #rest: readonly Kept[]
  /** Had the timer rung already when the Guest was entered? */
  #waited = false

  /** Remembers the processor as it is: at rest, in the Host. */
  constructor(host: Host) {
    this.#host = host
    this.#words = host.cpu.core.i32
    const word = (what: string, at: number, mask = -1): Kept =>
      ({ what, at, value: this.#words[at] & mask, mask })
    const segments = SEGMENTS.map((i) => [
      word(`selector of segment ${i}`, SEG + i * 8 + SEG_SELECTOR),
      word(`base of segment ${i}`, SEG + i * 8 + SEG_BASE),
    ]).flat()
    this.#rest = [
      ...segments, word('TR', SEG + TR * 8 + SEG_SELECTOR), word('its base', SEG + TR * 8 + SEG_BASE),
      word('LDTR', SEG + LDTR * 8 + SEG_SELECTOR), word('GDTR', GDT_BASE), word('IDTR', IDT_BASE),
      word('DR7', DR7), word('CR0', CR0, ~TASK_SWITCHED),
    ]
  }

  /** Where the Host's own stack and tables are, host-physical. */
  get places(): { stack: number; tables: number } {
    const { base } = this.#host.cpu.segment(TR)
    return { stack: this.#host.physical.read32(base + tss.esp0) - 4096, tables: this.#host.cpu.idtr.base }
  }

  /** The Guest has just been left. */
  afterExit(cpu: LgCpu): void {
    const { cpu: processor, pageDirectory, pageDirectoryPae } = this.#host
    for (const { what, at, value, mask } of this.#rest) {
      if ((this.#words[at] & mask) === value) continue
      throw new Finding('processor', `${what} is ${hex(this.#words[at])}, not ${hex(value)}`)
    }
    const home = this.#words[CR3] >>> 0
    object('processor', processor.cpl === 0, () => `ring ${processor.cpl} in the Host`)
    object('processor', home === pageDirectory || home === pageDirectoryPae, () => `CR3 is ${hex(home)}`)
    object('processor', (processor.eflags & IF) === 0, () => 'interrupts are on in the Host')
    this.#record(cpu)
  }

  /** The only device there is: the timer, which is off once it rang, unless it rang before and was set again. */
  #rang(trap: number): boolean {
    return trap === SLICE_VECTOR && (this.#words[TIMER_VECTOR] === 0 || this.#waited)
  }

  /** A Guest is about to be entered. */
  beforeEntry(): void {
    this.#waited = (this.#words[PENDING + (SLICE_VECTOR >>> 5)] >>> (SLICE_VECTOR & 31) & 1) !== 0
  }

  /** What the Switcher saved is of ring 1 to 3, and can be interrupted. */
  #record(cpu: LgCpu): void {
    if (cpu.reg('trapnum') === NEVER_ENTERED || cpu.lg.dead !== null) return
    const trap = cpu.reg('trapnum')
    object('processor', trap < FIRST_EXTERNAL_VECTOR || this.#host.syscallVectors.includes(trap) || this.#rang(trap),
      () => `interrupt ${trap} came, and no device of ours has sent it`)
    const flags = cpu.reg('eflags')
    object('processor', (cpu.reg('cs') & 3) !== 0, () => `the Guest ran in ring 0, at ${hex(cpu.reg('eip'))}`)
    object('processor', (flags & IF) !== 0, () => 'the Guest turned real interrupts off')
    object('processor', (flags & ONLY_WHILE_RUNNING) === 0, () => `the Guest ran with EFLAGS ${hex(flags)}`)
  }
}
