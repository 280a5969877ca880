/** Programs performed by an interpreting machine and by one that translates: what differs? */
import { Random } from './random.ts'
import { Machine, type Engine } from '../generated/emulator/index.ts'
import { writeFlags } from '../generated/emulator/state/flags.ts'
import { CODE, type Program } from './random-programs.ts'

const FRAMES = 64
const DIRECTORY = 0x20000
const TABLE = 0x21000
const IDT = 0x22000
const HANDLERS = 0x23000
const TSS = 0x24000
const GDT = 0x25000
const STACK = 0x26800
const TIMER = 0x30
/** Vectors with an error code. */
const CODED = [8, 10, 11, 12, 13, 14, 17]

/** How often handlers were called; then they stop the machine. */
const TRAPS = 0x27000

/** A handler that goes on two bytes behind, or where it was interrupted. */
function handler(vector: number): number[] {
  const code = CODED.includes(vector)
  const count = [0xff, 0x0d, 0, 0x70, 2, 0, 0x75, 1, 0xf4] // dec dword [TRAPS]; jne +1; hlt
  const skip = vector < 32 && vector !== 1 && vector !== 3 && vector !== 4
    ? [0x83, 0x44, 0x24, code ? 4 : 0, 2] : [] // add dword [esp (+ 4)], 2
  return [...count, ...skip, ...code ? [0x83, 0xc4, 4] : [], 0xcf]
}

/** The page's frame and its flags. */
function entryOf(page: number): number {
  const frame = page < FRAMES ? page : page & 15
  // who may not invalidate may not change tables: what a stale translation does, nobody promises
  const tables = page === DIRECTORY >> 12 || page === TABLE >> 12
  const flags = page === 8 ? 0 : page === 12 ? 5 : tables ? 3 : 7
  return (frame << 12) | flags
}

function build(engine: Engine): Machine {
  const machine = new Machine({ ramBytes: FRAMES * 4096, deterministic: true, engine })
  const { cpu, physical } = machine
  const noise = new Random(77)
  for (let at = 0; at < 0x10000; at += 4) physical.write32(at, noise.int())
  for (let i = 0; i < 1024; i++) {
    physical.write32(DIRECTORY + i * 4, TABLE | 7)
    physical.write32(TABLE + i * 4, entryOf(i))
  }
  for (let v = 0; v < 256; v++) {
    const at = HANDLERS + Math.min(v, TIMER) * 32
    physical.write32(IDT + v * 8, (8 << 16) | (at & 0xffff))
    physical.write32(IDT + v * 8 + 4, (at & 0xffff0000) | 0xee00)
  }
  for (let v = 0; v <= TIMER; v++) physical.writeBytes(HANDLERS + v * 32, Uint8Array.from(handler(v)))
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
  return machine
}

export interface Report {
  programs: number
  instructions: number
  regions: number
  exits: Record<string, number>
  /** Programs that wrote over their tables, and then went by stale translations. */
  strayed: number
  differences: string[]
}

const hex = (bytes: number[]) => bytes.map((b) => b.toString(16).padStart(2, '0')).join(' ')

/** Two machines of one kind; only one of them translates. */
export class TwoEngines {
  private readonly machines: Machine[]
  private readonly base: Uint8Array
  private readonly random: Random
  readonly report: Report = { programs: 0, instructions: 0, regions: 0, exits: {}, strayed: 0, differences: [] }

  constructor(seed: number, engines: Engine[] = ['interpreted', 'eager']) {
    this.random = new Random(seed)
    this.machines = engines.map(build)
    this.base = this.machines[0].cpu.saveState()
  }

  /** Runs the program on both, in slices that end anywhere. */
  run(program: Program): void {
    const r = this.random
    const user = r.chance(0.3)
    const flags = program.eflags & ~0x400 | (r.chance(0.5) ? 0x200 : 0) | (r.chance(0.05) ? 0x100 : 0)
      | (user ? 0x3000 : 0)
    for (const machine of this.machines) start(machine, this.base, program, user, flags)
    const steps = r.chance(0.1) ? 30 : 1 + r.below(4)
    for (let n = 0; n < steps; n++) {
      const budget = r.pick([1 + r.below(20), 1 + r.below(300), 200 + r.below(2000)])
      const timer = r.chance(0.3) ? 1 + r.below(400) : 0
      const poke = r.chance(0.05) ? r.below(program.bytes.length) : -1
      const byte = r.below(256)
      const reasons = this.machines.map((machine) => {
        const { cpu, physical } = machine
        if (timer > 0) cpu.setTimer(timer, TIMER)
        if (poke >= 0) physical.write8(CODE + poke, byte)
        return cpu.run(budget).reason
      })
      if (!this.agree(reasons, program, { user, flags, n, budget, timer })) break
      if (reasons[0] !== 'budget') break
    }
    this.report.programs++
    this.report.instructions = this.machines[1].cpu.instructions
    const { exits, made } = this.machines[1].cpu.translation
    this.report.exits = exits
    this.report.regions = made
  }

  private agree(reasons: string[], program: Program, how: object): boolean {
    const [a, b] = this.machines.map(({ cpu }) => cpu.saveState())
    if (reasons[0] === reasons[1] && Buffer.compare(a, b) === 0) return true
    if (this.machines.some(hasStrayed)) {
      this.report.strayed++
      return false
    }
    this.report.differences.push(`${JSON.stringify(how)} ${reasons} ${difference(a, b)}\n`
      + `registers ${program.registers} code ${hex(program.bytes)}`)
    return false
  }
}

function start({ cpu, physical }: Machine, base: Uint8Array, program: Program, user: boolean, flags: number): void {
  cpu.loadState(base)
  const dpl = user ? 0x60 : 0
  const rpl = user ? 3 : 0
  cpu.setSegment(1, { base: 0, limit: 0xffffffff, selector: user ? 0x1b : 8, flags: 0xc09b | dpl })
  for (const i of [0, 2, 3, 4, 5]) {
    const place = i > 3 ? { base: i * 0x100, limit: 0xfffff } : { base: 0, limit: 0xffffffff }
    cpu.setSegment(i, { ...place, selector: (user ? 0x20 : 0x10) | rpl,
      flags: (place.limit > 0xfffff ? 0xc093 : 0x4093) | dpl })
  }
  physical.fill(CODE, 8192, 0xf4)
  physical.writeBytes(CODE, Uint8Array.from(program.bytes).subarray(0, 8192))
  physical.write32(TRAPS, 60)
  program.registers.forEach((value, n) => cpu.setReg(n, value))
  writeFlags(cpu.core, flags)
  cpu.eip = CODE
}

/**
 * Has a stray write of the program changed its tables? Then it goes by stale
 * translations, of which each engine keeps others. Bits that are asked for
 * (INVLPG follows) and those that the processor sets are no stray writes.
 */
function hasStrayed({ physical }: Machine): boolean {
  for (let i = 0; i < 1024; i++) {
    const asked = i === 0x30 || i === 0x31 ? 0x1063 : 0x63
    if ((physical.read32(DIRECTORY + i * 4) ^ (TABLE | 7)) & ~0x60) return true
    if ((physical.read32(TABLE + i * 4) ^ entryOf(i)) & ~asked) return true
  }
  return false
}

/** The first words that are not equal. */
function difference(a: Uint8Array, b: Uint8Array): string {
  const x = new Int32Array(a.buffer, a.byteOffset, a.length >> 2)
  const y = new Int32Array(b.buffer, b.byteOffset, b.length >> 2)
  const found: string[] = []
  for (let i = 0; i < x.length && found.length < 8; i++) {
    if (x[i] !== y[i]) found.push(`word ${i}: ${(x[i] >>> 0).toString(16)} ${(y[i] >>> 0).toString(16)}`)
  }
  return found.join(', ')
}
