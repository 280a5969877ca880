/**
 * Guests made of random machine code, in ring 1, on the real machine. They
 * may do what they like; the Host must come back from every read, and get
 * every frame back when they are gone.
 */
import { expect, test } from 'vitest'
import { ax, ds, eax, es, esp, mem, ss } from '../../generated/assembler/index.ts'
import { CODE, DATA, GDT, PAGE_OFFSET, PAGES, PGDIR, realHost, STACK_TOP, TABLE, Tiny } from '../H-host/tiny-guest.ts'
import type { Kernel } from '../H-host/tiny-guest.ts'
import { randomBelow } from '../support/random-below.ts'

const SEED = Number(process.env.HOSTILE_SEED ?? 26072007)
const GUESTS = Number(process.env.HOSTILE_GUESTS ?? 60)

/** Pieces that reach the interesting parts oftener than chance would. */
function piece(next: (below: number) => number): number[] {
  const word = (value: number) => [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24]
  const places = [0, 1, 31, 0x61, 0x69, 0x73, 0x7b, 0x80, 0x50, PGDIR, TABLE, DATA, GDT, PAGES * 4096, PAGE_OFFSET, PAGE_OFFSET + CODE, PAGE_OFFSET + STACK_TOP, PAGE_OFFSET + TABLE, 0xffbff000, 0xffc00000, 0xffc01000, 0xffc01fb8, 0xffc02000, 0xffc02890, 0xffffffff]
  const value = () => next(3) > 0 ? places[next(places.length)] + (next(4) === 0 ? next(64) : 0) : next(0x10000) * 0x10000 + next(0x10000)
  switch (next(14)) {
    case 0: case 1: return [0xb8, ...word(next(18)), 0xcd, 0x1f]
    case 2: return [0xba, ...word(value())]
    case 3: return [0xbb, ...word(value())]
    case 4: return [0xb9, ...word(value())]
    case 5: return [0xcd, next(256)]
    case 6: return [0xb8, ...word(value()), 0x8e, 0xc0 | (next(6) << 3)]
    case 7: return [0xa3, ...word(value())]
    case 8: return [0xa1, ...word(value())]
    case 9: return [0x68, ...word(value()), 0xcf, 0x9d][next(2)] === 0x68 ? [0x68, ...word(value())] : [0x9d]
    case 10: return [0x68, ...word(value()), 0x68, ...word(places[3 + next(5)]), 0x68, ...word(0x202 | next(0x40000)), 0x68, ...word(places[3 + next(5)]), 0x68, ...word(PAGE_OFFSET + CODE + next(512)), 0xcf]
    case 11: return [0xbc, ...word(value())]
    case 12: return [[0xcf], [0xf4], [0x0f, 0x30], [0xfa], [0xcb], [0x0f, 0x01, 0x10], [0xe4, 0x60], [0x0f, 0x22, 0xd8], [0x0f, 0x34], [0x0f, 0x06], [0xdb, 0xe3]][next(11)]
    default: return Array.from({ length: 1 + next(6) }, () => next(256))
  }
}

/** Where the pieces begin, 32 bytes apart; and the counter of the next one. */
const PIECES = CODE + 0x2000
const COUNTER = 0x7ff0

/**
 * A kernel whose every handler throws away its frame and goes on with the
 * next piece, so that a fault is no reason to stop.
 */
function kernel(next: (below: number) => number) {
  return (k: Kernel) => {
    const handler = k.label()
    k.begin().segments()
    for (let vector = 0; vector < 64; vector++) {
      if (next(8) > 0) k.gate(vector, handler, next(3) === 0 ? 0xe : 0xf, next(2) * 3)
    }
    k.gate(0x80, handler, 0xf, 3)
    k.bind(handler)
    k.mov(eax, 0x69)
    for (const segment of [ds, es, ss]) k.mov(segment, ax)
    k.mov(esp, PAGE_OFFSET + STACK_TOP)
    k.inc(mem(PAGE_OFFSET + COUNTER).dword)
    k.mov(mem(PAGE_OFFSET + DATA).dword, 0x200)
    k.mov(eax, mem(PAGE_OFFSET + COUNTER))
    k.and(eax, 0x3ff)
    k.shl(eax, 5)
    k.add(eax, PAGE_OFFSET + PIECES)
    k.jmp(eax)
  }
}

function randomPieces(next: (below: number) => number): Uint8Array {
  const bytes = new Uint8Array(0x400 * 32).fill(0x90)
  for (let at = 0; at < bytes.length; at += 32) {
    const code: number[] = []
    while (code.length < 28) code.push(...piece(next))
    bytes.set(code.slice(0, 32), at)
  }
  return bytes
}

test(`nothing a ring-1 program does harms the Host (seed ${SEED})`, () => {
  const next = randomBelow(SEED)
  const made = realHost({ slice: 3000 })
  const before = made.host.frames.inUse
  const reasons = new Map<string, number>()
  let steps = 0
  for (let guest = 0; guest < GUESTS; guest++) {
    const tiny = new Tiny(made, kernel(next))
    tiny.mm.writeBytes(PIECES, randomPieces(next))
    for (let turn = 0; turn < 20; turn++) {
      const result = tiny.read()
      if (result.kind === 'error') break
      if (result.kind === 'halted' || next(3) === 0) tiny.file.write(Uint32Array.of(2, next(32)), tiny.task)
    }
    steps += tiny.mm.read32(COUNTER)
    const reason = String(tiny.file.lg!.dead).replace(/-?0x[0-9a-f]+|-?\d{3,}/g, 'N')
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
    tiny.file.close()
    tiny.mm.unmapAll()
    expect(made.host.frames.inUse, `guest ${guest}`).toBe(before)
  }
  if (process.env.HOSTILE_GUESTS) console.log(steps, reasons)
  expect(steps).toBeGreaterThan(GUESTS)
  expect(reasons.size).toBeGreaterThan(4)
  made.host.exit()
}, 300_000)
