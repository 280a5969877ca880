/**
 * Figures taken from a run: an observer notes what the Host does, row by row.
 * A row is a step; the page goes through them one at a time. The same cameras
 * record when the site is woven and film a Guest that runs in the page.
 */
import { lgread32 } from '../../../generated/host/guest-memory.ts'
import type { LgCpu } from '../../../generated/host/lg.ts'
import type { Observer } from '../../../generated/host/observer.ts'

export interface Step { cells: string[], words: string }

export interface Figure {
  columns: string[]
  steps: Step[]
}

/** An observer, and the figure it fills from the moment it is told to. */
export interface Camera {
  observer: Observer
  figure: Figure
  /** Notes nothing before, and after it has been switched off. */
  on: boolean
  /** What it sees happens once, before anything is typed. */
  once?: boolean
}

/** More steps than these nobody goes through. */
export const mostSteps = 24

/** An observer that looks away. */
export const nothing: Observer = { entering() {}, left() {}, trap() {}, hypercall() {}, interrupt() {} }

/** A camera that is off; what it sees is up to `see`. */
export function camera(columns: string[], see: (figure: Figure, self: Camera) => Partial<Observer>): Camera {
  const made: Camera = { figure: { columns, steps: [] }, on: false, observer: nothing }
  made.observer = { ...nothing, ...see(made.figure, made) }
  return made
}

export const hex = (value: number, digits = 8) => `0x${(value >>> 0).toString(16).padStart(digits, '0')}`

/** An entry as people read it: the frame, and what may be done. */
export function entry(value: number): string {
  if (!(value & 1)) return 'none'
  return `${hex(value & ~0xfff)} ${value & 2 ? 'rw' : 'r-'}${value & 4 ? 'u' : '-'}${value & 0x40 ? 'd' : '-'}`
}

export function guestEntry({ lg, current }: LgCpu, va: number): number {
  const top = lgread32(lg, lg.pgdirs[current].gpgdir + (va >>> 22) * 4)
  return top & 1 ? lgread32(lg, ((top & ~0xfff) >>> 0) + (va >>> 12 & 0x3ff) * 4) : 0
}

export function shadowEntry({ lg, current }: LgCpu, va: number): number {
  const { physical } = lg.host
  const top = physical.read32(lg.pgdirs[current].pgdir + (va >>> 22) * 4)
  return top & 1 ? physical.read32(((top & ~0xfff) >>> 0) + (va >>> 12 & 0x3ff) * 4) : 0
}

/** A word of the Guest's stack, found as the Guest's own tables have it. */
export function stackWord(cpu: LgCpu, va: number): number {
  const page = guestEntry(cpu, va) & ~0xfff
  return lgread32(cpu.lg, (page >>> 0) + (va & 0xfff))
}
