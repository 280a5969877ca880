/** Blocks performed by the interpreter, and compiled: what differs? */
import { Cases, type Case } from '../../../conformance/cases.ts'
import { Random } from '../../../conformance/random.ts'
import { CATALOGUE } from '../../../generated/emulator/decode/decode.ts'
import { BLOCK_MOST } from '../../../generated/emulator/decode/blocks.ts'
import { Machine } from '../../../generated/emulator/index.ts'
import { INTERNAL, type Form } from '../../../generated/emulator/isa/forms.ts'
import { slice, type Execution } from '../../../generated/emulator/run/run.ts'
import { EIP, INSTRUCTIONS_F64, STOP, type Core } from '../../../generated/emulator/state/state.ts'
import { writeFlags } from '../../../generated/emulator/state/flags.ts'
import { compileBlock, perform, surroundings, type Surroundings } from '../../../generated/emulator/run/compile.ts'

const FRAMES = 64
const DIRECTORY = 0x20000
const TABLE = 0x21000
const IDT = 0x22000
const HANDLERS = 0x23000
const TSS = 0x24000
const GDT = 0x25000
const STACK = 0x26800
const CODE = 0x30000
/** Instructions in a case: enough for a short loop. */
const BUDGET = 400

type Execute = { execution: Execution, core: Core }

/** Everything about a machine that may differ from case to case. */
export interface Setting {
  user: boolean
  code32: boolean
  /** CS may begin and end somewhere. */
  flatCode: boolean
  /** Base and limit of DS and ES; null: flat. */
  data: { base: number, limit: number } | null
  stack32: boolean
}

/** A ring-0 machine whose every address leads somewhere. */
function build(): { machine: Machine } & Execute {
  const machine = new Machine({ ramBytes: FRAMES * 4096, deterministic: true })
  const { cpu, physical } = machine
  const noise = new Random(77)
  for (let at = 0; at < 0x10000; at += 4) physical.write32(at, noise.int())
  for (let i = 0; i < 1024; i++) {
    physical.write32(DIRECTORY + i * 4, TABLE | 7)
    const frame = i < FRAMES ? i : i & 15
    const flags = (i & 15) === 8 && i < 16 ? 0 : (i & 15) === 12 && i < 16 ? 5 : 7
    physical.write32(TABLE + i * 4, (frame << 12) | flags)
  }
  for (let v = 0; v < 256; v++) {
    const handler = HANDLERS + v
    physical.write32(IDT + v * 8, (8 << 16) | (handler & 0xffff))
    physical.write32(IDT + v * 8 + 4, (handler & 0xffff0000) | 0xee00)
  }
  physical.fill(HANDLERS, 4096, 0xf4)
  physical.write32(TSS + 4, STACK)
  physical.write32(TSS + 8, 16)
  const gdt = [0, 0, 0xffff, 0xcf9b00, 0xffff, 0xcf9300, 0xffff, 0xcffb00, 0xffff, 0xcff300,
    0x67 | ((TSS & 0xffff) << 16), 0x8b00 | (TSS >>> 16)]
  gdt.forEach((word, i) => physical.write32(GDT + i * 4, word))
  cpu.gdtr = { base: GDT, limit: 0x2f }
  cpu.idtr = { base: IDT, limit: 0x7ff }
  cpu.setSegment(7, { selector: 40, base: TSS, limit: 0x67, flags: 0x8b })
  cpu.cr3 = DIRECTORY
  cpu.cr4 = 0x600
  cpu.cr0 = 0x80010011
  const inside = cpu as unknown as Execute
  return { machine, execution: inside.execution, core: inside.core }
}

function prepare({ machine: { cpu } }: { machine: Machine }, s: Setting): void {
  const dpl = s.user ? 0x60 : 0
  const flat = { base: 0, limit: 0xffffffff }
  const rpl = s.user ? 3 : 0
  const code = s.flatCode ? flat : { base: 0x100, limit: CODE + 0x800 }
  cpu.setSegment(1, { ...code, selector: s.user ? 0x1b : 8, flags: (s.code32 ? 0xc09b : 0x809b) | dpl })
  cpu.setSegment(2, { ...flat, selector: (s.user ? 0x20 : 0x10) | rpl, flags: (s.stack32 ? 0xc093 : 0x8093) | dpl })
  for (const i of [0, 3, 4, 5]) {
    const place = i > 3 ? { ...flat, base: i * 0x100 } : s.data ?? flat
    cpu.setSegment(i, { ...place, selector: (s.user ? 0x20 : 0x10) | rpl,
      flags: (place.limit > 0xfffff ? 0xc093 : 0x4093) | dpl })
  }
}

/** Every encoding, and those of integer instructions. */
export const allForms = (): Form[] => CATALOGUE.forms.filter((f) => f.map !== INTERNAL)
export function integerForms(): Form[] {
  return allForms().filter((f) => !(f.map === 0 && ((f.opcode & 0xf8) === 0xd8 || f.opcode === 0x9b))
    && (f.map === 0 || f.map === 1 && (f.prefix === '' || f.instruction.name === 'pause')))
}

export interface Report {
  blocks: number
  /** Instructions that compiled blocks have performed, faults they met. */
  instructions: number
  faults: number
  /** Numbers of operations that were performed. */
  operations: Set<number>
  differences: string[]
}

/** Two machines of one kind; only one of them compiles. */
export class TwoPrinters {
  private readonly one = build()
  private readonly two = build()
  private readonly s: Surroundings
  private readonly base: Uint8Array
  private readonly random: Random
  private readonly cases: Cases
  readonly report: Report = { blocks: 0, instructions: 0, faults: 0, operations: new Set(), differences: [] }

  constructor(seed: number) {
    this.random = new Random(seed)
    this.cases = new Cases(seed, true)
    this.s = surroundings(this.two.core, this.two.execution.cache)
    this.base = this.one.machine.cpu.saveState()
  }

  /** A block of instructions of these encodings, behind `extra` bytes, performed twice. */
  run(forms: Form[], extra: number[] = []): void {
    const made = forms.map((form) => this.cases.make(form))
    for (const c of made) this.repeat(c)
    const lead = this.random.pick(made)
    const bytes = [...extra, ...made.flatMap((c) => c.bytes)]
    this.twice(this.place(bytes.length), this.setting(), bytes, lead.registers, lead.eflags)
  }

  /** A loop of such instructions in a flat kernel, where less can go wrong. */
  runLoop(forms: Form[]): void {
    const made = forms.map((form) => this.cases.make(form))
    const at = this.place(made.length * 15 + 30)
    const parts = made.map((c) => c.bytes)
    if (this.random.chance(0.25)) parts.splice(this.random.below(parts.length), 0, this.overwrite(at, parts.flat().length))
    const body = parts.flat()
    const { registers, eflags } = this.random.pick(made)
    const back = -(body.length + 7)
    // dec dword [0x100]; jne start
    this.twice(at, { user: false, flatCode: true, code32: true, stack32: true, data: null },
      [...body, 0xff, 0x0d, 0, 1, 0, 0, ...back + 1 >= -128 ? [0x75, (back - 1) & 255]
        : [0x0f, 0x85, ...[0, 8, 16, 24].map((n) => ((back - 5) >> n) & 255)]], registers, eflags)
  }

  /** mov byte [somewhere in the code], something */
  private overwrite(at: number, length: number): number[] {
    const there = at + this.random.below(length)
    return [0xc6, 0x05, ...[0, 8, 16, 24].map((n) => (there >> n) & 255), this.random.below(256)]
  }

  /** Where so many bytes of code go: now and then across a page's end. */
  private place(length: number): number {
    return this.random.chance(0.05) ? CODE + 4096 - this.random.below(length + 1)
      : CODE + this.random.below(3900 - length)
  }

  private twice(at: number, setting: Setting, bytes: number[], registers: number[], eflags: number): void {
    const flags = eflags | (setting.user ? this.random.pick([0, 0x3000]) : 0)
    const rounds = 1 + this.random.below(6)
    for (const side of [this.one, this.two]) {
      const { cpu, physical } = side.machine
      cpu.loadState(this.base)
      prepare(side, setting)
      physical.fill(CODE, 8192, 0xf4)
      physical.writeBytes(at, Uint8Array.from(bytes))
      physical.write32(0x100, rounds)
      side.core.i32.set(registers, 0)
      writeFlags(side.core, flags)
      cpu.eip = at - cpu.segment(1).base
    }
    this.judge(() => `${JSON.stringify(setting)} at ${at.toString(16)}: `
      + bytes.map((b) => b.toString(16).padStart(2, '0')).join(' '))
  }

  /** INS and OUTS repeat as well, only not in the cases of others. */
  private repeat({ form, bytes, registers }: Case): void {
    const { operands } = form
    if (!operands.includes('p') || operands.includes('x')) return
    registers[1] = this.random.below(20)
    if (this.random.chance(0.6)) bytes.unshift(this.random.pick([0xf2, 0xf3]))
  }

  private judge(tell: () => string): void {
    const first = this.one.machine.cpu.run(BUDGET)
    const done = this.compiled()
    const stopped = ['', 'halt', 'shutdown'][this.two.core.i32[STOP]]
    const second = stopped ? { reason: stopped } : this.two.machine.cpu.run(BUDGET - done)
    const a = this.one.machine.cpu.saveState()
    const b = this.two.machine.cpu.saveState()
    this.report.blocks++
    if (first.reason === second.reason && Buffer.compare(a, b) === 0) return
    this.report.differences.push(`${tell()}: ${first.reason} ${second.reason} ${difference(a, b)}`)
  }

  /** Performs the block at EIP, compiled; how many instructions. */
  private compiled(): number {
    const { core, execution } = this.two
    const { f64 } = core
    let block = 0
    try {
      block = execution.cache.find(core.i32[EIP], 0)
    } catch {
      return 0
    }
    const { code } = execution.cache
    const records = Array.from(code.subarray(block + 4, block + 4 + code[block + 2] * 4))
    const compiled = compileBlock(this.s, block)
    const before = f64[INSTRUCTIONS_F64]
    const well = slice(core, () => perform(this.s, compiled) & 1, 0, BUDGET - BLOCK_MOST)
    const done = f64[INSTRUCTIONS_F64] - before
    this.report.instructions += done
    if (!well) this.report.faults++
    const reached = done + (well ? 0 : 1)
    for (let i = 0; i < records.length; i += 4) {
      if (((records[i + 3] >>> 13) & 127) <= reached) this.report.operations.add(records[i] & 2047)
    }
    return done
  }

  private setting(): Setting {
    const r = this.random
    const data = r.chance(0.6) ? null : { base: r.below(64) * 16, limit: r.pick([0xffff, 0x7ff, 0xfffff]) }
    return { user: r.chance(0.4), flatCode: r.chance(0.85), code32: r.chance(0.85), stack32: r.chance(0.85), data }
  }
}

/** The first words that are not equal. */
function difference(a: Uint8Array, b: Uint8Array): string {
  const x = new Int32Array(a.buffer, a.byteOffset, a.length >> 2)
  const y = new Int32Array(b.buffer, b.byteOffset, b.length >> 2)
  const found: string[] = []
  for (let i = 0; i < x.length && found.length < 6; i++) {
    if (x[i] !== y[i]) found.push(`word ${i}: ${(x[i] >>> 0).toString(16)} ${(y[i] >>> 0).toString(16)}`)
  }
  return found.join(', ')
}
