// A core with tables for all four rings, paging off. Selectors:
// code of ring n: 0x08 + n * 8, data of ring n: 0x28 + n * 8 (plus RPL).
import { Core, RAM_BASE, CS, SS, DS, ES, FS, GS, ESP, EIP, CR0 } from
  '../../../generated/emulator/state/state.ts'
import { calculator } from '../../../generated/emulator/machine.ts'
import * as state from '../../../generated/emulator/state/state.ts'
import { FAULT } from '../../../generated/emulator/state/fault.ts'
import { setCpl } from '../../../generated/emulator/protection/code-segment.ts'
import { writeFlags } from '../../../generated/emulator/state/flags.ts'
import { setSegment } from '../../../generated/emulator/protection/segments.ts'
import { resetTlb } from '../../../generated/emulator/memory/tlb.ts'

export const GDT = 0x1000
export const IDT = 0x2000
export const TSS = 0x3000
export const TSS_SELECTOR = 0x80
export const stackTop = (ring: number): number => 0x8000 + ring * 0x1000

export function poke32(c: Core, pa: number, v: number): void {
  c.view.setInt32(RAM_BASE + pa, v, true)
}
export function peek32(c: Core, pa: number): number {
  return c.view.getUint32(RAM_BASE + pa, true)
}
export function words(c: Core, pa: number, count: number): number[] {
  return Array.from({ length: count }, (_, n) => peek32(c, pa + n * 4))
}

/** A descriptor: `access` is bits 8..15, `flags` bits 20..23 >> 20. */
export function descriptor(
  c: Core, selector: number, base: number, limit: number,
  access: number, flags = 0xc,
): void {
  const at = GDT + (selector & 0xfff8)
  poke32(c, at, (base << 16) | (limit & 0xffff))
  poke32(c, at + 4, (base & 0xff000000) | (flags << 20) |
    (limit & 0xf0000) | (access << 8) | ((base >>> 16) & 0xff))
}

/** A gate in the IDT (or, with `at`, anywhere). */
export function gate(
  c: Core, vector: number, selector: number, offset: number,
  access: number, at = IDT + vector * 8, count = 0,
): void {
  poke32(c, at, (selector << 16) | (offset & 0xffff))
  poke32(c, at + 4, (offset & 0xffff0000) | (access << 8) | count)
}

export const code = (ring: number): number => 0x08 + ring * 8 | ring
export const data = (ring: number): number => 0x28 + ring * 8 | ring

/** Puts the core into `ring`, with all segments of that ring, flat. */
export function enterRing(c: Core, ring: number): void {
  setSegment(c, CS, code(ring), 0, 0xffffffff, 0xc09b | ring << 5)
  for (const i of [SS, DS, ES, FS, GS]) {
    setSegment(c, i, data(ring), 0, 0xffffffff, 0xc093 | ring << 5)
  }
  c.i32[ESP] = stackTop(ring)
  c.i32[EIP] = 0x500
  setCpl(c, ring)
}

export function rings(): Core {
  const c = new Core(1 << 20)
  c.coprocessor = calculator
  c.i32[CR0] = 0x11
  resetTlb(c)
  writeFlags(c, 2)
  c.i32[state.GDT_BASE] = GDT
  c.i32[state.GDT_LIMIT] = 0x1ff
  c.i32[state.IDT_BASE] = IDT
  c.i32[state.IDT_LIMIT] = 0x7ff
  for (let ring = 0; ring < 4; ring++) {
    descriptor(c, code(ring), 0, 0xfffff, 0x9a | ring << 5)
    descriptor(c, data(ring), 0, 0xfffff, 0x92 | ring << 5)
  }
  descriptor(c, TSS_SELECTOR, TSS, 0x67, 0x89, 0)
  for (let ring = 0; ring < 3; ring++) {
    poke32(c, TSS + 4 + ring * 8, stackTop(ring))
    poke32(c, TSS + 8 + ring * 8, data(ring))
  }
  setSegment(c, state.TR, TSS_SELECTOR, TSS, 0x67, 0x8b)
  enterRing(c, 0)
  return c
}

/** The fault of an action as `[vector, code]`, or null. */
export function faultOf(act: () => unknown): [number, number] | null {
  try { act() } catch (e) {
    if (e !== FAULT) throw e
    return [FAULT.vector, FAULT.code]
  }
  return null
}

export function selector(c: Core, i: number): number {
  return c.i32[state.SEG + i * 8]
}
