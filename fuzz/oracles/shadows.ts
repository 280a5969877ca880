/** Every shadow entry is legal, every frame is counted. */
import { SWITCHER_ADDR } from '../../generated/abi/common.ts'
import type { Host } from '../../generated/host/host.ts'
import type { Lguest, ShadowSlot } from '../../generated/host/lg.ts'
import { hex, object } from '../finding.ts'

const P = 1, RW = 2, USER = 4, DIRTY = 0x40, PSE = 0x80, GLOBAL = 0x100
/** What a directory entry may carry besides an address. */
const UPPER_FLAGS = 0x67
const WIDE_TOP_FLAGS = 1
const frameOf = (entry: number) => (entry & ~0xfff) >>> 0

interface Shape { readonly entries: number; readonly words: number; readonly shift: number; readonly flags: number }
const TWO: readonly Shape[] = [
  { entries: 1024, words: 1, shift: 22, flags: UPPER_FLAGS }, { entries: 1024, words: 1, shift: 12, flags: 0xfff },
]
const PAE: readonly Shape[] = [
  { entries: 4, words: 2, shift: 30, flags: WIDE_TOP_FLAGS }, { entries: 512, words: 2, shift: 21, flags: UPPER_FLAGS },
  { entries: 512, words: 2, shift: 12, flags: 0xfff },
]

/** Walks the shadows of all Guests; throws what it finds. */
export class ShadowOracle {
  readonly #host: Host
  readonly #words: Int32Array
  /** How often shadows refer to each frame. */
  readonly #seen = new Map<number, number>()
  #tables = 0

  constructor(host: Host) {
    this.#host = host
    this.#words = host.physical.words
  }

  /**
   * @param pages of each Guest's memory: whose frames those are
   * @param holders how many hold a frame beside the shadows
   */
  examine(holders: (frame: number) => number): void {
    this.#seen.clear()
    for (const lg of this.#host.guests) {
      if (lg !== null) this.#guest(lg)
    }
    for (const [frame, times] of this.#seen) {
      const count = this.#host.frames.count(frame)
      object('shadows', count === times + holders(frame),
        () => `frame ${hex(frame)} has ${count} holders, ${times} of them shadows`)
    }
  }

  #guest(lg: Lguest): void {
    this.#tables = 0
    for (const slot of lg.pgdirs) {
      if (slot.pgdir === 0) continue
      this.#tables++
      this.#table(lg, slot, slot.pgdir, 0, 0, 7)
    }
    object('shadows', this.#tables === lg.shadows.held,
      () => `${this.#tables} tables, ${lg.shadows.held} on the books of Guest ${lg.id}`)
  }

  #table(lg: Lguest, slot: ShadowSlot, table: number, level: number, va: number, above: number): void {
    const shapes = lg.pae ? PAE : TWO
    const { entries, words, shift, flags } = shapes[level]
    const leaf = level === shapes.length - 1
    for (let i = 0, at = table >>> 2; i < entries; i++, at += words) {
      const entry = this.#words[at]
      const upper = words === 2 ? this.#words[at + 1] : 0
      if (entry === 0 && upper === 0) continue
      const here = (va + i * 2 ** shift) >>> 0
      object('shadows', upper === 0 && (entry & P) !== 0 && (entry & 0xfff & ~flags) === 0,
        () => `entry ${hex(upper)} ${hex(entry)} for ${hex(here)}, level ${level}`)
      if (leaf) {
        this.#leaf(lg, here, entry, above)
        continue
      }
      this.#tables++
      object('shadows', this.#host.frames.count(frameOf(entry)) === 1, () => `table ${hex(entry)} is shared`)
      this.#table(lg, slot, frameOf(entry), level + 1, here, level === 0 && lg.pae ? above : above & entry)
    }
  }

  #leaf(lg: Lguest, va: number, entry: number, above: number): void {
    const frame = frameOf(entry)
    const told = () => `${hex(va)} of Guest ${lg.id} leads to ${hex(entry)}`
    this.#seen.set(frame, (this.#seen.get(frame) ?? 0) + 1)
    if (va >= SWITCHER_ADDR) return object('shadows', this.#ours(lg, va, entry, above), told)
    object('shadows', (entry & (PSE | GLOBAL)) === 0 && ((entry & RW) === 0 || (entry & DIRTY) !== 0), told)
    object('shadows', belongsTo(lg, frame), told)
  }

  /** The Switcher's pages, for supervisors; only the registers writable. */
  #ours(lg: Lguest, va: number, entry: number, above: number): boolean {
    const { switcherText, statePage } = this.#host
    const page = (va - SWITCHER_ADDR) / 4096
    const frames = [...switcherText, lg.cpu.regsFrame, statePage]
    const writable = page === switcherText.length
    return (entry & above & USER) === 0 && frameOf(entry) === frames[page] && (writable || (entry & RW) === 0)
  }
}

/** Is the frame behind one of the pages that the Guest may touch? */
function belongsTo(lg: Lguest, frame: number): boolean {
  const first = lg.mm.frameOf(lg.mm.base >>> 12, false)
  const index = (frame - first) / 4096
  if (index >= 0 && index < lg.pfnLimit && lg.mm.frameOf((lg.mm.base >>> 12) + index, false) === frame) return true
  for (let page = 0; page < lg.pfnLimit; page++) {
    if (lg.mm.frameOf((lg.mm.base >>> 12) + page, false) === frame) return true
  }
  return false
}
