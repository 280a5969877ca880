/**
 * The two oracles: Unicorn, and the processor of this machine in its 32-bit
 * mode. Each is a small C program, compiled here, that runs one instruction
 * at a time; both speak the same protocol.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Case } from './cases.ts'
import type { Outcome } from './subject.ts'

export interface Answer extends Omit<Outcome, 'cr2'> {
  writes: { address: number, size: number, low: number, high: number }[]
}

const REQUEST = 12 + 16 + 36

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
  const folder = mkdtempSync(join(tmpdir(), 'oracle-'))
  const path = join(folder, 'driver')
  const source = fileURLToPath(new URL(file, import.meta.url))
  try {
    execFileSync('gcc', ['-o', path, source, ...options], { stdio: 'pipe' })
    return { path }
  } catch (error) {
    rmSync(folder, { recursive: true })
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

  constructor(path: string, data: Uint8Array) {
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
    this.child.stdin!.write(Buffer.from(data))
  }

  /** Runs all `cases`, one after another on the same memory. */
  async run(cases: Case[]): Promise<Answer[]> {
    const request = Buffer.alloc(REQUEST * cases.length)
    cases.forEach((test, i) => {
      const last = i === cases.length - 1 ? 2 : 0
      encode(request, i * REQUEST, test, last)
    })
    this.child.stdin!.write(request)
    const answers: Answer[] = []
    while (answers.length < cases.length) {
      answers.push(await this.answer())
    }
    return answers
  }

  close(): void { this.child.kill() }

  private async answer(): Promise<Answer> {
    const head = await this.take(48)
    const count = head.readUInt32LE(44)
    const tail = await this.take(count * 16)
    return {
      vector: head.readInt32LE(0), eip: head.readUInt32LE(4),
      registers: Array.from({ length: 8 }, (_, i) => head.readInt32LE(8 + i * 4)),
      eflags: head.readUInt32LE(40),
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

function encode(to: Buffer, at: number, test: Case, last: number): void {
  to.writeUInt32LE(test.address, at)
  to.writeUInt32LE(test.bytes.length, at + 4)
  to.writeUInt32LE((test.repeats ? 1 : 0) | last, at + 8)
  Buffer.from(test.bytes).copy(to, at + 12)
  test.registers.forEach((v, i) => to.writeInt32LE(v | 0, at + 28 + i * 4))
  to.writeUInt32LE(test.eflags, at + 60)
}
