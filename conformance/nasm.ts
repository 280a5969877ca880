/**
 * Small programs and what hardware made of them: the folder that v86's own
 * tests/nasm builds, NAME.img (an ELF image, flat, ended by HLT) beside
 * NAME.fixture (registers and memory as gdb printed them on a real
 * processor). None of it is ours, none of it is kept here.
 */
import { theEngine } from './engine.ts'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Machine } from '../generated/emulator/index.ts'
import { hex } from './words.ts'

/** What the fixture tells, in its own order. */
interface Fixture {
  exception: number
  registers: number[]
  eip: number
  /** ST(0) up; a string where gdb had no number. */
  st: (number | string)[]
  mmx: number[]
  xmm: number[]
  memory: number[]
  eflags: number
  tags: number
  status: number
}

const MEMORY = 0x100000
const MEMORY_WORDS = 0x800
/** Where the state is saved when the program is over. */
const SAVE_CODE = 0x1f0000
const SAVE_AREA = 0x1f1000
/** Tables of the little system around it; an exception ends in a HLT. */
const GDT = 0x1f2000
const IDT = 0x1f3000
const STUB = 0x1f4000
const ARITHMETIC = 0x8d5
/** Exceptions that push an error code. */
const WITH_CODE = new Set([8, 10, 11, 12, 13, 14, 17])
const NAMES = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi']

/** gdb names the signal; the program had one meaning for each. */
const SIGNALS: Record<string, number> =
  { SIGFPE: 0, SIGILL: 6, SIGSEGV: 13, SIGBUS: 14 }

/** The folder or a file in it is not what it should be; one line says what. */
export class NasmError extends Error {}

/** What gdb printed, as numbers; null if that is not all there. */
export function parseFixture(text: string): Fixture | null {
  const signal = /signal (SIG\w+)/.exec(text)?.[1]
  const begin = text.indexOf('---BEGIN JSON---') + 16
  const body = text.slice(begin, text.indexOf('---END JSON---'))
    .replace(/-inf\b/g, '-1e999').replace(/\binf\b/g, '1e999')
    .replace(/-?\bnan\b(\(\w+\))?/g, '"nan"')
  const all = listOf(body)
  if (all === null || all.length < FIXTURE_WORDS) return null
  let at = 0
  const take = (n: number) => all.slice(at, at += n)
  const numbers = (n: number) => take(n) as number[]
  return {
    exception: signal === undefined ? -1 : SIGNALS[signal],
    registers: numbers(8), eip: numbers(1)[0], st: take(8), mmx: numbers(16),
    xmm: numbers(32), memory: numbers(MEMORY_WORDS), eflags: numbers(1)[0],
    tags: numbers(1)[0], status: numbers(1)[0],
  }
}

/** Registers, EIP, ST, MM, XMM, memory, flags, tags and status. */
const FIXTURE_WORDS = 8 + 1 + 8 + 16 + 32 + MEMORY_WORDS + 3

function listOf(json: string): (number | string)[] | null {
  try {
    return JSON.parse(json)
  } catch {
    return null
  }
}

/** Loads the segments of an ELF image. @returns its entry */
export function loadImage(machine: Machine, image: Buffer): number {
  const headers = image.readUInt32LE(28)
  const count = image.readUInt16LE(44)
  for (let i = 0; i < count; i++) {
    const at = headers + i * 32
    const [type, offset, address, , size, inMemory] =
      Array.from({ length: 6 }, (_, k) => image.readUInt32LE(at + k * 4))
    if (type !== 1) continue
    machine.physical.fill(address, inMemory, 0)
    machine.physical.writeBytes(address, image.subarray(offset, offset + size))
  }
  return image.readUInt32LE(24)
}

/** One machine for all of them, as new for each. */
export class NasmRunner {
  private readonly machine = new Machine(
    { ramBytes: 2 << 20, deterministic: true, engine: theEngine() })
  private readonly fresh: Uint8Array

  constructor() {
    const { cpu, physical } = this.machine
    cpu.cr4 = 0x600
    // fxsave [SAVE_AREA]; hlt
    physical.writeBytes(SAVE_CODE, Uint8Array.of(0x0f, 0xae, 0x05))
    physical.write32(SAVE_CODE + 3, SAVE_AREA)
    physical.write8(SAVE_CODE + 7, 0xf4)
    this.buildTables()
    this.fresh = this.machine.cpu.saveState()
  }

  private buildTables(): void {
    const { cpu, physical } = this.machine
    const flat = [0, 0, 0xffff, 0xcf9b00, 0xffff, 0xcf9300]
    flat.forEach((word, i) => physical.write32(GDT + i * 4, word))
    for (let vector = 0; vector < 32; vector++) {
      physical.write32(IDT + vector * 8, (8 << 16) | (STUB & 0xffff))
      physical.write32(IDT + vector * 8 + 4, (STUB & 0xffff0000) | 0x8e00)
    }
    physical.write8(STUB, 0xf4)
    cpu.gdtr = { base: GDT, limit: 23 }
    cpu.idtr = { base: IDT, limit: 255 }
  }

  /** @returns what differs from the fixture; nothing: passed */
  run(image: Buffer, fixture: Fixture): string[] {
    const { cpu } = this.machine
    cpu.loadState(this.fresh)
    cpu.eip = loadImage(this.machine, image)
    const end = { vector: -1, eip: 0 }
    cpu.onTrap = (vector) => { end.vector = vector }
    const { reason } = cpu.run(10_000_000)
    cpu.onTrap = undefined
    if (reason !== 'halt') return [`it ends with ${reason}`]
    if (end.vector >= 0) end.eip = this.pushedEip(end.vector)
    if (fixture.exception >= 0 || end.vector >= 0) {
      return differentEnds(end, fixture)
    }
    const found = this.plainState(fixture)
    return [...found, ...compareFloats(this.save(), fixture)]
  }

  private pushedEip(vector: number): number {
    const { cpu, physical } = this.machine
    const at = cpu.reg(4) + (WITH_CODE.has(vector) ? 4 : 0)
    return at < physical.size - 4 ? physical.read32(at) : -1
  }

  private plainState(fixture: Fixture): string[] {
    const { cpu, physical } = this.machine
    const found: string[] = []
    NAMES.forEach((name, i) => note(found, name, cpu.reg(i),
      fixture.registers[i]))
    note(found, 'flags', cpu.eflags & ARITHMETIC, fixture.eflags & ARITHMETIC)
    for (let i = 0; i < MEMORY_WORDS; i++) {
      const at = MEMORY + i * 4
      note(found, `[${hex(at)}]`, physical.read32(at), fixture.memory[i])
    }
    return found
  }

  /** The image FXSAVE makes; null if there is no such instruction. */
  private save(): Buffer | null {
    const { cpu, physical } = this.machine
    cpu.eip = SAVE_CODE
    cpu.run(10)
    if (cpu.eip !== SAVE_CODE + 8) return null
    return Buffer.from(physical.readBytes(SAVE_AREA, 512))
  }
}

function differentEnds(end: { vector: number, eip: number },
  fixture: Fixture): string[] {
  const found: string[] = []
  if (end.vector !== fixture.exception) {
    found.push(`exception ${end.vector} at ${hex(end.eip)}, not `
      + fixture.exception)
  } else note(found, 'eip', end.eip, fixture.eip)
  return found
}

function note(found: string[], what: string, ours: number, theirs: number) {
  if ((ours | 0) !== (theirs | 0)) {
    found.push(`${what} ${hex(ours)}, not ${hex(theirs)}`)
  }
}

/** Tag word as the x87 environment has it: special numbers are 2. */
const ALL_SPECIAL = 0xaaaa

function compareFloats(saved: Buffer | null, fixture: Fixture): string[] {
  if (!saved) return ['no FXSAVE']
  const found: string[] = []
  if (fixture.tags === ALL_SPECIAL) {
    for (let i = 0; i < 16; i++) {
      note(found, `mm${i >> 1}.${i & 1}`,
        saved.readInt32LE(32 + (i >> 1) * 16 + (i & 1) * 4), fixture.mmx[i])
    }
  } else {
    note(found, 'status', saved.readUInt16LE(2), fixture.status)
    fixture.st.forEach((theirs, i) => {
      const ours = extended(saved, 32 + i * 16)
      const same = theirs === 'invalid'
        || (theirs === 'nan' ? Number.isNaN(ours) : near(ours, Number(theirs)))
      if (!same) found.push(`st${i} ${ours}, not ${theirs}`)
    })
  }
  for (let i = 0; i < 32; i++) {
    note(found, `xmm${i >> 2}.${i & 3}`, saved.readInt32LE(160 + i * 4),
      fixture.xmm[i])
  }
  return found
}

/** gdb printed more digits than a double holds; one unit may be lost. */
const near = (x: number, y: number) => x === y
  || Math.abs(x - y) <= Math.abs(y) * 2 ** -52

/** The double nearest to an 80-bit number, by way of its parts. */
function extended(from: Buffer, at: number): number {
  const mantissa = from.readBigUInt64LE(at)
  const high = from.readUInt16LE(at + 8)
  const sign = high & 0x8000 ? -1 : 1
  const exponent = high & 0x7fff
  if (exponent === 0x7fff) {
    return BigInt.asUintN(63, mantissa) === 0n ? sign * Infinity : NaN
  }
  const power = (exponent || 1) - 16383 - 63
  // in two steps, so that neither overflows before its time
  const half = power >> 1
  return sign * Number(mantissa) * 2 ** half * 2 ** (power - half)
}

export interface NasmReport {
  programs: number
  passed: number
  /** By what differs: names of the programs. */
  failures: Map<string, string[]>
}

/** Names of the programs in `folder` that have a fixture; at least one. */
export function nasmPrograms(folder: string, only = /./): string[] {
  const files = new Set(filesIn(folder))
  const names = [...files].filter((f) => f.endsWith('.img')
    && files.has(f.replace(/img$/, 'fixture')) && only.test(f))
    .map((f) => f.slice(0, -4)).sort()
  if (names.length === 0) {
    throw new NasmError(`${folder}: no NAME.img beside a NAME.fixture that --only lets through`)
  }
  return names
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    throw new NasmError(`${folder}: ${(error as Error).message.split(',')[0]}`)
  }
}

export function runNasm(folder: string, only: RegExp,
  progress: (done: number, of: number) => void): NasmReport {
  const names = nasmPrograms(folder, only)
  const runner = new NasmRunner()
  const report: NasmReport =
    { programs: names.length, passed: 0, failures: new Map() }
  names.forEach((name, i) => {
    const path = join(folder, name)
    const fixture = parseFixture(readFileSync(`${path}.fixture`, 'latin1'))
    if (fixture === null) throw new NasmError(`${path}.fixture: not what gdb prints, or not all of it`)
    const differences = runner.run(readFileSync(`${path}.img`), fixture)
    if (differences.length === 0) report.passed++
    else report.failures.set(name, differences)
    if (i % 50 === 0) progress(i, names.length)
  })
  return report
}

export interface NasmGroup {
  group: string
  /** Why it stands; empty: it may not. */
  why: string
  names: string[]
  example: string
}

/** What stands: name of the program, what differs, the manual's word. */
const STANDING: [RegExp, RegExp, string][] = [
  [/^gen_(660f7[cd]|f20f(7[cd]|12)|f30f1[26]|d[bdf]_1)/, /^exception 6/,
    'SSE3: what CPUID does not report is an invalid opcode'],
  [/^gen_f30fb8/, /^exception 6/,
    'POPCNT: what CPUID does not report is an invalid opcode'],
]

/** Failures by instruction and reason. */
export function explainNasm(report: NasmReport): NasmGroup[] {
  const groups = new Map<string, NasmGroup>()
  for (const [name, differences] of report.failures) {
    const why = STANDING.find(([who, what]) => who.test(name)
      && differences.every((d) => what.test(d)))?.[2] ?? ''
    const group = name.replace(/_\d+$/, '')
    const key = `${group} ${why}`
    const known = groups.get(key)
    if (known) known.names.push(name)
    else {
      groups.set(key, { group, why, names: [name],
        example: differences.slice(0, 4).join('; ') })
    }
  }
  return [...groups.values()]
}
