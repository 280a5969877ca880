/**
 * The system side (rings, gates, tasks, paging) beside QEMU: one bare kernel
 * runs the same cases on qemu-system-i386 and on our Machine, and the memory
 * each case leaves behind is compared, word by word.
 *
 * A case owns the first 64 KiB of memory: tables, stacks, one instruction. The
 * kernel enters it by a task switch, which loads every register from the
 * case's TSS, and the case ends in INT3 through a task gate, which saves every
 * register there. All handlers and all landing places are such INT3s, so what
 * is saved tells which way the instruction went.
 */
import { theEngine } from './engine.ts'
import { spawnSync } from 'node:child_process'
import {
  closeSync, ftruncateSync, openSync, readSync, rmSync, writeFileSync, writeSync,
} from 'node:fs'
import { join } from 'node:path'
import {
  Assembler, al, ax, cr0, cr2, cr3, cr4, dr0, dr1, dr2, dr3, dr6, dr7, ds, eax, ebp, ebx, ecx, edi, edx, es, esi, esp, fs, gs,
  mem, ss,
} from '../generated/assembler/index.ts'
import { Machine } from '../generated/emulator/index.ts'
import { temporaryFolder } from './temporary.ts'

/** Where things stand in a case. */
export const GDT = 0x1000
export const IDT = 0x1800
export const TSS = 0x2000
/** A case, and what the kernel needs to know about it, in words. */
export const CASE_BYTES = 0x11000
export const FIELDS = 0x10000
export const FIELD = {
  cr0: 0, cr4: 1, efer: 2, dr0: 3, dr7: 7, sysenterCs: 8, done: 11, afterCr0: 12, afterCr2: 13, afterCr4: 14, afterDr6: 15,
  afterDr7: 16,
}
export const GDT_LIMIT = 0x1ff
export const IDT_LIMIT = 64 * 8 - 1
/** The selector of the kernel's task, in each case's GDT. */
export const KERNEL_TASK = 0x1f0
export const CASE_TASK = 0xf8
/** No paging, narrow tables, wide tables. */
export type Mode = 0 | 1 | 2

const KERNEL = 0x200000
const KERNEL_TSS = 0x210000
const KERNEL_GDT = 0x211000
const POINTERS = 0x211800
const KERNEL_STACK = 0x21f000
const DIRECTORY = 0x220000
const WIDE_POINTERS = 0x221000
const WIDE_DIRECTORIES = 0x222000
const HEAD = 0x1000000
const HEAD_COUNT = HEAD + 4
const HEAD_MODE = HEAD + 8
const HEAD_RECORD = HEAD + 16
const RECORDS = 0x1100000
const RAM = 64 << 20
/** Cases in one run of the kernel. */
export const AT_ONCE = 400

export function poke(m: Uint8Array, at: number, v: number): void {
  new DataView(m.buffer, m.byteOffset).setInt32(at, v, true)
}

export function peek(m: Uint8Array, at: number): number {
  return new DataView(m.buffer, m.byteOffset).getUint32(at, true)
}

/** A descriptor: `access` is bits 8 to 15 of its high word, `flags` 20 to 23. */
export function describe(m: Uint8Array, at: number, base: number, limit: number, access: number, flags: number): void {
  poke(m, at, (base << 16) | (limit & 0xffff))
  poke(m, at + 4, (base & 0xff000000) | (flags << 20) | (limit & 0xf0000) | (access << 8) | ((base >>> 16) & 0xff))
}

/** The kernel's own descriptors, which each GDT must hold. */
export function describeKernel(m: Uint8Array, gdt: number, busy: boolean): void {
  describe(m, gdt + 0x1e0, 0, 0xfffff, 0x9b, 0xc)
  describe(m, gdt + 0x1e8, 0, 0xfffff, 0x93, 0xc)
  describe(m, gdt + KERNEL_TASK, KERNEL_TSS, 0x67, busy ? 0x8b : 0x89, 0)
}

/** Runs `cases` on both; null where the machine shut down. */
export function runBoth(cases: Uint8Array[], mode: Mode): [Uint8Array | null, Uint8Array | null][] {
  const theirs = onQemu(cases, mode)
  const ours = onOurs(cases, mode)
  return cases.map((_, n) => [theirs[n], ours[n]])
}

export function qemuIsMissing(): boolean {
  return spawnSync('qemu-system-i386', ['--version']).status !== 0
}

const kernel = buildKernel()

function buildKernel(): { bytes: Uint8Array, entry: number } {
  const a = new Assembler(KERNEL)
  a.dd(0x1badb002, 0, -0x1badb002 >>> 0)
  const entry = a.address
  setUp(a)
  const next = a.here('next')
  const done = a.label('done')
  a.mov(eax, mem(HEAD)).cmp(eax, mem(HEAD_COUNT)).jae(done)
  a.imul(ebp, eax, CASE_BYTES).add(ebp, RECORDS)
  a.mov(esi, ebp).xor(edi, edi).mov(ecx, 0x4000).cld().rep().movsd()
  enter(a)
  leave(a)
  a.inc(mem(HEAD).dword).jmp(next)
  a.bind(done)
  a.mov(eax, 0).out(0xf4, al).hlt()
  return { bytes: a.assemble().bytes, entry }
}

function setUp(a: Assembler): void {
  const flat = a.label('flat')
  const wide = a.label('wide')
  const paging = a.label('paging')
  const ready = a.label('ready')
  a.cli().mov(esp, KERNEL_STACK).lgdt(mem(POINTERS)).mov(eax, 0x1e8)
  a.mov(ds, ax).mov(es, ax).mov(ss, ax).mov(fs, ax).mov(gs, ax)
  a.jmpFar(0x1e0, flat)
  a.bind(flat)
  a.mov(al, 0xff).out(0x21, al).out(0xa1, al)
  a.mov(eax, mem(HEAD_MODE)).test(eax, eax).je(ready)
  a.cmp(eax, 2).je(wide)
  a.mov(eax, DIRECTORY).mov(cr3, eax).mov(eax, 0x10).mov(cr4, eax)
  a.jmp(paging)
  a.bind(wide)
  a.mov(eax, WIDE_POINTERS).mov(cr3, eax).mov(eax, 0x20).mov(cr4, eax)
  a.bind(paging)
  a.mov(eax, cr0).or(eax, 0x80000000).mov(cr0, eax)
  a.bind(ready)
  a.mov(eax, KERNEL_TASK).ltr(ax)
}

/** A field of the case that EBP points at. */
function field(n: number) { return mem(ebp, FIELDS + n * 4) }

function enter(a: Assembler): void {
  const narrow = a.label()
  a.xor(eax, eax).mov(dr7, eax).mov(eax, 0xffff0ff0).mov(dr6, eax)
  for (const [n, dr] of [dr0, dr1, dr2, dr3].entries()) {
    a.mov(eax, field(FIELD.dr0 + n)).mov(dr, eax)
  }
  for (let n = 0; n < 3; n++) {
    a.mov(ecx, 0x174 + n).mov(eax, field(FIELD.sysenterCs + n))
    a.xor(edx, edx).wrmsr()
  }
  a.cmp(mem(HEAD_MODE).dword, 2).jne(narrow)
  a.mov(ecx, 0xc0000080).mov(eax, field(FIELD.efer)).xor(edx, edx).wrmsr()
  a.bind(narrow)
  a.lgdt(mem(POINTERS + 8)).lidt(mem(POINTERS + 16))
  a.xor(eax, eax).mov(cr2, eax)
  a.mov(eax, field(FIELD.cr4)).mov(cr4, eax)
  a.mov(eax, field(FIELD.cr0)).mov(cr0, eax)
  a.mov(mem(HEAD_RECORD), ebp)
  a.mov(eax, field(FIELD.dr7)).mov(dr7, eax)
  a.jmpFar(CASE_TASK, 0)
}

function leave(a: Assembler): void {
  a.mov(ebp, mem(HEAD_RECORD)).xor(eax, eax)
  a.mov(ebx, dr7).mov(field(FIELD.afterDr7), ebx).mov(dr7, eax)
  a.mov(esp, KERNEL_STACK).pushf().and(mem(esp).dword, 0xffffbfff).popf()
  a.mov(eax, cr0).mov(field(FIELD.afterCr0), eax)
  a.mov(eax, cr2).mov(field(FIELD.afterCr2), eax)
  a.mov(eax, cr4).mov(field(FIELD.afterCr4), eax)
  a.mov(eax, dr6).mov(field(FIELD.afterDr6), eax)
  a.clts().lgdt(mem(POINTERS))
  a.xor(esi, esi).mov(edi, ebp).mov(ecx, 0x4000).cld().rep().movsd()
  a.mov(field(FIELD.done).dword, 1)
}

type Put = (at: number, bytes: Uint8Array) => void

/** The kernel's tables; the case's own directories map the rest alike. */
function putTables(mode: Mode, put: Put): void {
  const area = new Uint8Array(0x20000)
  const at = (address: number): number => address - KERNEL_TSS
  const pointer = (n: number, base: number, limit: number): void => {
    poke(area, at(POINTERS) + n * 8, base << 16 | limit)
    poke(area, at(POINTERS) + n * 8 + 4, base >>> 16)
  }
  describeKernel(area, at(KERNEL_GDT), false)
  pointer(0, KERNEL_GDT, GDT_LIMIT)
  pointer(1, GDT, GDT_LIMIT)
  pointer(2, IDT, IDT_LIMIT)
  poke(area, at(KERNEL_TSS) + 28, [0, DIRECTORY, WIDE_POINTERS][mode])
  poke(area, at(KERNEL_TSS) + 100, 0x68 << 16)
  for (let n = 0; n < 1024; n++) poke(area, at(DIRECTORY) + n * 4, n << 22 | 0xe7)
  for (let n = 0; n < 4; n++) poke(area, at(WIDE_POINTERS) + n * 8, WIDE_DIRECTORIES + n * 4096 | 1)
  for (let n = 0; n < 2048; n++) poke(area, at(WIDE_DIRECTORIES) + n * 8, n << 21 | 0xe7)
  put(KERNEL_TSS, area)
}

function putHead(from: number, count: number, mode: Mode, put: Put): void {
  put(HEAD, new Uint8Array(Uint32Array.of(from, count, mode, 0, 0).buffer))
}

/** An ELF with a multiboot header, which QEMU loads without any disk. */
function elf(): Uint8Array {
  const out = new Uint8Array(0x1000 + kernel.bytes.length)
  const view = new DataView(out.buffer)
  out.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1])
  const halves: [number, number][] = [[16, 2], [18, 3], [40, 52], [42, 32], [44, 1]]
  for (const [at, v] of halves) view.setUint16(at, v, true)
  const size = kernel.bytes.length
  const words: [number, number][] = [[20, 1], [24, kernel.entry], [28, 52]]
  const header = [1, 0x1000, KERNEL, KERNEL, size, size, 7, 0x1000]
  header.forEach((v, n) => words.push([52 + n * 4, v]))
  for (const [at, v] of words) view.setUint32(at, v, true)
  out.set(kernel.bytes, 0x1000)
  return out
}

/** Its RAM is a file, so cases go in and come out without any device. */
function onQemu(cases: Uint8Array[], mode: Mode): (Uint8Array | null)[] {
  const folder = temporaryFolder('system')
  const ram = join(folder, 'ram')
  writeFileSync(join(folder, 'kernel'), elf())
  const fd = openSync(ram, 'w+')
  try {
    ftruncateSync(fd, RAM)
    const put: Put = (at, bytes) => { writeSync(fd, bytes, 0, bytes.length, at) }
    cases.forEach((bytes, n) => put(RECORDS + n * CASE_BYTES, bytes))
    const read = (at: number, count: number): Uint8Array => {
      const bytes = new Uint8Array(count)
      readSync(fd, bytes, 0, count, at)
      return bytes
    }
    return untilAllRan(cases.length, read, (from) => {
      putTables(mode, put)
      putHead(from, cases.length, mode, put)
      startQemu(folder, ram)
    })
  } finally {
    closeSync(fd)
    rmSync(folder, { recursive: true })
  }
}

function startQemu(folder: string, ram: string): void {
  const backend = `memory-backend-file,id=ram,size=64M,mem-path=${ram},share=on`
  spawnSync('qemu-system-i386', ['-machine', 'pc,memory-backend=ram', '-object', backend, '-m', '64', '-accel', 'tcg',
    '-cpu', 'qemu32,+nx,+sep,-pse36,+pae,+pse,+pge,+de', '-display', 'none', '-serial', 'none', '-monitor', 'none',
    '-nic', 'none', '-no-reboot', '-kernel', join(folder, 'kernel'),
    '-device', 'isa-debug-exit,iobase=0xf4,iosize=1'], { timeout: 60_000 })
}

/** A case that shuts the machine down is left out, and the rest goes on. */
function untilAllRan(
  count: number, read: (at: number, bytes: number) => Uint8Array, start: (from: number) => void,
): (Uint8Array | null)[] {
  const lost = new Set<number>()
  for (let from = 0; from < count;) {
    start(from)
    const reached = peek(read(HEAD, 4), 0)
    if (reached < count) lost.add(reached)
    from = reached + 1
  }
  return Array.from({ length: count }, (_, n) => lost.has(n) ? null : read(RECORDS + n * CASE_BYTES, CASE_BYTES))
}

function onOurs(cases: Uint8Array[], mode: Mode): (Uint8Array | null)[] {
  let machine = new Machine({ ramBytes: RAM, deterministic: true, checkTlb: true, engine: theEngine() })
  const put: Put = (at, bytes) => machine.physical.writeBytes(at, bytes)
  const read = (at: number, count: number): Uint8Array => machine.physical.readBytes(at, count)
  cases.forEach((bytes, n) => put(RECORDS + n * CASE_BYTES, bytes))
  return untilAllRan(cases.length, read, (from) => {
    if (from > 0) machine = restarted(machine)
    putTables(mode, put)
    put(KERNEL, kernel.bytes)
    putHead(from, cases.length, mode, put)
    machine.cpu.eip = kernel.entry
    machine.cpu.run(100_000_000)
  })
}

/** A fresh processor with the same memory. */
function restarted(old: Machine): Machine {
  const machine = new Machine({ ramBytes: RAM, deterministic: true, checkTlb: true, engine: theEngine() })
  machine.physical.writeBytes(0, old.physical.readBytes(0, RAM))
  return machine
}
