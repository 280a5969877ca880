/** What the processor remembers of the tables is what the tables say. */
import {
  CONTEXTS, CONTEXT_COUNT, CONTEXT_WORDS, RAM_BASE, TLBS, TLB_ENTRIES, TLB_HALF,
} from '../../generated/emulator/state/state.ts'
import type { Core } from '../../generated/emulator/state/state.ts'
import { Finding, hex } from '../finding.ts'

const READ = 0, WRITE = 1, ADDEND = 2, FETCH = 3
const GUARDED = 0x800
const P = 1, RW = 2, USER = 4, DIRTY = 0x40
/** A context's key: its directory, and in the low bits the format. */
const PAGED = 1, WIDE = 2
const SUPERVISOR_FILLED = 3

/** Compares every remembered translation with a walk of our own. */
export function examineTlb(core: Core): void {
  for (let context = 0; context < CONTEXT_COUNT; context++) {
    const record = CONTEXTS + context * CONTEXT_WORDS
    const key = core.i32[record]
    if ((key & PAGED) === 0) continue
    for (let half = 0; half < 2; half++) {
      if (core.i32[record + SUPERVISOR_FILLED + half] === 0) continue
      examineHalf(core, key, TLBS + (context * 2 + half) * TLB_HALF, half === 1)
    }
  }
}

function examineHalf(core: Core, key: number, from: number, user: boolean): void {
  const { i32 } = core
  for (let i = 0, e = from; i < TLB_ENTRIES; i++, e += 4) {
    const reads = (i32[e + READ] & 0xfff) === 0
    const writes = (i32[e + WRITE] & 0xfff & ~GUARDED) === 0
    const fetches = (i32[e + FETCH] & 0xfff) === 0
    if (!reads && !writes && !fetches) continue
    const page = (reads ? i32[e + READ] : writes ? i32[e + WRITE] & ~GUARDED : i32[e + FETCH]) >>> 0
    const found = walk(core, key, page)
    const frame = (i32[e + ADDEND] + page - RAM_BASE) >>> 0
    const right = found.frame === frame && (!user || (found.rights & USER) !== 0)
      && (!writes || (found.rights & RW) !== 0 && found.dirty)
    if (right) continue
    throw new Finding('TLB', `${hex(page)} in ${hex(key)} is remembered as ${hex(frame)}${writes ? ', writable' : ''}`
      + `${user ? ', for ring 3' : ''}; the tables say ${hex(found.frame)}, rights ${found.rights}`)
  }
}

interface Walked { frame: number; rights: number; dirty: boolean }
const NOTHING: Walked = { frame: 0xffffffff, rights: 0, dirty: false }
const table = (entry: number) => (entry & ~0xfff) >>> 0

function walk(core: Core, key: number, va: number): Walked {
  const read = (pa: number) => core.i32[(RAM_BASE + pa) >> 2]
  const wide = (key & WIDE) !== 0
  let entry = wide ? read((key & ~0x1f) + (va >>> 30) * 8) : read((key & ~0xfff) + (va >>> 22) * 4)
  if ((entry & P) === 0) return NOTHING
  let rights = wide ? RW | USER : entry
  if (wide) {
    entry = read(table(entry) + (va >>> 21 & 511) * 8)
    if ((entry & P) === 0) return NOTHING
    rights &= entry
  }
  const leaf = read(table(entry) + (wide ? (va >>> 12 & 511) * 8 : (va >>> 12 & 1023) * 4))
  if ((leaf & P) === 0) return NOTHING
  return { frame: table(leaf), rights: rights & leaf, dirty: (leaf & DIRTY) !== 0 }
}
