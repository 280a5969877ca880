/**
 * Five small programs for a processor, in our own assembler. Each leaves its
 * result in EAX and halts, and says what the result has to be.
 */
import {
  al, Assembler, dl, eax, ebx, ecx, edi, edx, esi, esp, mem,
} from '../generated/assembler/index.ts'
import type { Machine } from '../generated/emulator/index.ts'

export interface Kernel {
  name: string
  /** What is counted: iterations, steps, calls. */
  units: number
  write(a: Assembler): void
  /** Puts data into memory before the run. */
  prepare?(machine: Machine): void
  /** What EAX must be, modulo 2^32. */
  result: number
}

export const CODE = 0x10000
const DATA = 0x100000
const COPY = 0x200000

const ROUNDS = 2_000_000

const xorshift: Kernel = {
  name: 'xorshift', units: ROUNDS,
  write(a) {
    a.mov(eax, 2463534242).mov(ecx, ROUNDS)
    const top = a.here()
    a.mov(edx, eax).shl(edx, 13).xor(eax, edx)
    a.mov(edx, eax).shr(edx, 17).xor(eax, edx)
    a.mov(edx, eax).shl(edx, 5).xor(eax, edx)
    a.dec(ecx).jne(top).hlt()
  },
  get result() {
    let x = 2463534242
    for (let i = 0; i < ROUNDS; i++) {
      x ^= x << 13
      x ^= x >>> 17
      x ^= x << 5
    }
    return x >>> 0
  },
}

const SIEVE = 8190
const SIEVES = 50

/** The sieve of 1981: flags for odd numbers only, 1899 primes. */
const sieve: Kernel = {
  name: 'sieve', units: SIEVES, result: 1899,
  write(a) {
    const again = a.label()
    const next = a.label()
    const skip = a.label()
    a.mov(ebx, SIEVES).bind(again)
    a.mov(edi, DATA).mov(ecx, SIEVE + 1).mov(al, 1).rep().stosb()
    a.xor(eax, eax).xor(esi, esi).bind(next)
    a.cmp(mem(esi, DATA).byte, 0).je(skip)
    a.lea(edx, mem({ base: esi, index: esi, disp: 3 }))
    a.lea(ecx, mem({ base: esi, index: edx }))
    const strike = a.label()
    const struck = a.label()
    a.bind(strike).cmp(ecx, SIEVE).ja(struck)
    a.mov(mem(ecx, DATA).byte, 0).add(ecx, edx).jmp(strike)
    a.bind(struck).inc(eax)
    a.bind(skip).inc(esi).cmp(esi, SIEVE).jbe(next)
    a.dec(ebx).jne(again).hlt()
  },
}

const NODES = 65536
const STEPS = 1_000_000

/** A permutation in one cycle: i -> i * 5 + 1 modulo a power of two. */
const chase: Kernel = {
  name: 'pointer chase', units: STEPS,
  prepare({ physical }) {
    for (let i = 0; i < NODES; i++) {
      physical.write32(DATA + i * 4, DATA + ((i * 5 + 1) % NODES) * 4)
    }
  },
  write(a) {
    a.mov(eax, DATA).mov(ecx, STEPS)
    const top = a.here()
    a.mov(eax, mem(eax)).dec(ecx).jne(top).hlt()
  },
  get result() {
    let i = 0
    for (let step = 0; step < STEPS; step++) i = (i * 5 + 1) % NODES
    return DATA + i * 4
  },
}

const BYTES = 65536
const COPIES = 16

const copy: Kernel = {
  name: 'copy and add', units: BYTES * COPIES,
  result: BYTES,
  write(a) {
    a.mov(ebx, COPIES)
    const again = a.here()
    a.mov(esi, DATA).mov(edi, COPY).mov(ecx, BYTES)
    const top = a.here()
    a.mov(dl, mem(esi)).inc(esi).inc(dl).mov(mem(edi), dl).inc(edi)
    a.dec(ecx).jne(top).dec(ebx).jne(again)
    a.lea(eax, mem(edi, -COPY)).hlt()
  },
}

const FIB = 24

const fib: Kernel = {
  name: 'fib (call, ret)', units: 150_049, result: 46368,
  write(a) {
    const fib = a.label()
    const small = a.label()
    a.mov(eax, FIB).call(fib).hlt()
    a.bind(fib).cmp(eax, 2).jb(small)
    a.push(ebx).mov(ebx, eax).dec(eax).call(fib)
    a.xchg(eax, ebx).sub(eax, 2).call(fib)
    a.add(eax, ebx).pop(ebx).bind(small).ret()
  },
}

export const kernels: Kernel[] = [xorshift, sieve, chase, copy, fib]

const PAGE_TABLES = 0x1000
export const STACK = 0xf000
const [CS, TR] = [1, 7]

/** Ring 0, flat, paging on with every page at its own address. */
export function boot(machine: Machine): void {
  const { cpu, physical } = machine
  for (let table = 0; table < 2; table++) {
    const at = PAGE_TABLES + (table + 1) * 4096
    physical.write32(PAGE_TABLES + table * 4, at | 7)
    for (let i = 0; i < 1024; i++) {
      physical.write32(at + i * 4, (table << 22) | (i << 12) | 7)
    }
  }
  const flat = { base: 0, limit: 0xffffffff }
  for (let s = 0; s < 6; s++) {
    const flags = s === CS ? 0xcf9b : 0xcf93
    cpu.setSegment(s, { ...flat, selector: s === CS ? 8 : 16, flags })
  }
  cpu.setSegment(TR, { selector: 24, base: 0, limit: 103, flags: 0x8b })
  cpu.cr3 = PAGE_TABLES
  cpu.cr0 = 0x80010011
}

/** Assembles a kernel into memory. */
export function load(machine: Machine, kernel: Kernel): void {
  const a = new Assembler(CODE)
  kernel.write(a)
  machine.physical.writeBytes(CODE, a.assemble().bytes)
  kernel.prepare?.(machine)
}

/** One run from the start. @returns instructions retired */
export function run(machine: Machine, kernel: Kernel): number {
  const { cpu } = machine
  const before = cpu.instructions
  cpu.setReg(esp.number, STACK)
  cpu.eflags = 2
  cpu.eip = CODE
  const { reason } = cpu.run(Number.MAX_SAFE_INTEGER)
  if (reason !== 'halt' || cpu.reg(0) !== kernel.result) {
    throw new Error(`${kernel.name}: ${reason}, eax ${cpu.reg(0)}`)
  }
  return cpu.instructions - before
}
