/** The machine under test, one instruction at a time. */
import { Blocks, STEP } from '../generated/emulator/decode/blocks.ts'
import { FAULT } from '../generated/emulator/state/fault.ts'
import { readFlags } from '../generated/emulator/state/flags.ts'
import { Machine, type SegmentValue } from '../generated/emulator/index.ts'
import { createInterpreter } from '../generated/emulator/run/loop.ts'
import { Regions } from '../generated/emulator/run/regions.ts'
import { loadSegment } from '../generated/emulator/protection/segments.ts'
import {
  CR2, EIP, RAM_BASE, SHADOW, STOP, type Core,
} from '../generated/emulator/state/state.ts'
import { LEFT } from '../generated/emulator/state/words.ts'
import type { Case } from './cases.ts'
import { FLOAT_BYTES } from './float-state.ts'
import {
  DATA_SIZE, DIRECTORY, GDT, GDT_LIMIT, IDT, LDT_SELECTOR, LOCALS, STUB,
  SYSTEM, TSS_SELECTOR, systemImage,
} from './world.ts'

const CS = 1, SS = 2

export interface Outcome {
  /** Exception or software interrupt, or -1. */
  vector: number
  /** Its error code; -1: it has none. */
  code: number
  eip: number
  registers: number[]
  eflags: number
  /** ES CS SS DS FS GS. */
  segments: number[]
  /** Where it faulted, if that is what it did. */
  cr2: number
  /** An FXSAVE image, if the case had one. */
  floats: Uint8Array | null
}

/** fxrstor and fxsave of FLOATS. */
const FLOATS = SYSTEM + 0xc000
const LOAD_FLOATS = STUB + 0x800
const SAVE_FLOATS = STUB + 0x810
const CR0 = 0x80050033
const CR4 = 0x600

export class Subject {
  readonly data: Uint8Array
  private readonly core: Core
  private readonly machine: Machine
  private readonly execute: (step: number) => number
  private readonly home: SegmentValue[]
  /** LDTR and TR. */
  private readonly own: SegmentValue[]
  private readonly tables = systemImage().slice(0, DIRECTORY - SYSTEM)
  private trapped = -1

  constructor() {
    this.machine = new Machine({ ramBytes: 4 << 20, deterministic: true })
    const { cpu, physical } = this.machine
    physical.writeBytes(SYSTEM, systemImage())
    this.putFloatCode()
    cpu.gdtr = { base: GDT, limit: GDT_LIMIT }
    cpu.idtr = { base: IDT, limit: 0x7ff }
    cpu.cr3 = DIRECTORY
    cpu.cr4 = CR4
    cpu.cr0 = CR0
    // lldt ax; ltr cx
    physical.writeBytes(STUB + 0x700, Uint8Array.of(
      0x0f, 0x00, 0xd0, 0x0f, 0x00, 0xd9, 0xf4))
    cpu.setReg(0, LDT_SELECTOR)
    cpu.setReg(1, TSS_SELECTOR)
    cpu.eip = STUB + 0x700
    if (cpu.run(10).reason !== 'halt') throw new Error('no tables')
    this.core = cpu.core
    this.own = [6, 7].map((i) => cpu.segment(i))
    this.home = this.kernelSegments()
    const blocks = new Blocks(this.core)
    this.core.codeWrite = blocks.codeWrite
    this.execute = createInterpreter(this.core, blocks, new Regions(this.core, blocks, 'interpreted'))
    this.data = this.core.u8.subarray(RAM_BASE, RAM_BASE + DATA_SIZE)
    cpu.onTrap = (vector) => { this.trapped = vector }
  }

  /** Runs `test` on the data as it stands. */
  run(test: Case): Outcome {
    const { core } = this
    for (const p of test.pokes) core.view.setUint32(RAM_BASE + p.address,
      p.value, true)
    this.putCode(test)
    this.putSystem()
    this.goHome()
    if (test.floats) this.loadFloats(test.floats)
    this.load(test)
    const vector = this.step(test)
    const outcome = this.outcome(vector, test.eip)
    if (test.floats) {
      this.goHome()
      outcome.floats = this.saveFloats()
    }
    return outcome
  }

  private putFloatCode(): void {
    const { physical } = this.machine
    const put = (at: number, modrm: number) => {
      physical.writeBytes(at, Uint8Array.of(0x0f, 0xae, modrm))
      physical.write32(at + 3, FLOATS)
    }
    put(LOAD_FLOATS, 0x0d)
    put(SAVE_FLOATS, 0x05)
  }

  private putCode(test: Case): void {
    const code = new Uint8Array(16).fill(0x90)
    code.set(test.bytes)
    this.machine.physical.writeBytes(test.address, code)
  }

  /** What instructions of ring 0 may have changed. */
  private putSystem(): void {
    const { core, machine: { cpu } } = this
    if (cpu.cr0 !== CR0) cpu.cr0 = CR0
    if (cpu.cr3 !== DIRECTORY) cpu.cr3 = DIRECTORY
    if (cpu.cr4 !== CR4) cpu.cr4 = CR4
    cpu.gdtr = { base: GDT, limit: GDT_LIMIT }
    cpu.idtr = { base: IDT, limit: 0x7ff }
    this.own.forEach((s, i) => cpu.setSegment(6 + i, s))
    core.u8.set(this.tables, RAM_BASE + SYSTEM)
  }

  private kernelSegments(): SegmentValue[] {
    return [0, 1, 2, 3, 4, 5].map((i) => this.machine.cpu.segment(i))
  }

  /** Ring 0, flat, nothing pending. */
  private goHome(): void {
    const { cpu } = this.machine
    this.home.forEach((s, i) => cpu.setSegment(i, s))
    cpu.eflags = 2
    this.core.i32[STOP] = this.core.i32[SHADOW] = 0
  }

  private load(test: Case): void {
    const { core, machine: { cpu } } = this
    core.i32.set(test.registers, 0)
    cpu.eflags = test.eflags
    cpu.cr2 = 0
    const code = test.segments[CS]
    cpu.setSegment(CS, describe(code))
    for (const i of [0, 2, 3, 4, 5]) loadSegment(core, i, test.segments[i])
    core.i32[EIP] = test.eip
  }

  /** @returns the vector, or -1 */
  private step(test: Case): number {
    const { core } = this
    this.trapped = -1
    for (let turn = 0; turn < 1000; turn++) {
      core.i32[LEFT] = 0
      if (this.execute(STEP) === 1) return FAULT.vector
      // the code has changed, and was only looked at again
      if (core.i32[LEFT] === 0 && turn < 3) continue
      if (!test.repeats || core.i32[EIP] !== test.eip) break
    }
    return this.trapped
  }

  private outcome(vector: number, eip: number): Outcome {
    const { core, machine: { cpu } } = this
    const trapped = this.trapped >= 0
    const outcome: Outcome = {
      vector, code: vector >= 0 && !trapped ? FAULT.code : -1,
      eip: vector >= 0 ? eip : core.u32[EIP],
      registers: [...core.i32.subarray(0, 8)], eflags: readFlags(core),
      segments: [0, 1, 2, 3, 4, 5].map((i) => cpu.segment(i).selector),
      cr2: core.u32[CR2], floats: null,
    }
    if (trapped) this.undoTrap(outcome)
    return outcome
  }

  /** A software interrupt from ring 3: what its frame tells. */
  private undoTrap(outcome: Outcome): void {
    const { physical, cpu } = this.machine
    const frame = cpu.reg(4)
    const [eip, cs, eflags, esp, ss] =
      [0, 4, 8, 12, 16].map((at) => physical.read32(frame + at))
    outcome.eip = eip
    outcome.eflags = eflags
    outcome.registers[4] = esp | 0
    outcome.segments[CS] = cs & 0xffff
    outcome.segments[SS] = ss & 0xffff
  }

  private loadFloats(image: Uint8Array): void {
    const { core } = this
    core.u8.set(image, RAM_BASE + FLOATS)
    core.i32[EIP] = LOAD_FLOATS
    core.i32[LEFT] = 0
    if (this.execute(STEP) === 1) throw new Error('no FXRSTOR')
  }

  private saveFloats(): Uint8Array {
    const { core } = this
    core.i32[EIP] = SAVE_FLOATS
    core.i32[LEFT] = 0
    if (this.execute(STEP) === 1) throw new Error('no FXSAVE')
    return core.u8.slice(RAM_BASE + FLOATS, RAM_BASE + FLOATS + FLOAT_BYTES)
  }
}

/** What is behind a selector, for CS, which nothing simply loads. */
function describe(selector: number): SegmentValue {
  const d = (selector & 4) !== 0 ? LOCALS[selector >> 3] : undefined
  const dpl = (selector & 3) << 5
  return {
    selector, base: d?.base ?? 0,
    limit: d && !d.pages ? d.limit : 0xffffffff,
    flags: 0x9b | dpl | (d?.pages === false ? 0 : 0x8000)
      | (d?.wide === false ? 0 : 0x4000),
  }
}
