import { describe, expect, it } from 'vitest'
import {
  CPL, CR0, CR0_PG, CR0_WP, CR2, CR3, CR4, CR4_PAE, CR4_PSE, Core, EFER,
  EFER_NXE, PDPTE, RAM_BASE,
} from '../../generated/emulator/state/state.ts'
import { FAULT } from '../../generated/emulator/state/fault.ts'
import { aimTlb, resetTlb, selectContext } from
  '../../generated/emulator/memory/tlb.ts'
import { fetch, read8, write8 } from '../../generated/emulator/memory/paging.ts'

/** A small generator of numbers, the same for the same seed. */
function random(seed: number): () => number {
  let s = seed | 1
  return () => {
    s ^= s << 13; s ^= s >>> 17; s ^= s << 5
    return s >>> 0
  }
}

const RAM = 1 << 20

interface Controls { wp: boolean; pse: boolean; pae: boolean; nx: boolean }
interface Outcome { pa: number; code: number; marks: Map<number, number> }
type Kind = 'read' | 'write' | 'fetch'

/**
 * The reference: a walk written from the manual with big integers and no
 * regard for speed. Returns the address or the error code, and the marks
 * that a successful access leaves.
 */
function reference(
  word: (pa: number) => number, on: Controls, cr3: number, la: number,
  kind: Kind, user: boolean,
): Outcome {
  const entry = (pa: number): bigint => on.pae
    ? BigInt(word(pa)) | BigInt(word(pa + 4)) << 32n
    : BigInt(word(pa))
  const asked = (kind === 'write' ? 2 : 0) | (user ? 4 : 0) |
    (kind === 'fetch' && on.pae && on.nx ? 16 : 0)
  const fail = (bits: number): Outcome =>
    ({ pa: -1, code: asked | bits, marks: new Map() })
  const address = (e: bigint, from: bigint): bigint =>
    e & ((1n << 36n) - 1n) & ~((1n << from) - 1n)
  const levels: [number, bigint][] = []
  let table = BigInt(on.pae ? cr3 & ~31 : cr3 & ~0xfff) & 0xffffffffn
  if (on.pae) {
    const top = entry(Number(table) + (la >>> 30) * 8)
    if ((top & 1n) === 0n) return fail(0)
    table = address(top, 12n)
  }
  const shifts = on.pae ? [21, 12] : [22, 12]
  const mask = on.pae ? 0x1ff : 0x3ff
  let shift = 0
  for (shift of shifts) {
    const at = Number(table) + ((la >>> shift) & mask) * (on.pae ? 8 : 4)
    const e = entry(at)
    if ((e & 1n) === 0n) return fail(0)
    if (e & (on.nx ? 0x7ffffff000000000n : 0xfffffff000000000n) && on.pae) {
      return fail(9)
    }
    levels.push([at, e])
    const large = shift !== 12 && (e & 0x80n) !== 0n &&
      (on.pae || on.pse)
    if (large) {
      const low = on.pae ? 0x1fe000n : 0x3fe000n
      if (e & low) return fail(9)
      break
    }
    table = address(e, 12n)
  }
  const all = levels.reduce((a, [, e]) => a & e, 0xffffffffffffffffn)
  const anyNx = levels.some(([, e]) => e >> 63n)
  if (user && !(all & 4n)) return fail(1)
  if (kind === 'write' && !(all & 2n) && (user || on.wp)) return fail(1)
  if (kind === 'fetch' && on.pae && on.nx && anyNx) return fail(1)
  const marks = new Map<number, number>()
  levels.forEach(([at, e], n) => {
    const last = n === levels.length - 1
    marks.set(at, Number(e & 0xffffffffn) | 0x20 |
      (last && kind === 'write' ? 0x40 : 0))
  })
  const leaf = levels[levels.length - 1][1]
  const pa = address(leaf, BigInt(shift)) +
    BigInt(la >>> 0 & ((2 ** shift) - 1))
  return { pa: Number(pa), code: 0, marks }
}

/** Fills pages 1 to 15 with plausible entries that point at each other. */
function scatter(c: Core, next: () => number, on: Controls): void {
  for (let at = 0x1000; at < 0x10000; at += on.pae ? 8 : 4) {
    const frame = next() % (next() % 16 === 0 ? 512 : 16)
    let low = frame << 12 | (next() & 0x67) | (next() % 8 ? 1 : 0) |
      (next() % 4 ? 6 : 0)
    if (next() % 8 === 0) {
      low = (low & 0xe7) | 0x80 | (next() % 4 === 0 ? 1 << 13 : 0)
    }
    c.i32[(RAM_BASE + at) >> 2] = low
    if (!on.pae) continue
    const odd = next() % 32
    c.i32[(RAM_BASE + at + 4) >> 2] =
      (next() % 4 === 0 ? 0x80000000 : 0) | (odd === 0 ? 16 : odd === 1 ? 8 : 0)
  }
}

function machine(next: () => number, on: Controls): Core {
  const c = new Core(RAM)
  scatter(c, next, on)
  c.deviceRead = (pa) => pa & 0xff
  c.i32[CR0] = CR0_PG | 1 | (on.wp ? CR0_WP : 0)
  c.i32[CR4] = (on.pae ? CR4_PAE : 0) | (on.pse ? CR4_PSE : 0)
  c.i32[EFER] = on.nx ? EFER_NXE : 0
  c.i32[CR3] = 0x1000 + (on.pae ? (next() % 15) * 32 : 0)
  for (let n = 0; n < 8; n++) {
    c.i32[PDPTE + n] = c.i32[(RAM_BASE + c.i32[CR3]) / 4 + n] &
      (n & 1 ? 15 : -1)
    c.i32[(RAM_BASE + c.i32[CR3]) / 4 + n] = c.i32[PDPTE + n]
  }
  resetTlb(c)
  return c
}

function act(c: Core, la: number, kind: Kind): number {
  if (kind === 'fetch') return fetch(c, la)
  if (kind === 'read') return read8(c, la)
  write8(c, la, 0xa5)
  return 0xa5
}

describe('E:200 the walk, against a walk written apart', () => {
  it.each([
    [false, false], [true, false], [true, true],
  ])('PAE %s, no-execute %s', (pae, nx) => {
    const seed = 0x1200 + (pae ? 1 : 0) + (nx ? 2 : 0)
    const next = random(seed)
    let done = 0
    let refused = 0
    for (let round = 0; round < 50; round++) {
      const on = { wp: next() % 2 === 0, pse: next() % 4 > 0, pae, nx }
      const c = machine(next, on)
      const word = (pa: number): number =>
        pa < RAM ? c.u32[(RAM_BASE + pa) >> 2] : pa & 0xff
      for (let n = 0; n < 60; n++) {
        const la = ((next() % 4) << 30 | (next() % 24) << 22 |
          (next() & 0x3fffff)) | 0
        const kind = (['read', 'write', 'fetch'] as const)[next() % 3]
        const user = next() % 2 === 0
        const context = `seed ${seed} round ${round} step ${n}`
        const want = reference(word, on, c.i32[CR3], la, kind, user)
        c.i32[CPL] = user ? 3 : next() % 3
        aimTlb(c)
        let code = 0
        try { act(c, la, kind) } catch (e) {
          if (e !== FAULT) throw e
          expect(FAULT.vector, context).toBe(14)
          expect(c.i32[CR2], context).toBe(la)
          code = FAULT.code
          refused++
        }
        expect(code, context).toBe(want.code)
        if (want.pa < 0) continue
        done++
        for (const [at, value] of want.marks) {
          const hit = kind === 'write' && want.pa >= at && want.pa < at + 4
          if (at < RAM && !hit) expect(word(at), context).toBe(value >>> 0)
        }
        if (kind === 'write' && want.pa < RAM) {
          expect(c.u8[RAM_BASE + want.pa], context).toBe(0xa5)
        }
        selectContext(c)
      }
    }
    console.log(`walks, seed ${seed}: ${done} done, ${refused} refused`)
    expect(done).toBeGreaterThan(300)
    expect(refused).toBeGreaterThan(300)
  })
})
