/** What is nobody's stays as it was left, and the Host's own is the Host's. */
import type { Host } from '../../generated/host/host.ts'
import { Finding, hex, object } from '../finding.ts'

const JUNK = 0x6b6b6b6b
const WORDS = 1024
/** Accessed and dirty: the processor sets them in the Host's own tables. */
const MARKS = 0x60
/** Where the Host's page of tables begins to count interrupts. */
const COUNTERS = 3072 / 4

export class MemoryOracle {
  readonly #host: Host
  readonly #words: Int32Array
  /** Frames that the Host keeps, as they were; from frame 1 on. */
  readonly #own: Int32Array
  readonly #skip: ReadonlySet<number>
  readonly #tables: number
  readonly #last: number
  readonly #kept: number

  /**
   * @param kept how many frames the Host had taken before any Guest came
   * @param lively those that change by themselves
   * @param tables where its page of descriptor tables is
   */
  constructor(host: Host, kept: number, lively: readonly number[], tables: number) {
    this.#host = host
    this.#words = host.physical.words
    this.#kept = kept
    this.#own = this.#words.slice(WORDS, (kept + 1) * WORDS)
    this.#skip = new Set(lively)
    this.#tables = tables
    this.#last = host.frames.capacity
  }

  /** Have strangers written to frames of the Host, or to free ones? */
  examine(): void {
    for (let frame = 1; frame <= this.#kept; frame++) {
      if (!this.#skip.has(frame * 4096)) this.#asBefore(frame)
    }
    for (let frame = this.#kept + 1; frame <= this.#last; frame++) {
      if (this.#host.frames.count(frame * 4096) > 0) continue
      const first = this.#words[frame * WORDS]
      if (!this.#free(frame, first)) throw new Finding('memory', `free frame ${hex(frame * 4096)} was written`)
      if (first === 0) break
    }
  }

  #asBefore(frame: number): void {
    const end = frame * 4096 === this.#tables ? COUNTERS : WORDS
    for (let i = 0; i < end; i++) {
      const now = this.#words[frame * WORDS + i]
      const before = this.#own[(frame - 1) * WORDS + i]
      if (now === before || ((now ^ before) & ~MARKS) === 0) continue
      throw new Finding('memory', `the Host's ${hex(frame * 4096 + i * 4)} is ${hex(now)}, was ${hex(before)}`)
    }
  }

  /** Free frames hold junk, or nothing if they were never used. */
  #free(frame: number, first: number): boolean {
    if (first !== JUNK && first !== 0) return false
    const from = frame * WORDS
    for (let i = 1; i < WORDS; i++) {
      if (this.#words[from + i] !== first) return false
    }
    return true
  }

  /** All hostile Guests are gone: their frames are back. */
  allBack(before: number): void {
    object('pool', this.#host.frames.inUse === before,
      () => `${this.#host.frames.inUse} frames in use, ${before} before`)
  }
}
