import { describe, expect, it } from 'vitest'
import {
  CODE_HERE, CODE_MAP, CPL, CR0, CR0_PG, CR0_WP, CR2, CR3, CR4, CR4_PAE,
  CR4_PSE, Core, PDPTE, RAM_BASE,
} from '../../generated/emulator/state/state.ts'
import { FAULT } from '../../generated/emulator/state/fault.ts'
import {
  aimTlb, dropContext, flushAll, invalidate, invlpg, markCode, resetTlb,
  selectContext, unmarkCode,
} from '../../generated/emulator/memory/tlb.ts'
import { read32, write32, write8 } from '../../generated/emulator/memory/paging.ts'

const DIRECTORY = 0x1000
const TABLE = 0x2000
const OTHER = 0x3000
const OTHER_TABLE = 0x4000

function poke(c: Core, pa: number, v: number): void {
  c.i32[(RAM_BASE + pa) >> 2] = v
}

function peek(c: Core, pa: number): number {
  return c.u32[(RAM_BASE + pa) >> 2]
}

/** Two directories; page n of each maps frame n, or n ^ 1 in the other. */
function paged(retainContexts = false): Core {
  const c = new Core(1 << 20)
  c.retainContexts = retainContexts
  resetTlb(c)
  poke(c, DIRECTORY, TABLE | 7)
  poke(c, OTHER, OTHER_TABLE | 7)
  for (let n = 0; n < 256; n++) {
    poke(c, TABLE + n * 4, n * 4096 | 7)
    poke(c, OTHER_TABLE + n * 4, (n ^ 1) * 4096 | 7)
  }
  c.i32[CR0] = CR0_PG | 1 | CR0_WP
  load(c, DIRECTORY)
  return c
}

function load(c: Core, directory: number): void {
  c.i32[CR3] = directory
  selectContext(c)
}

function faultOf(act: () => unknown): number {
  try { act() } catch (e) {
    if (e !== FAULT) throw e
    return FAULT.code
  }
  return -1
}

describe('E:236 contexts', () => {
  it('forgets at each load of CR3 unless told otherwise', () => {
    const c = paged()
    poke(c, 0x10000, 0x1111)
    poke(c, 0x11000, 0x2222)
    expect(read32(c, 0x10000)).toBe(0x1111)
    load(c, OTHER)
    expect(read32(c, 0x10000)).toBe(0x2222)
    poke(c, TABLE + 0x10 * 4, 0x11007)
    load(c, DIRECTORY)
    expect(read32(c, 0x10000)).toBe(0x2222)
  })

  it('keeps what each directory knew, until told', () => {
    const c = paged(true)
    poke(c, 0x10000, 0x1111)
    poke(c, 0x11000, 0x2222)
    expect(read32(c, 0x10000)).toBe(0x1111)
    load(c, OTHER)
    poke(c, TABLE + 0x10 * 4, 0x11007)
    load(c, DIRECTORY)
    expect(read32(c, 0x10000)).toBe(0x1111)
    load(c, OTHER)
    invalidate(c, DIRECTORY, 0x10123)
    load(c, DIRECTORY)
    expect(read32(c, 0x10000)).toBe(0x2222)
    poke(c, TABLE + 0x10 * 4, 0x10007)
    dropContext(c, DIRECTORY)
    expect(read32(c, 0x10000)).toBe(0x1111)
  })

  it('serves more directories than it has records', () => {
    const c = paged(true)
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 100; n++) {
        poke(c, 0x20000 + n * 4096, OTHER_TABLE | 7)
        load(c, 0x20000 + n * 4096)
        expect(read32(c, 0x21000)).toBe(peek(c, 0x20000))
      }
    }
  })
})

describe('E:240 forgetting', () => {
  it('forgets one page on INVLPG, all on a flush', () => {
    const c = paged()
    read32(c, 0x10000)
    read32(c, 0x12000)
    poke(c, TABLE + 0x10 * 4, 0)
    poke(c, TABLE + 0x12 * 4, 0)
    invlpg(c, 0x10fff)
    expect(faultOf(() => read32(c, 0x10000))).toBe(0)
    expect(faultOf(() => read32(c, 0x12000))).toBe(-1)
    flushAll(c)
    expect(faultOf(() => read32(c, 0x12000))).toBe(0)
  })
})

describe('E:240 large pages and PAE', () => {
  it('forget a large page as a whole', () => {
    const c = paged()
    c.i32[CR4] = CR4_PSE
    poke(c, DIRECTORY + 4, 0x87)
    poke(c, 0x10000, 5)
    expect([read32(c, 0x410000), read32(c, 0x401000)])
      .toEqual([5, TABLE | 7])
    poke(c, DIRECTORY + 4, 0)
    invlpg(c, 0x7ff000)
    expect(faultOf(() => read32(c, 0x410000))).toBe(0)
    expect(faultOf(() => read32(c, 0x401000))).toBe(0)
  })

  it('keep directories of both formats apart, and both reachable', () => {
    const c = paged(true)
    poke(c, 0x10000, 0x1111)
    poke(c, 0x11000, 0x2222)
    expect(read32(c, 0x10000)).toBe(0x1111)
    // the same page, read as a directory in the wide format
    for (let n = 0; n < 8; n++) c.i32[PDPTE + n] = n === 0 ? 0x6001 : 0
    poke(c, 0x6000, 0x7007)
    for (let n = 0; n < 64; n++) {
      poke(c, 0x7000 + n * 8, (n ^ 1) * 4096 | 7)
    }
    c.i32[CR4] = CR4_PAE
    selectContext(c)
    expect(read32(c, 0x10000)).toBe(0x2222)
    poke(c, 0x7000 + 0x10 * 8, 0)
    poke(c, TABLE + 0x10 * 4, 0)
    expect(read32(c, 0x10000)).toBe(0x2222)
    invalidate(c, DIRECTORY, 0x10000)
    expect(faultOf(() => read32(c, 0x10000))).toBe(0)
    c.i32[CR4] = 0
    selectContext(c)
    expect(faultOf(() => read32(c, 0x10000))).toBe(0)
    expect(read32(c, 0x11000)).toBe(0x2222)
  })
})

describe('E:245 pages with decoded code', () => {
  it('tells of each write to a marked page before it happens', () => {
    const c = paged()
    const seen: number[][] = []
    c.codeWrite = (pa, size) => { seen.push([pa, size, peek(c, pa & ~3)]) }
    write32(c, 0x10000, 5)
    write32(c, 0x10004, 6)
    expect(seen).toEqual([])
    markCode(c, 0x10)
    write32(c, 0x10000, 7)
    write8(c, 0x10005, 7)
    expect(seen).toEqual([[0x10000, 4, 5], [0x10005, 1, 6]])
    expect(c.u8[CODE_MAP + 0x10]).toBe(CODE_HERE)
    unmarkCode(c, 0x10)
    write32(c, 0x10000, 8)
    write32(c, 0x10000, 9)
    expect(seen.length).toBe(2)
  })

  it('finds every writer: user, supervisor, other contexts, aliases', () => {
    const c = paged(true)
    let seen = 0
    c.codeWrite = () => { seen++ }
    poke(c, TABLE + 0x20 * 4, 0x10007)
    const everywhere = (): void => {
      for (const directory of [DIRECTORY, OTHER]) {
        load(c, directory)
        for (const cpl of [0, 3]) {
          c.i32[CPL] = cpl
          aimTlb(c)
          write32(c, directory === OTHER ? 0x11000 : 0x10000, 1)
          if (directory === DIRECTORY) write32(c, 0x20000, 1)
        }
      }
    }
    everywhere()
    everywhere()
    expect(seen).toBe(0)
    markCode(c, 0x10)
    everywhere()
    expect(seen).toBe(6)
  })
})

describe('E:263 the checking mode', () => {
  it('shouts when a table changed and nobody said so', () => {
    const c = paged()
    c.checkTlb = true
    load(c, DIRECTORY)
    write32(c, 0x10000, 1)
    write32(c, 0x10000, 2)
    poke(c, TABLE + 0x10 * 4, 0x11067)
    expect(() => read32(c, 0x10000)).toThrow(/stale translation of 0x10000/)
    invlpg(c, 0x10000)
    read32(c, 0x10000)
    poke(c, TABLE + 0x10 * 4, 0x11027)
    expect(() => write32(c, 0x10000, 1)).toThrow(/not marked dirty/)
    poke(c, TABLE + 0x10 * 4, 0)
    expect(() => read32(c, 0x10000)).toThrow(/a fault, code 0x0/)
  })
})

describe('E:250 CR2', () => {
  it('names the page that failed', () => {
    const c = paged()
    poke(c, TABLE + 0x31 * 4, 0)
    expect(faultOf(() => write32(c, 0x30ffe, -1))).toBe(2)
    expect(c.u32[CR2]).toBe(0x31000)
    expect(peek(c, 0x30ffc)).toBe(0)
  })
})
