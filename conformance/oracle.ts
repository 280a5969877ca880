/**
 * The two oracles: Unicorn, and the processor of this machine in its 32-bit
 * mode. Each is a small C program, compiled here, that runs one instruction
 * at a time; both speak the same protocol.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Case } from './cases.ts'
import { FLOAT_BYTES } from './float-state.ts'
import type { Outcome } from './subject.ts'
import { temporaryFolder } from './temporary.ts'

export interface Answer extends Outcome {
  writes: { address: number, size: number, low: number, high: number }[]
}

/** The processor behind the native oracle. */
export interface Introduction {
  /** FS and GS. */
  selectors: number[]
  /** Bits of MXCSR that it has (SDM 1, 11.6.6). */
  mxcsrMask: number
  /** CPUID's twelve letters, and leaf 1's EAX. */
  maker: string
  signature: number
}

const REQUEST = 16 + 16 + 36 + 24 + 32
const ANSWER = 80
const REPEATS = 1, LAST = 2, FLOATS = 4

export type OracleName = 'unicorn' | 'native'

const COMMANDS: Record<OracleName, [string, string[]]> = {
  unicorn: ['unicorn.c', ['-O2', '-lunicorn']],
  native: ['native.c', ['-m32', '-static', '-O1', '-fno-stack-protector',
    '-fno-builtin', '-w']],
}

/** Compiles an oracle. @returns its path, or why there is none */
export function compileOracle(name: OracleName):
  { path: string } | { missing: string } {
  const [file, options] = COMMANDS[name]
  const folder = temporaryFolder('oracle')
  const path = join(folder, 'driver')
  const source = fileURLToPath(new URL(file, import.meta.url))
  try {
    execFileSync('gcc', ['-o', path, source, ...options], { stdio: 'pipe' })
    return { path }
  } catch (error) {
    const text = String((error as { stderr?: unknown }).stderr ?? error)
    return { missing: text.split('\n').find((l) => /error|ENOENT/.test(l))
      ?? 'it cannot be compiled' }
  }
}

export class Oracle {
  private readonly child: ChildProcess
  private chunks: Buffer[] = []
  private size = 0
  private wake = () => {}
  private dead = ''

  /** `data` and `tables` are what its memory begins with. */
  constructor(path: string, data: Uint8Array, tables: Uint8Array) {
    this.child = spawn(path, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.child.stdout!.on('data', (chunk: Buffer) => {
      this.chunks.push(chunk)
      this.size += chunk.length
      this.wake()
    })
    this.child.stdin!.on('error', () => {})
    this.child.on('exit', (code, signal) => {
      this.dead = `the oracle ended with ${signal ?? code}`
      this.wake()
    })
    this.child.stdin!.write(Buffer.concat([data, tables]))
  }

  /** Who answers; only the native oracle says. */
  async introduction(): Promise<Introduction> {
    const head = await this.take(28)
    return {
      selectors: [head.readUInt32LE(0), head.readUInt32LE(4)],
      mxcsrMask: head.readUInt32LE(8) || 0xffbf,
      maker: head.toString('latin1', 12, 24), signature: head.readUInt32LE(24),
    }
  }

  /** Runs all `cases`, one after another on the same memory. */
  async run(cases: Case[]): Promise<Answer[]> {
    this.child.stdin!.write(Buffer.concat(cases.flatMap((test, i) =>
      encode(test, i === cases.length - 1 ? LAST : 0))))
    const answers: Answer[] = []
    for (const test of cases) answers.push(await this.answer(test))
    return answers
  }

  close(): void { this.child.kill() }

  private async answer(test: Case): Promise<Answer> {
    const head = await this.take(ANSWER)
    const words = (from: number, n: number) =>
      Array.from({ length: n }, (_, i) => head.readInt32LE(from + i * 4))
    const count = head.readUInt32LE(76)
    const tail = await this.take(count * 16)
    const floats = test.floats ? Buffer.from(await this.take(FLOAT_BYTES)) : null
    return {
      vector: head.readInt32LE(0), code: head.readInt32LE(4),
      cr2: head.readUInt32LE(8), eip: head.readUInt32LE(12),
      registers: words(16, 8), eflags: head.readUInt32LE(48),
      segments: words(52, 6), floats,
      writes: Array.from({ length: count }, (_, i) => ({
        address: tail.readUInt32LE(i * 16), size: tail.readUInt32LE(i * 16 + 4),
        low: tail.readUInt32LE(i * 16 + 8), high: tail.readUInt32LE(i * 16 + 12),
      })),
    }
  }

  private async take(n: number): Promise<Buffer> {
    while (this.size < n) {
      if (this.dead !== '') throw new Error(this.dead)
      await new Promise<void>((done) => { this.wake = done })
    }
    if (this.chunks[0] === undefined || this.chunks[0].length < n) {
      this.chunks = [Buffer.concat(this.chunks)]
    }
    const taken = this.chunks[0].subarray(0, n)
    this.chunks[0] = this.chunks[0].subarray(n)
    if (this.chunks[0].length === 0) this.chunks.shift()
    this.size -= n
    return taken
  }
}

function encode(test: Case, last: number): Uint8Array[] {
  const to = Buffer.alloc(REQUEST)
  const words = (at: number, list: readonly number[]) =>
    list.forEach((v, i) => to.writeInt32LE(v | 0, at + i * 4))
  words(0, [test.address, test.eip, test.bytes.length,
    (test.repeats ? REPEATS : 0) | last | (test.floats ? FLOATS : 0)])
  to.fill(0x90, 16, 32)
  Buffer.from(test.bytes).copy(to, 16)
  words(32, test.registers)
  words(64, [test.eflags, ...test.segments])
  for (let i = 0; i < 4; i++) {
    const p = test.pokes[i] ?? { address: -1, value: 0 }
    words(92 + i * 8, [p.address, p.value])
  }
  return test.floats ? [to, test.floats] : [to]
}
