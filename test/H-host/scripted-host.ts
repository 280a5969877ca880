/**
 * A Host whose CPU follows a script: each entry into the Guest runs the next
 * step, which stores what a trap would have left in the register record.
 * The Guest's memory, its tables and everything the Host does are real.
 */
import { KERNEL_DS, LGUEST_TRAP_ENTRY, PAGE_SIZE } from '../../generated/abi/common.ts'
import type { RegisterName } from '../../generated/abi/common.ts'
import { eraA } from '../../generated/abi/era-a.ts'
import { callNumber } from '../../generated/abi/common.ts'
import type { CallName } from '../../generated/abi/common.ts'
import { Physical } from '../../generated/emulator/memory/physical.ts'
import { Core } from '../../generated/emulator/state/state.ts'
import { Host } from '../../generated/host/host.ts'
import type { HostClock } from '../../generated/host/clock.ts'
import type { LgCpu, Lguest } from '../../generated/host/lg.ts'
import type { LguestFile } from '../../generated/host/lguest-user.ts'
import { LauncherMemory, Task } from '../../generated/host/mm.ts'

export const PAGE_OFFSET = 0xc0000000
export const PGDIR = 0x1000
export const TABLE = 0x2000
export const DATA = 0x5000
export const STACK_TOP = 0x8000
export const START = PAGE_OFFSET + 0x10000
export const PAGES = 64

/** A clock in the test's hand, in microseconds. */
export class HandClock implements HostClock {
  time = 0
  tscKhz = 0
  now() { return this.time }
  wall() { return 1_190_000_000_000_000 + this.time }
  instructionsUntil() { return Infinity }
}

type Step = (cpu: LgCpu) => void

/** As much of a CPU as the Host touches, driven by a script. */
export class ScriptedCpu {
  readonly steps: Step[] = []
  entries = 0
  instructions = 0
  timer: { after: number; vector: number } | null = null
  get work() { return this.instructions }
  get paid() { return this.instructions }
  get repeats() { return true }
  cpl = 0
  cr0 = 1
  cr2 = 0
  cr3 = 0
  cr4 = 0x80
  eip = 0
  eflags = 2
  gdtr = { base: 0, limit: 0 }
  idtr = { base: 0, limit: 0 }
  readonly regs = new Array<number>(8).fill(0)
  readonly msrs = new Map<number, number>()
  readonly log: string[] = []
  host!: Host
  reg(i: number) { return this.regs[i] }
  setReg(i: number, v: number) { this.regs[i] = v }
  setSegment() {}
  segment() { return { selector: 0, base: 0, limit: 0, flags: 0 } }
  msr(n: number) { return this.msrs.get(n) ?? 0 }
  setMsr(n: number, v: number) { this.msrs.set(n, v); this.log.push(`msr ${n.toString(16)}=${v}`) }
  fpu = Uint8Array.of(0)
  saveFpu() { return this.fpu.slice() }
  loadFpu(saved: Uint8Array) { this.fpu = saved.slice() }
  raise() {}
  lower() {}
  setTimer(after: number, vector: number) { this.timer = { after, vector } }
  invalidate() {}
  dropContext() {}
  run() {
    this.entries++
    const step = this.steps.shift()
    if (step === undefined) throw new Error('the script has ended')
    step(this.host.lastCpu!)
    this.eip = this.eip + HOME
    return { reason: 'halt' as const }
  }
}

/** Bytes from `pushf` to behind `hlt` in the Host's door. */
const HOME = 8

export interface World {
  host: Host
  scripted: ScriptedCpu
  clock: HandClock
  file: LguestFile
  lg: Lguest
  cpu: LgCpu
  mm: LauncherMemory
  task: Task
}

export function makeHost(ram = 32 << 20) {
  const core = new Core(ram)
  const scripted = new ScriptedCpu()
  const clock = new HandClock()
  const physical = new Physical(core)
  const machine = { memory: core.memory, physical, cpu: scripted }
  const log: string[] = []
  const host = new Host(machine as never, { clock, random: () => 0, slice: 100_000, log: (line) => log.push(line) })
  scripted.host = host
  return { host, scripted, clock, log, core }
}

export const INITIALIZE = Uint32Array.of(0, PAGES, PGDIR, START, PAGE_OFFSET)

/** A Guest with linear tables, initialised and not yet run. */
export function makeGuest(made = makeHost()): World {
  const { host, scripted, clock } = made
  const mm = new LauncherMemory(host.physical, host.frames)
  mm.mapZeroed(0, PAGES)
  mm.write32(PGDIR + (PAGE_OFFSET >>> 22) * 4, TABLE | 7)
  for (let i = 0; i < PAGES; i++) mm.write32(TABLE + i * 4, (i * PAGE_SIZE) | 7)
  const task = new Task('launcher')
  const file = host.open(mm)
  const result = file.write(INITIALIZE, task)
  if (result !== 16) throw new Error(`INITIALIZE gave ${result}`)
  const lg = file.lg!
  return { host, scripted, clock, file, lg, cpu: lg.cpu, mm, task }
}

/** A Guest that has announced its data page. */
export function makeKnownGuest(made = makeHost()): World {
  const world = makeGuest(made)
  for (let i = 0; i < 64; i++) world.mm.writeBytes(DATA + eraA.data.hcallStatus + i, Uint8Array.of(0xff))
  hypercall(world, 'LGUEST_INIT', DATA)
  run(world)
  if (world.lg.dead !== null) throw new Error(String(world.lg.dead))
  return world
}

/** The next entry ends with this trap and these registers. */
export function trap(world: World, number: number, registers: Partial<Record<RegisterName, number>> = {}): void {
  world.scripted.steps.push((cpu) => {
    for (const [name, value] of Object.entries(registers)) cpu.setReg(name as RegisterName, value)
    if (registers.errcode === undefined) cpu.setReg('errcode', 0)
    cpu.setReg('trapnum', number)
  })
}

/** The next entry ends with a hypercall. */
export function hypercall(world: World, name: CallName | number, a = 0, b = 0, c = 0): void {
  const eax = typeof name === 'number' ? name : callNumber(eraA, name)
  trap(world, LGUEST_TRAP_ENTRY, { eax, edx: a, ebx: b, ecx: c })
}

/** The next entry ends with the end of the slice. */
export function sliceEnd(world: World): void { trap(world, 0x20) }

/** One read; if the script says nothing more the slice ends. */
export function run(world: World, buffer: Uint8Array | null = new Uint8Array(64)) {
  sliceEnd(world)
  const result = world.file.read(buffer, world.task)
  world.scripted.steps.length = 0
  return result
}

/** Why the Guest died, as a Launcher learns it. */
export function reason(world: World): string {
  const buffer = new Uint8Array(1024)
  const result = world.file.read(buffer, world.task)
  if (result.kind !== 'bytes') return JSON.stringify(result)
  return new TextDecoder().decode(buffer.subarray(0, result.count - 1))
}

/** Registers of a Guest kernel at rest with a usable stack. */
export function inKernel(world: World): void {
  world.cpu.setReg('esp', PAGE_OFFSET + STACK_TOP)
  world.cpu.setReg('ss', KERNEL_DS)
}
