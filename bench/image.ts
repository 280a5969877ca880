/**
 * All kernels in one image that both processors get, byte for byte: page
 * tables (every page at its own address), a driver, the kernels, their data.
 * The image is a multiboot kernel, because v86 can start one without a BIOS.
 */
import {
  Assembler, cr0, cr3, dx, eax, esp,
} from '../generated/assembler/index.ts'
import { kernels, type Kernel } from './kernels.ts'

export const IMAGE_BASE = 0x10000
export const PAGE_DIRECTORY = 0x11000
/** Where a processor lands that is told to return from a kernel: HLT. */
export const HALTS = 0x14000
export const STACK_TOP = 0xf000
/** What the page tables map. */
export const MAPPED = 8 << 20

/** Read: the address of the kernel to call, or 0. Written: its EAX. */
export const BENCH_PORT = 0xb8

const CODE = 0x20000
const DATA = 0x100000
const DATA_EACH = 0x80000

export const codeOf = (kernel: Kernel) => CODE + kernels.indexOf(kernel) * 4096
export const dataOf = (kernel: Kernel) => DATA + kernels.indexOf(kernel) * DATA_EACH

/** By the functions that work them out. */
const results = new Map<Kernel['result'], number>()

/** What a kernel must answer. It is worked out once: asking for it is part of what is timed. */
export function resultOf(kernel: Kernel): number {
  const known = results.get(kernel.result) ?? kernel.result(dataOf(kernel)) >>> 0
  results.set(kernel.result, known)
  return known
}

const MAGIC = 0x1badb002
/** The header says where the image goes: it is not an ELF file. */
const HAS_ADDRESSES = 0x10000

/** Asks for a kernel, calls it, hands over the result, asks again. */
function writeDriver(a: Assembler): void {
  const entry = a.label()
  const [header, flags] = [a.address, HAS_ADDRESSES]
  a.dd(MAGIC, flags, -(MAGIC + flags) | 0, header, IMAGE_BASE, 0, 0, entry)
  a.bind(entry).mov(esp, STACK_TOP)
  a.mov(eax, PAGE_DIRECTORY).mov(cr3, eax)
  a.mov(eax, 0x80010011).mov(cr0, eax)
  const ask = a.here()
  a.mov(dx, BENCH_PORT).in_(eax, dx).test(eax, eax).je(ask)
  a.call(eax).mov(dx, BENCH_PORT).out(dx, eax).jmp(ask)
}

function pageTables(): Uint32Array {
  const words = new Uint32Array(1024 * 3)
  const tables = MAPPED >> 22
  for (let table = 0; table < tables; table++) words[table] = (PAGE_DIRECTORY + (table + 1) * 4096) | 7
  for (let page = 0; page < tables * 1024; page++) words[1024 + page] = (page << 12) | 7
  return words
}

/** The image, to be put at IMAGE_BASE. */
export function buildImage(): Uint8Array<ArrayBuffer> {
  const image = new Uint8Array(dataOf(kernels.at(-1)!) + DATA_EACH - IMAGE_BASE)
  const put = (at: number, words: Uint8Array | Uint32Array) => (
    image.set(new Uint8Array(words.buffer, words.byteOffset, words.byteLength), at - IMAGE_BASE))
  const assemble = (at: number, write: (a: Assembler) => void) => {
    const a = new Assembler(at)
    write(a)
    put(at, a.assemble().bytes)
  }
  assemble(IMAGE_BASE, writeDriver)
  assemble(HALTS, (a) => a.hlt())
  put(PAGE_DIRECTORY, pageTables())
  for (const kernel of kernels) {
    assemble(codeOf(kernel), (a) => kernel.write(a, dataOf(kernel)))
    put(dataOf(kernel), kernel.prepare?.(dataOf(kernel)) ?? new Uint8Array(0))
  }
  return image
}
