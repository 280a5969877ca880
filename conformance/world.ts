/**
 * The little system that every random instruction runs in, the same on all
 * machines: 64 KiB of data at 0 (page 8 missing, page 12 read-only), code at
 * 1 MiB, tables at 2 MiB. Descriptors are those that a Linux program can
 * have, because this machine's own processor runs under one.
 */
export const DATA_SIZE = 0x10000
export const CODE = 0x100000
export const CODE_SIZE = 0x10000
export const SYSTEM = 0x200000
export const SYSTEM_SIZE = 0x10000
export const GDT = SYSTEM
export const LDT = SYSTEM + 0x1000
export const IDT = SYSTEM + 0x2000
export const TSS = SYSTEM + 0x3000
export const DIRECTORY = SYSTEM + 0x4000
export const TABLE = SYSTEM + 0x5000
/** Top of ring 0's stack. */
export const STACK0 = SYSTEM + 0x8000
/** Code of ours that puts a case together on other machines. */
export const STUB = SYSTEM + 0x9000
export const GDT_LIMIT = 0x7f
/** Its limit is a number that Linux chooses; here it is 0. */
export const CPU_NUMBER = 0x78
export const MISSING = 0x8000
export const READ_ONLY = 0xc000

/** Selectors of ring 3 and of ring 0. */
export const USER_CODE = 0x23
export const USER_DATA = 0x2b
export const FS_SELECTOR = 0x6b
export const GS_SELECTOR = 0x73
export const KERNEL_CODE = 0x08
export const KERNEL_DATA = 0x18
export const LDT_SELECTOR = 0x40
export const TSS_SELECTOR = 0x48
export const FS_BASE = 0x300
export const GS_BASE = 0x500

/** A descriptor as Linux's modify_ldt takes it. */
export interface LocalDescriptor {
  base: number
  limit: number
  wide: boolean
  /** 0 data, 1 expand-down, 2 code, 3 conforming code. */
  contents: number
  /** Not writable, or code that cannot be read. */
  less: boolean
  pages: boolean
  missing: boolean
}

function local(base: number, limit: number, what: string): LocalDescriptor {
  return {
    base, limit, wide: !what.includes('16'), less: what.includes('less'),
    contents: ['data', 'down', 'code', 'conforming']
      .findIndex((w) => what.includes(w)),
    pages: what.includes('pages'), missing: what.includes('missing'),
  }
}

export const LOCALS: readonly LocalDescriptor[] = [
  local(0x1000, 0xfff, 'data'),
  local(0, 0xffff, 'data less'),
  local(0x2000, 0x7ff, 'down'),
  local(0x2000, 0x7ff, 'down 16'),
  local(0, 0xffff, 'data 16'),
  local(0, 0xfffff, 'code pages'),
  local(0, 0xfffff, 'code less pages'),
  local(CODE, 0xffff, 'code'),
  local(CODE, 0xffff, 'code 16'),
  local(0, 0xffff, 'data missing'),
  local(0, 0xffff, 'conforming missing'),
  local(0, 0xfffff, 'data pages'),
  local(CODE, 0x7fff, 'code less'),
  local(0, 0xf, 'down pages'),
]
/** The selector of local descriptor `i`. */
export const localSelector = (i: number) => i * 8 + 7
export const CODE_AT_CODE = localSelector(7)
export const CODE_16 = localSelector(8)
export const STACK_16 = localSelector(4)

/** What modify_ldt wants: entry, base, limit, flags. */
export function userDescriptors(): Uint32Array {
  return Uint32Array.from(LOCALS.flatMap((d, i) => [i, d.base, d.limit,
    (d.wide ? 1 : 0) | (d.contents << 1) | (d.less ? 8 : 0)
    | (d.pages ? 16 : 0) | (d.missing ? 32 : 0) | 64]))
}

/** The bit that means nothing; Linux sets it for `useable`. */
const AVAILABLE = 0x1000

/** Low and high word of a descriptor. */
function descriptor(base: number, limit: number, flags: number) {
  return [(base << 16) | (limit & 0xffff),
    (base & 0xff000000) | (limit & 0xf0000) | (flags << 8)
    | ((base >>> 16) & 0xff)]
}

function localWords(d: LocalDescriptor): number[] {
  const type = (d.less ? 0 : 2) | (d.contents << 2) | 1
  return descriptor(d.base, d.limit, type | 0x70 | (d.missing ? 0 : 0x80)
    | (d.wide ? 0x4000 : 0) | (d.pages ? 0x8000 : 0) | AVAILABLE)
}

const FLAT: [number, number][] = [
  [KERNEL_CODE, 0xc09b], [0x10, 0xc09b], [KERNEL_DATA, 0xc093],
  [USER_CODE & ~7, 0xc0fb], [USER_DATA & ~7, 0xc0f3],
  // Linux's 64-bit code, its C library's thread, and where it keeps a
  // processor's number as a limit
  [0x30, 0xa0fb], [0x60, 0xc0f3 | AVAILABLE], [CPU_NUMBER, 0x40f5],
]

/** The tables, as bytes from SYSTEM on. */
export function systemImage(): Uint8Array {
  const words = new Uint32Array(SYSTEM_SIZE / 4)
  const put = (at: number, list: number[]) =>
    words.set(list.map((w) => w >>> 0), (at - SYSTEM) >> 2)
  for (const [selector, flags] of FLAT) {
    const limit = selector === CPU_NUMBER ? 0 : 0xfffff
    put(GDT + selector, descriptor(0, limit, flags))
  }
  put(GDT + (FS_SELECTOR & ~7), descriptor(FS_BASE, 0xfffff, 0xc0f3 | AVAILABLE))
  put(GDT + (GS_SELECTOR & ~7), descriptor(GS_BASE, 0xfffff, 0xc0f3 | AVAILABLE))
  put(GDT + LDT_SELECTOR, descriptor(LDT, LOCALS.length * 8 - 1, 0x82))
  put(GDT + TSS_SELECTOR, descriptor(TSS, 0x67, 0x89))
  LOCALS.forEach((d, i) => put(LDT + i * 8, localWords(d)))
  putGates(put)
  put(TSS + 4, [STACK0, KERNEL_DATA])
  put(TSS + 0x64, [0x680000])
  putPages(put)
  return new Uint8Array(words.buffer)
}

/** Handlers are never run: whoever reaches one is stopped there. */
function putGates(put: (at: number, list: number[]) => void): void {
  for (let vector = 0; vector < 256; vector++) {
    const open = vector === 3 || vector === 4 || vector === 0x80
    put(IDT + vector * 8, [(KERNEL_CODE << 16) | ((STUB + vector) & 0xffff),
      ((STUB + vector) & 0xffff0000) | (open ? 0xee00 : 0x8e00)])
  }
}

const PRESENT = 1, WRITABLE = 2, USER = 4, ACCESSED = 0x20, DIRTY = 0x40

function putPages(put: (at: number, list: number[]) => void): void {
  const all = PRESENT | WRITABLE | USER | ACCESSED | DIRTY
  put(DIRECTORY, [TABLE | all])
  for (let page = 0; page < 0x210; page++) {
    const at = page << 12
    const flags = at === MISSING ? 0
      : at === READ_ONLY ? all & ~WRITABLE
      : at < DATA_SIZE || (at >= CODE && at < CODE + CODE_SIZE) ? all
      : at >= SYSTEM ? all & ~USER : 0
    if (flags !== 0) put(TABLE + page * 4, [at | flags])
  }
}

export interface Poke { address: number, value: number }
