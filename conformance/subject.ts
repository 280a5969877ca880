/** The machine under test, one instruction at a time. */
import { Blocks, STEP } from '../generated/emulator/blocks.ts'
import { FAULT } from '../generated/emulator/fault.ts'
import { readFlags, writeFlags } from '../generated/emulator/flags.ts'
import { Machine } from '../generated/emulator/index.ts'
import { createInterpreter } from '../generated/emulator/interpreter.ts'
import {
  CR2, EIP, RAM_BASE, SHADOW, STOP, type Core,
} from '../generated/emulator/state.ts'
import { LEFT } from '../generated/emulator/words.ts'
import type { Case } from './cases.ts'

export interface Outcome {
  vector: number
  eip: number
  registers: number[]
  eflags: number
  /** Where it faulted, if that is what it did. */
  cr2: number
}

const TABLES = 0x200000

export class Subject {
  readonly data: Uint8Array
  private readonly core: Core
  private readonly machine: Machine
  private readonly execute: (step: number) => number

  constructor() {
    this.machine = new Machine({ ramBytes: 4 << 20, deterministic: true })
    const { cpu, physical } = this.machine
    for (let page = 0; page < 0x110; page++) {
      if (page >= 0x10 && page < 0x100) continue
      const flags = page === 8 ? 0 : page === 12 ? 1 : 3
      physical.write32(TABLES + 0x1000 + page * 4, (page << 12) | flags)
    }
    physical.write32(TABLES, (TABLES + 0x1000) | 3)
    cpu.cr3 = TABLES
    cpu.cr0 = 0x80010011
    cpu.setSegment(4, { ...cpu.segment(4), base: 0x300 })
    cpu.setSegment(5, { ...cpu.segment(5), base: 0x500 })
    this.core = (cpu as unknown as { core: Core }).core
    const blocks = new Blocks(this.core)
    this.core.codeWrite = blocks.codeWrite
    this.execute = createInterpreter(this.core, blocks)
    this.data = this.core.u8.subarray(RAM_BASE, RAM_BASE + 0x10000)
  }

  run(test: Case): Outcome {
    const { core } = this
    const code = new Uint8Array(16)
    code.set(test.bytes)
    this.machine.physical.writeBytes(test.address, code)
    core.i32.set(test.registers, 0)
    writeFlags(core, test.eflags)
    core.i32[EIP] = test.address
    core.i32[STOP] = core.i32[SHADOW] = core.i32[CR2] = 0
    let vector = -1
    for (let turn = 0; turn < 1000 && vector < 0; turn++) {
      core.i32[LEFT] = 0
      if (this.execute(STEP) === 1) vector = FAULT.vector
      if (!test.repeats || core.i32[EIP] !== test.address) break
    }
    return {
      vector,
      eip: vector >= 0 ? test.address : core.u32[EIP],
      registers: [...core.i32.subarray(0, 8)],
      eflags: readFlags(core),
      cr2: core.u32[CR2],
    }
  }
}
