// The same machine code on this machine's own processor and on ours.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../../conformance/temporary.ts'
import { Machine } from '../../generated/emulator/index.ts'

/** Code that finds a block of memory at EAX, and blocks to run it on. */
export interface Piece {
  name: string
  code: Uint8Array
  blocks: Uint8Array[]
}
export const hex = (text: string) => Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'))

let driver: string | null | undefined

/** Builds the driver once; null if this machine cannot. */
function build(): string | null {
  const dir = temporaryFolder('native')
  const source = fileURLToPath(new URL('native.c', import.meta.url))
  const out = join(dir, 'native')
  try {
    execFileSync('gcc', ['-m32', '-O1', '-o', out, source], { stdio: 'ignore' })
    execFileSync(out, { input: '' })
  } catch {
    console.log('no gcc -m32 that works here: comparisons with hardware are skipped')
    return null
  }
  return existsSync(out) ? out : null
}
export function hasNative(): boolean {
  if (driver === undefined) driver = build()
  return driver !== null
}

/** The blocks after this machine's processor ran each piece. */
export function runNative(pieces: Piece[]): Uint8Array[][] {
  const input: Uint8Array[] = []
  for (const { code, blocks } of pieces) {
    input.push(new Uint8Array(Uint32Array.of(code.length, blocks.length, blocks[0].length).buffer), code, ...blocks)
  }
  const output = execFileSync(driver!, { input: Buffer.concat(input), maxBuffer: 1 << 30 })
  let at = 0
  return pieces.map(({ blocks }) => blocks.map((b) => new Uint8Array(output.subarray(at, at += b.length))))
}

const CODE = 0x1000
const STACK = 0x8000
const BLOCK = 0x9000

let made: Machine | undefined

function build32(): Machine {
  const machine = new Machine({ ramBytes: 1 << 20 })
  const { cpu, physical } = machine
  cpu.cr0 = 0x33
  cpu.cr4 = 0x600
  const gdt = 0x100, idt = 0x200
  physical.write32(gdt + 8, 0xffff)
  physical.write32(gdt + 12, 0xcf9b00)
  cpu.gdtr = { base: gdt, limit: 23 }
  cpu.idtr = { base: idt, limit: 0xff }
  for (let v = 0; v < 32; v++) {
    physical.write32(idt + v * 8, 0x00080800)
    physical.write32(idt + v * 8 + 4, 0x8e00)
  }
  physical.write8(0x800, 0xf4)
  return machine
}

/** The blocks after our processor ran each piece. */
export function runOurs(pieces: Piece[]): Uint8Array[][] {
  const { cpu, physical } = made ??= build32()
  const all: Uint8Array[][] = []
  for (const { name, code, blocks } of pieces) {
    physical.writeBytes(CODE, Uint8Array.of(...code, 0xf4))
    all.push(blocks.map((block) => {
      physical.writeBytes(BLOCK, block)
      cpu.setReg(0, BLOCK)
      cpu.setReg(4, STACK)
      cpu.eip = CODE
      cpu.eflags = 2
      if (cpu.run(100_000).reason !== 'halt') throw new Error(`${name}: did not end`)
      if (cpu.eip === 0x801) physical.write8(BLOCK, 0xee)
      return physical.readBytes(BLOCK, block.length)
    }))
  }
  return all
}

/** A stream of numbers that repeats: 32 bits each. */
export function randoms(seed: number): () => number {
  let s = seed >>> 0
  return () => {
    s = (s + 0x6d2b79f5) >>> 0
    let t = Math.imul(s ^ (s >>> 15), 1 | s)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return (t ^ (t >>> 14)) >>> 0
  }
}
