/**
 * Whole programs: compiled here with gcc -m32, run in ring 3 of our machine
 * under the smallest kernel there is, and natively; output and exit status
 * must be the same. Some are ours, the others csmith invents.
 */
import { theEngine } from './engine.ts'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Machine } from '../generated/emulator/index.ts'
import { loadImage } from './nasm.ts'
import { systemImage } from './world.ts'
import { temporaryFolder } from './temporary.ts'

export interface Ending { output: string, status: number }
export interface ProgramReport { name: string, same: boolean, what: string, instructions: number }

const FOLDER = fileURLToPath(new URL('programs/', import.meta.url))
const PLACE = '-Wl,-Ttext-segment=0x400000'
const FLAGS = ['-m32', '-static', '-nostdlib', '-ffreestanding', '-fno-pie',
  '-no-pie', '-fno-stack-protector', '-fno-builtin', '-w', PLACE]
const LEVELS = ['-O0', '-O1 -march=i686', '-O2 -march=pentium4 -mfpmath=sse', '-O3']

const RAM = 16 << 20
const STACK = RAM - 0x1000
const KERNEL = 0x200000
const USER_CODE = 0x23
const USER_DATA = 0x2b
const SYSTEM_CALL = 0x80
const MOST_INSTRUCTIONS = 4_000_000_000
/** What takes a processor longer than this is not asked of ours. */
const NATIVE_MOST_MS = 500
const EAX = 0, ECX = 1, EDX = 2, EBX = 3, ESP = 4

/** Pages of 4 MiB, all of them everybody's: the kernel trusts its program. */
function putKernel(machine: Machine): void {
  const { cpu, physical } = machine
  physical.writeBytes(KERNEL, systemImage())
  for (let i = 0; i < RAM >>> 22; i++) {
    physical.write32(KERNEL + 0x4000 + i * 4, (i << 22) | 0x87)
  }
  // each gate leads to a HLT and, for system calls, an IRET behind it
  for (let vector = 0; vector < 256; vector++) {
    physical.write32(KERNEL + 0x9000 + vector * 4, 0xcff4)
    physical.write32(KERNEL + 0x2000 + vector * 8,
      0x80000 | ((0x9000 + vector * 4) & 0xffff))
    physical.write32(KERNEL + 0x2000 + vector * 8 + 4,
      KERNEL | (vector === SYSTEM_CALL ? 0xee00 : 0x8e00))
  }
  // mov ax, 48h; ltr ax; hlt
  physical.writeBytes(KERNEL + 0x9800,
    Uint8Array.of(0x66, 0xb8, 0x48, 0, 0x0f, 0x00, 0xd8, 0xf4))
  cpu.gdtr = { base: KERNEL, limit: 0x7f }
  cpu.idtr = { base: KERNEL + 0x2000, limit: 0x7ff }
  cpu.cr4 = 0x610
  cpu.cr3 = KERNEL + 0x4000
  cpu.cr0 = 0x80010033
  cpu.eip = KERNEL + 0x9800
  cpu.run(10)
}

function enter(machine: Machine, eip: number): void {
  const { cpu } = machine
  const flat = { base: 0, limit: 0xffffffff }
  cpu.setSegment(1, { ...flat, selector: USER_CODE, flags: 0xc0fb })
  for (const i of [0, 2, 3]) {
    cpu.setSegment(i, { ...flat, selector: USER_DATA, flags: 0xc0f3 })
  }
  cpu.setReg(ESP, STACK)
  cpu.eflags = 0x202
  cpu.eip = eip
}

/** Runs an ELF image of ours. */
export function runOurs(image: Buffer): Ending & { instructions: number } {
  const machine = new Machine({ ramBytes: RAM, deterministic: true, engine: theEngine() })
  const { cpu, physical } = machine
  putKernel(machine)
  let vector = -1
  cpu.onTrap = (v) => { vector = v }
  enter(machine, loadImage(machine, image))
  let output = ''
  const end = (status: number, word = '') =>
    ({ output: output + word, status, instructions: cpu.instructions })
  for (;;) {
    const { reason } = cpu.run(MOST_INSTRUCTIONS - cpu.instructions)
    if (reason !== 'halt') return end(-1, `[${reason}]`)
    if (vector !== SYSTEM_CALL) return end(-1, `[exception ${vector}]`)
    if (cpu.reg(EAX) === 1) return end(cpu.reg(EBX) & 0xff)
    output += Buffer.from(physical.readBytes(cpu.reg(ECX), cpu.reg(EDX)))
      .toString('latin1')
    cpu.setReg(EAX, cpu.reg(EDX))
  }
}

function runNative(path: string): Ending {
  const { stdout, status, signal } = spawnSync(path,
    { encoding: 'latin1', timeout: NATIVE_MOST_MS, maxBuffer: 1 << 24 })
  return { output: stdout, status: signal ? -2 : status ?? -3 }
}

/** It is not asked itself: csmith leaves a file wherever it says its version. */
export const missingTool = (tool: string): boolean =>
  spawnSync('sh', ['-c', 'command -v "$0"', tool], { stdio: 'ignore' }).status !== 0

const CSMITH_HEADERS = '/usr/include/csmith'

/** csmith, with the headers that its programs include. */
export const hasCsmith = (): boolean =>
  !missingTool('csmith') && existsSync(join(CSMITH_HEADERS, 'csmith.h'))

/** Compiles and runs one program both ways. */
function runBoth(name: string, sources: string[], level: string,
  extra: string[] = []): ProgramReport {
  const folder = temporaryFolder('program')
  const path = join(folder, 'program')
  try {
    execFileSync('gcc', [...FLAGS, ...level.split(' '), ...extra, `-I${FOLDER}`,
      '-o', path, ...sources, '-lgcc'], { stdio: 'pipe' })
    const theirs = runNative(path)
    if (theirs.status === -2) {
      return { name, same: true, what: 'takes too long natively', instructions: 0 }
    }
    const { instructions, ...ours } = runOurs(readFileSync(path))
    const same = ours.output === theirs.output && ours.status === theirs.status
    const what = same ? '' : `ours ${JSON.stringify(ours).slice(0, 200)}, `
      + `natively ${JSON.stringify(theirs).slice(0, 200)}`
    return { name: `${name} ${level}`, same, what, instructions }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Our own programs, at every level of optimisation. */
export function* runOwnPrograms(levels = LEVELS): Generator<ProgramReport> {
  const names = readdirSync(FOLDER).filter((f) =>
    f.endsWith('.c') && !f.startsWith('csmith'))
  for (const name of names) {
    for (const level of levels) {
      yield runBoth(name.slice(0, -2), [join(FOLDER, name)], level)
    }
  }
}

/** `count` programs by csmith, seeds from `seed` on. */
export function* runCsmith(seed: number, count: number):
  Generator<ProgramReport> {
  const folder = temporaryFolder('csmith')
  for (let i = 0; i < count; i++) {
    const source = join(folder, `c${i}.c`)
    writeFileSync(source, execFileSync('csmith', ['--seed', String(seed + i),
      '--no-argc', '--max-funcs', '6', '--max-block-depth', '3'],
      // It leaves a platform.info where it runs.
      { cwd: folder }))
    yield runBoth(`csmith seed ${seed + i}`,
      [source, join(FOLDER, 'csmith-host.c')], LEVELS[i % LEVELS.length],
      ['-DCSMITH_MINIMAL', '-DNO_PRINTF', `-I${CSMITH_HEADERS}`])
  }
  rmSync(folder, { recursive: true })
}
