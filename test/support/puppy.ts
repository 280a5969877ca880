/** Puppy under test: whole sessions, and single routines of its kernel. */
import { Machine } from '../../generated/emulator/index.ts'
import { BytesFile } from '../../generated/launcher/bytes-file.ts'
import type { PlatformFile } from '../../generated/launcher/platform.ts'
import { main } from '../../generated/launcher/main.ts'
import { KERNEL_BASE, LOAD_ADDRESS } from '../../generated/puppy/numbers.ts'
import { assembleKernel } from '../../generated/puppy/index.ts'
import { FakePlatform } from '../L-launcher/fakes.ts'

export const PROMPT = 'puppy> '

export interface Session {
  readonly status: number
  readonly out: string
  readonly err: string[]
  /** What was printed after each line, the prompts left out. */
  readonly answers: string[]
}

/** Boots Puppy, types each piece when it idles, then ends the input. */
export async function session(
  lines: readonly string[], args: readonly string[] = [],
  disk: PlatformFile = new BytesFile(new Uint8Array(4096)),
): Promise<Session> {
  const platform = new FakePlatform()
  platform.files.set('disk', disk)
  platform.console.isTerminal = false
  for (const line of lines) platform.console.type(line)
  platform.console.ended = true
  const status = await main(['--deterministic', ...args], platform)
  const { out, err } = platform
  const answers = out.split(PROMPT).slice(1)
    .map((answer) => answer.slice(answer.indexOf('\n') + 1))
  return { status, out, err, answers }
}

/** Whole lines, each typed with Enter. */
export const lines = (...texts: string[]): string[] =>
  texts.map((text) => `${text}\n`)

const REGISTERS = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi']
export type Registers = Record<string, number>

/**
 * The kernel in a bare machine: ring 0, no paging, segments that make
 * virtual addresses physical. Routines that ask no Host can be called.
 */
export class BareKernel {
  readonly machine = new Machine({ ramBytes: 8 << 20, deterministic: true })
  readonly kernel = assembleKernel()

  constructor() {
    const { cpu, physical } = this.machine
    physical.writeBytes(LOAD_ADDRESS, this.kernel.bytes)
    physical.write8(0x1000, 0xf4)
    for (let i = 0; i < 6; i++) {
      const segment = cpu.segment(i)
      cpu.setSegment(i, { ...segment, base: 2 ** 32 - KERNEL_BASE })
    }
  }

  /** Address of a symbol. */
  at(name: string): number {
    const address = this.kernel.symbols.get(name)
    if (address === undefined) throw new Error(`no ${name} in Puppy`)
    return address
  }

  read(address: number): number {
    return this.machine.physical.read32(address - KERNEL_BASE)
  }

  write(address: number, value: number): void {
    this.machine.physical.write32(address - KERNEL_BASE, value >>> 0)
  }

  get(name: string): number { return this.read(this.at(name)); }
  set(name: string, value: number): void { this.write(this.at(name), value); }

  /** Calls a routine and returns all registers after it. */
  call(name: string, given: Registers = {}): Registers {
    const { cpu } = this.machine
    const top = this.at('spare_stack') + 1000
    REGISTERS.forEach((register, i) => cpu.setReg(i, given[register] ?? 0))
    this.write(top, KERNEL_BASE + 0x1000)
    cpu.setReg(REGISTERS.indexOf('esp'), top)
    cpu.eip = this.at(name)
    const exit = cpu.run(10_000_000)
    if (exit.reason !== 'halt') throw new Error(`${name}: ${exit.reason}`)
    return Object.fromEntries(REGISTERS.map((register, i) =>
      [register, cpu.reg(i)]))
  }

  /** Frames to hand out, as after the boot of a machine of 8 MiB. */
  withFrames(): this {
    this.set('ram_end', 8 << 20)
    this.call('frames_init')
    return this
  }
}
