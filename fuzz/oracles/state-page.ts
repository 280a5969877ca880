/** The page that Switcher and Guests look at: nothing in it but what may be. */
import { IDT_ENTRIES, KERNEL_CS, SYSCALL_VECTOR } from '../../generated/abi/common.ts'
import type { Host } from '../../generated/host/host.ts'
import type { LgCpu } from '../../generated/host/lg.ts'
import { lguestState, tss } from '../../generated/switcher/layout.ts'
import { hex, object } from '../finding.ts'

const WORDS = 1024
const IDT = lguestState.guestIdt >>> 2
const GDT = lguestState.guestGdt >>> 2
/** Entries of the Host: a Guest never sets these. */
const OUR_ENTRIES = [10, 11, 16, 31]
const GATE_DPL = 0x6000
const TRAP_TYPE = 0xf
const CODE_OR_DATA = 0x1000
const PRESENT = 0x8000

/** Words that the Switcher and the Host write on each entry. */
const LIVELY = [
  lguestState.hostCr3, lguestState.hostSp, lguestState.guestTss + tss.esp1, lguestState.guestTss + tss.ss1,
].map((at) => at >>> 2)

export class StatePageOracle {
  readonly #host: Host
  readonly #page: Int32Array
  readonly #bytes: Uint8Array
  readonly #fresh: Int32Array
  /** The page as it was when it was examined last, and with whom. */
  readonly #good = new Uint8Array(WORDS * 4)
  #passed: LgCpu | null = null

  /** Remembers the page as the Host has made it: no Guest has run. */
  constructor(host: Host) {
    this.#host = host
    this.#page = host.physical.words.subarray(host.statePage >>> 2, (host.statePage >>> 2) + WORDS)
    this.#bytes = new Uint8Array(this.#page.buffer, this.#page.byteOffset, WORDS * 4)
    this.#fresh = this.#page.slice()
  }

  /** The page, with the Guest that was just left in it. One that was good for this Guest is not looked at again, unless asked. */
  examine(cpu: LgCpu, again = false): void {
    const same = this.#passed === cpu && Buffer.compare(this.#bytes, this.#good) === 0
    if (same && !again) return
    this.#all(cpu)
    this.#passed = cpu
    this.#good.set(this.#bytes)
  }

  #all(cpu: LgCpu): void {
    const page = this.#page
    for (let i = 0; i < IDT; i++) {
      if (!LIVELY.includes(i)) this.#asEver(i)
    }
    for (let vector = 0; vector < IDT_ENTRIES; vector++) this.#gate(cpu, vector)
    for (let entry = 0; entry < 32; entry++) this.#descriptor(cpu, entry)
    for (let i = GDT + 64; i < WORDS; i++) this.#asEver(i)
    object('state page', (page[LIVELY[3]] & 3) === 1 || page[LIVELY[3]] === 0, () => `SS1 is ${hex(page[LIVELY[3]])}`)
    const home = page[0] >>> 0
    const { pageDirectory, pageDirectoryPae } = this.#host
    object('state page', home === pageDirectory || home === pageDirectoryPae, () => `host CR3 is ${hex(home)}`)
  }

  #asEver(i: number): void {
    object('state page', this.#page[i] === this.#fresh[i],
      () => `word ${hex(i * 4)} is ${hex(this.#page[i])}, was ${hex(this.#fresh[i])}`)
  }

  /** To the Switcher's own stub, or straight into ring 1. */
  #gate(cpu: LgCpu, vector: number): void {
    const at = IDT + vector * 2
    const [low, high] = [this.#page[at], this.#page[at + 1]]
    if (low === this.#fresh[at] && (high & ~GATE_DPL) === (this.#fresh[at + 1] & ~GATE_DPL)) {
      const dpl = (high & GATE_DPL) >>> 13
      object('state page', vector < 32 || vector === SYSCALL_VECTOR || dpl === 0, () => `gate ${vector} is for ring ${dpl}`)
      return
    }
    const never = cpu.lg.era.traps.neverDirect.includes(vector)
    const direct = vector === SYSCALL_VECTOR || vector < 32 && !never
    const legal = direct && low >>> 16 === KERNEL_CS && (high >>> 8 & 0x1f) === TRAP_TYPE
    object('state page', legal, () => `gate ${vector} is ${hex(high)} ${hex(low)}`)
  }

  /** Ours as ever; theirs empty, or code or data of rings 1 to 3. */
  #descriptor(cpu: LgCpu, entry: number): void {
    const at = GDT + entry * 2
    const high = this.#page[at + 1]
    if (OUR_ENTRIES.includes(entry)) {
      this.#asEver(at)
      return this.#asEver(at + 1)
    }
    const legal = high === 0 || (high & CODE_OR_DATA) !== 0 && ((high & GATE_DPL) !== 0 || (high & PRESENT) === 0)
    object('state page', legal, () => `descriptor ${entry} is ${hex(high)}`)
    if (cpu.changed !== 0 || this.#host.lastCpu !== cpu) return
    object('state page', high === (cpu.gdt[entry * 2 + 1] | 0), () => `descriptor ${entry} is not the Guest's`)
  }
}
