/**
 * Figures taken from a run: an observer notes what the Host does, row by row.
 * A row is a step; the page goes through them one at a time.
 */
import { lgread32 } from '../../generated/host/guest-memory.ts'
import type { Observer } from '../../generated/host/observer.ts'
import type { LgCpu } from '../../generated/host/lg.ts'

export interface Figure {
  columns: string[]
  steps: { cells: string[], words: string }[]
}

export type FigureKind = 'faults' | 'interrupt'

/** An observer, and the figure it fills from the moment it is told to. */
export interface Camera {
  observer: Observer
  figure: Figure
  /** Notes nothing before, and after it has been switched off. */
  on: boolean
}

/** More steps than these nobody goes through. */
const mostSteps = 24
const pageFault = 14
/** The bit of its error code that says so. */
const fromProgram = 4

const hex = (value: number, digits = 8) => `0x${(value >>> 0).toString(16).padStart(digits, '0')}`

export function cameraFor(kind: FigureKind): Camera {
  return kind === 'faults' ? faults() : interrupt()
}

const nothing: Observer = { entering() {}, left() {}, trap() {}, hypercall() {}, interrupt() {} }

/** Each page fault of a program: what the Guest's own table says, what the shadow says after it, and who mended it. */
function faults(): Camera {
  const figure: Figure = { columns: ['address', 'wanted', 'the Guest’s entry', 'its shadow, after', 'who mends it'], steps: [] }
  const camera: Camera = { figure, on: false, observer: { ...nothing, trap(cpu, trap, settled) {
    if (!camera.on || trap !== pageFault || figure.steps.length >= mostSteps) return
    if (!(cpu.reg('errcode') & fromProgram)) return
    const wanted = wantedBy(cpu.reg('errcode'))
    const [guest, shadow] = [guestEntry(cpu, cpu.faultAddress), shadowEntry(cpu, cpu.faultAddress)]
    figure.steps.push({
      cells: [hex(cpu.faultAddress), wanted, entry(guest), entry(shadow), settled ? 'the Host, alone' : 'the Guest'],
      words: settled
        ? `A program wants to ${wanted} at ${hex(cpu.faultAddress)}. Puppy’s table allows that, so the Host fills the shadow, and Puppy never knows.`
        : `A program wants to ${wanted} at ${hex(cpu.faultAddress)}. Puppy’s table ${guest & 1 ? 'does not allow that' : 'has nothing there'}, so the fault is Puppy’s to mend.`,
    })
  } } }
  return camera
}

function wantedBy(code: number): string {
  return code & 2 ? 'write' : 'read'
}

/** An entry as people read it: the frame, and what may be done. */
function entry(value: number): string {
  if (!(value & 1)) return 'none'
  return `${hex(value & ~0xfff)} ${value & 2 ? 'rw' : 'r-'}${value & 4 ? 'u' : '-'}${value & 0x40 ? 'd' : '-'}`
}

function guestEntry({ lg, current }: LgCpu, va: number): number {
  const top = lgread32(lg, lg.pgdirs[current].gpgdir + (va >>> 22) * 4)
  return top & 1 ? lgread32(lg, ((top & ~0xfff) >>> 0) + (va >>> 12 & 0x3ff) * 4) : 0
}

function shadowEntry({ lg, current }: LgCpu, va: number): number {
  const { physical } = lg.host
  const top = physical.read32(lg.pgdirs[current].pgdir + (va >>> 22) * 4)
  return top & 1 ? physical.read32(((top & ~0xfff) >>> 0) + (va >>> 12 & 0x3ff) * 4) : 0
}

const registers = ['eip', 'cs', 'esp', 'eflags'] as const
const firstVector = 32

/** One interrupt: the Guest as it was left, its gate, the frame on its stack, and where it goes on. */
function interrupt(): Camera {
  const figure: Figure = { columns: ['', 'value', 'what it is'], steps: [] }
  let was: Record<string, number> | undefined
  let irq: number | undefined
  const camera: Camera = { figure, on: false, observer: { ...nothing,
    left(cpu) { was = Object.fromEntries(registers.map((name) => [name, cpu.reg(name)])) },
    interrupt(_cpu, number) { if (camera.on && figure.steps.length === 0) irq = number },
    entering(cpu) {
      if (irq === undefined || !was) return
      figure.steps.push(...delivery(cpu, irq, was))
      irq = undefined
    },
  } }
  return camera
}

function delivery(cpu: LgCpu, irq: number, was: Record<string, number>): Figure['steps'] {
  const vector = irq + firstVector
  const [low, high] = [cpu.idt[vector * 2], cpu.idt[vector * 2 + 1]]
  const gate = ((high & 0xffff0000) | (low & 0xffff)) >>> 0
  const inProgram = (was.cs & 3) === 3
  const names = ['eip', 'cs', 'eflags', ...(inProgram ? ['esp', 'ss'] : [])]
  const frame = names.map((name, i) => ({ name, at: cpu.reg('esp') + i * 4, value: stackWord(cpu, cpu.reg('esp') + i * 4) })).reverse()
  const step = (cells: string[], words: string) => ({ cells, words })
  return [
    step(['eip', hex(was.eip), 'where the Guest was stopped'], `The Guest was stopped at ${hex(was.eip)}, in ring ${was.cs & 3}.`),
    step(['esp', hex(was.esp), 'its stack, then'], `Its stack ended at ${hex(was.esp)}.`),
    step([`gate ${vector}`, hex(gate), `interrupt ${irq}, of the Guest’s own table`],
      `Interrupt ${irq} is vector ${vector}. The Guest’s gate for it, as the Host remembers it, leads to ${hex(gate)}.`),
    ...frame.map(({ name, at, value }) => step([hex(at), hex(value), `pushed: ${name}`],
      `The Host pushes ${name}, ${hex(value)}, onto the Guest’s stack, as a processor would.`)),
    step(['esp', hex(cpu.reg('esp')), 'its stack, now'], `The stack ends at ${hex(cpu.reg('esp'))} now.`),
    step(['eip', hex(cpu.reg('eip')), 'where it goes on'], `The Guest is entered at ${hex(cpu.reg('eip'))}, and finds itself in its handler.`),
  ]
}

/** A word of the Guest's stack, found as the Guest's own tables have it. */
function stackWord(cpu: LgCpu, va: number): number {
  const page = guestEntry(cpu, va) & ~0xfff
  return lgread32(cpu.lg, (page >>> 0) + (va & 0xfff))
}
