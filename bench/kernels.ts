/**
 * Small programs for a processor, in our own assembler: the kernels that
 * emulators are measured by. Each is a function that leaves its result in EAX
 * and returns, and says what the result has to be. Where each lies in memory,
 * image.ts decides.
 */
import {
  al, Assembler, bl, dl, eax, ebp, ebx, ecx, edi, edx, esi, mem,
} from '../generated/assembler/index.ts'

export interface Kernel {
  name: string
  /** How many of what is counted are done: iterations, steps, calls. */
  units: number
  /** Works on floating point numbers; the rest are integer kernels. */
  floating?: boolean
  /** `data` is the address of 512 KiB of its own. */
  write(a: Assembler, data: number): void
  /** Fills the first bytes at `data` before anything runs. */
  prepare?(data: number): Uint32Array | Uint8Array
  /** What EAX must be, modulo 2^32. */
  result(data: number): number
}

const repeat = (times: number, value: number, step: (x: number) => number) => {
  let x = value
  for (let i = 0; i < times; i++) x = step(x)
  return x
}

const SHIFTS = 50_000
const SEED = 2463534242

const xorshift: Kernel = {
  name: 'xorshift', units: SHIFTS,
  write(a) {
    a.mov(eax, SEED).mov(ecx, SHIFTS)
    const top = a.here()
    a.mov(edx, eax).shl(edx, 13).xor(eax, edx)
    a.mov(edx, eax).shr(edx, 17).xor(eax, edx)
    a.mov(edx, eax).shl(edx, 5).xor(eax, edx)
    a.dec(ecx).jne(top).ret()
  },
  result: () => repeat(SHIFTS, SEED, (x) => {
    x ^= x << 13
    x ^= x >>> 17
    return x ^ (x << 5)
  }) >>> 0,
}

const SIEVE = 8190
const SIEVES = 5

/** The sieve of 1981: flags for odd numbers only, 1899 primes. */
const sieve: Kernel = {
  name: 'sieve', units: SIEVES, result: () => 1899,
  write(a, data) {
    const again = a.label()
    const next = a.label()
    const skip = a.label()
    a.push(ebx).push(esi).push(edi).mov(ebx, SIEVES).bind(again)
    a.mov(edi, data).mov(ecx, SIEVE + 1).mov(al, 1).rep().stosb()
    a.xor(eax, eax).xor(esi, esi).bind(next)
    a.cmp(mem(esi, data).byte, 0).je(skip)
    a.lea(edx, mem({ base: esi, index: esi, disp: 3 }))
    a.lea(ecx, mem({ base: esi, index: edx }))
    const strike = a.label()
    const struck = a.label()
    a.bind(strike).cmp(ecx, SIEVE).ja(struck)
    a.mov(mem(ecx, data).byte, 0).add(ecx, edx).jmp(strike)
    a.bind(struck).inc(eax)
    a.bind(skip).inc(esi).cmp(esi, SIEVE).jbe(next)
    a.dec(ebx).jne(again).pop(edi).pop(esi).pop(ebx).ret()
  },
}

const NODES = 65536
const STEPS = 150_000
const nextNode = (i: number) => (i * 5 + 1) % NODES

/** A permutation in one cycle: i -> i * 5 + 1 modulo a power of two. */
const chase: Kernel = {
  name: 'pointer chase', units: STEPS,
  prepare: (data) => Uint32Array.from({ length: NODES }, (_, i) => data + nextNode(i) * 4),
  write(a, data) {
    a.mov(eax, data).mov(ecx, STEPS)
    const top = a.here()
    a.mov(eax, mem(eax)).dec(ecx).jne(top).ret()
  },
  result: (data) => data + repeat(STEPS, 0, nextNode) * 4,
}

const BYTES = 65536
const COPIES = 2

const copy: Kernel = {
  name: 'copy + 1', units: BYTES * COPIES, result: () => BYTES,
  write(a, data) {
    a.push(ebx).push(esi).push(edi).mov(ebx, COPIES)
    const again = a.here()
    a.mov(esi, data).mov(edi, data + BYTES).mov(ecx, BYTES)
    const top = a.here()
    a.mov(dl, mem(esi)).inc(esi).inc(dl).mov(mem(edi), dl).inc(edi)
    a.dec(ecx).jne(top).dec(ebx).jne(again)
    a.lea(eax, mem(edi, -data - BYTES)).pop(edi).pop(esi).pop(ebx).ret()
  },
}

const FIB = 21

const fib: Kernel = {
  name: 'fib (call, ret)', units: 35_421, result: () => 10946,
  write(a) {
    const fib = a.label()
    const small = a.label()
    a.mov(eax, FIB).call(fib).ret()
    a.bind(fib).cmp(eax, 2).jb(small)
    a.push(ebx).mov(ebx, eax).dec(eax).call(fib)
    a.xchg(eax, ebx).sub(eax, 2).call(fib)
    a.add(eax, ebx).pop(ebx).bind(small).ret()
  },
}

const ROUNDS = 15_000
/** The toy program of the switch interpreter: one byte an operation. */
const [ADD, XOR, ROTATE, SWAP, LOOP] = [0, 1, 2, 3, 4]
const TOY = [ADD, XOR, ROTATE, SWAP, ADD, LOOP]

const switchInterpreter: Kernel = {
  name: 'switch interpreter', units: ROUNDS * TOY.length,
  prepare: () => Uint8Array.from(TOY),
  write(a, data) {
    const table = a.label()
    const next = () => {
      a.movzx(ecx, mem(esi).byte).inc(esi)
      a.jmp(mem({ index: ecx, scale: 4, disp: table }))
    }
    const done = a.label()
    a.push(ebx).push(esi).push(edi)
    a.mov(eax, 1).mov(ebx, 7).mov(edi, ROUNDS).mov(esi, data)
    next()
    const cases = [
      () => a.add(eax, ebx), () => a.xor(eax, 0x5bd1e995),
      () => a.rol(eax, 5), () => a.xchg(eax, ebx),
      () => a.dec(edi).je(done).mov(esi, data),
    ].map((body) => {
      const label = a.here()
      body()
      next()
      return label
    })
    a.bind(done).pop(edi).pop(esi).pop(ebx).ret()
    a.align(4).bind(table).dd(...cases)
  },
  result() {
    let [x, y] = [1, 7]
    for (let i = 0; i < ROUNDS; i++) {
      x = (x + y) ^ 0x5bd1e995
      x = (x << 5) | (x >>> 27);
      [x, y] = [y, x]
      x = (x + y) | 0
    }
    return x >>> 0
  },
}

const SORTED = 2000
const SORTS = 2
const FACTOR = 1664525
const ADDEND = 1013904223
const scramble = (x: number) => (Math.imul(x, FACTOR) + ADDEND) >>> 0

/** Hoare's quicksort of unsigned numbers; ESI first, EDI last. */
function writeSort(a: Assembler): void {
  const sort = a.label()
  const [split, left, right, out, done] = [a.label(), a.label(), a.label(), a.label(), a.label()]
  a.bind(sort).cmp(esi, edi).jae(done)
  a.mov(eax, mem(esi)).lea(ebx, mem(esi, -4)).lea(ecx, mem(edi, 4))
  a.bind(split)
  a.bind(left).add(ebx, 4).cmp(mem(ebx), eax).jb(left)
  a.bind(right).sub(ecx, 4).cmp(mem(ecx), eax).ja(right)
  a.cmp(ebx, ecx).jae(out)
  a.mov(edx, mem(ebx)).xchg(edx, mem(ecx)).mov(mem(ebx), edx).jmp(split)
  a.bind(out).push(edi).push(ecx).mov(edi, ecx).call(sort)
  a.pop(esi).add(esi, 4).pop(edi).jmp(sort)
  a.bind(done).ret()
}

/** Fills with scrambled numbers, sorts, and hashes the sorted row. */
const qsort: Kernel = {
  name: 'qsort', units: SORTS,
  write(a, data) {
    const sort = a.label()
    a.push(ebx).push(esi).push(edi).push(ebp).mov(ebp, SORTS)
    const again = a.here()
    a.mov(edi, data).mov(ecx, SORTED).mov(eax, SEED)
    const fill = a.here()
    a.imul(eax, eax, FACTOR).add(eax, ADDEND)
    a.mov(mem(edi), eax).add(edi, 4).dec(ecx).jne(fill)
    a.mov(esi, data).mov(edi, data + SORTED * 4 - 4).call(sort)
    a.dec(ebp).jne(again)
    a.mov(esi, data).mov(ecx, SORTED).xor(eax, eax)
    const hash = a.here()
    a.rol(eax, 5).add(eax, mem(esi)).add(esi, 4).dec(ecx).jne(hash)
    a.pop(ebp).pop(edi).pop(esi).pop(ebx).ret()
    a.bind(sort)
    writeSort(a)
  },
  result() {
    let x = SEED
    const row = Uint32Array.from({ length: SORTED }, () => (x = scramble(x))).sort()
    return row.reduce((sum, value) => (((sum << 5) | (sum >>> 27)) + value) >>> 0, 0)
  },
}

const CHECKED = 16384
const CHECKS = 6
const reflected = (x: number) => repeat(8, x, (bits) => (bits >>> 1) ^ (bits & 1 ? 0xedb88320 : 0)) >>> 0
const crcTable = Uint32Array.from({ length: 256 }, (_, i) => reflected(i))
const crcBytes = Uint8Array.from({ length: CHECKED }, (_, i) => (i * 7) & 0xff)

const crc: Kernel = {
  name: 'crc', units: CHECKED * CHECKS,
  prepare: () => new Uint8Array([...new Uint8Array(crcTable.buffer), ...crcBytes]),
  write(a, data) {
    a.push(ebx).push(esi).push(edi).mov(eax, -1).mov(edi, CHECKS)
    const again = a.here()
    a.mov(esi, data + 1024).mov(ecx, CHECKED)
    const top = a.here()
    a.mov(ebx, eax).xor(bl, mem(esi)).and(ebx, 255).shr(eax, 8)
    a.xor(eax, mem({ index: ebx, scale: 4, disp: data }))
    a.inc(esi).dec(ecx).jne(top).dec(edi).jne(again)
    a.not(eax).pop(edi).pop(esi).pop(ebx).ret()
  },
  result: () => ~repeat(CHECKS, -1, (sum) => crcBytes.reduce(
    (crc, byte) => (crc >>> 8) ^ crcTable[(crc ^ byte) & 255], sum)) >>> 0,
}

const DIVISIONS = 75_000

const div: Kernel = {
  name: 'div', units: DIVISIONS,
  write(a) {
    a.push(ebx).xor(ebx, ebx).mov(ecx, DIVISIONS)
    const top = a.here()
    a.mov(eax, SEED).xor(edx, edx).div(ecx)
    a.add(ebx, eax).xor(ebx, edx).dec(ecx).jne(top)
    a.mov(eax, ebx).pop(ebx).ret()
  },
  result() {
    let sum = 0
    for (let by = DIVISIONS; by > 0; by--) sum = (sum + Math.floor(SEED / by)) ^ (SEED % by)
    return sum >>> 0
  },
}

const ITERATIONS = 15_000
const GROWTH = 3.9
const BEGIN = 0.25

/** x = 3.9 * ((1 - x) * x), rounded to 53 bits as a double is. */
const x87: Kernel = {
  name: 'x87 loop', units: ITERATIONS, floating: true,
  prepare: () => new Uint32Array(new Float64Array([BEGIN, GROWTH, 0]).buffer),
  write(a, data) {
    a.db(0xdb, 0xe3) // fninit
    a.mov(mem(data + 24).word, 0x27f).db(0xd9, 0x2d).dd(data + 24) // fldcw
    a.db(0xdd, 0x05).dd(data) // fld qword [data]
    a.mov(ecx, ITERATIONS)
    const top = a.here()
    a.db(0xd9, 0xe8) // fld1
    a.db(0xd8, 0xe1) // fsub st0, st1
    a.db(0xde, 0xc9) // fmulp st1, st0
    a.db(0xdc, 0x0d).dd(data + 8) // fmul qword [data + 8]
    a.dec(ecx).jne(top)
    a.db(0xdd, 0x1d).dd(data + 16) // fstp qword [data + 16]
    a.mov(eax, mem(data + 16)).xor(eax, mem(data + 20)).ret()
  },
  result() {
    const x = repeat(ITERATIONS, BEGIN, (x) => (1 - x) * x * GROWTH)
    const [low, high] = new Uint32Array(new Float64Array([x]).buffer)
    return (low ^ high) >>> 0
  },
}

const ANGLES = 8_000
const STEP = 1 / 1024

/** Sine and cosine of angles all round the circle; their sum, as a float. */
const sincos: Kernel = {
  name: 'sincos', units: ANGLES, floating: true,
  prepare: () => new Uint32Array(new Float64Array([BEGIN, STEP, 0]).buffer),
  write(a, data) {
    a.db(0xdb, 0xe3).mov(mem(data + 4).dword, 0x3fd00000).mov(ecx, ANGLES) // fninit; x = BEGIN
    const top = a.here()
    a.db(0xdd, 0x05).dd(data).db(0xd9, 0xfb, 0xde, 0xc1) // fld [x]; fsincos; faddp
    a.db(0xd9, 0x1d).dd(data + 16) // fstp dword [sum]
    a.db(0xdd, 0x05).dd(data).db(0xdc, 0x05).dd(data + 8).db(0xdd, 0x1d).dd(data) // x += STEP
    a.dec(ecx).jne(top).mov(eax, mem(data + 16))
    a.mov(mem(data).dword, 0).ret()
  },
  result() {
    const x = BEGIN + (ANGLES - 1) * STEP
    return new Uint32Array(Float32Array.of(Math.sin(x) + Math.cos(x)).buffer)[0]
  },
}

const FLOATS = 1024
const PASSES = 300

/** y = a * x + y, four floats at a time, again and again. */
const saxpy: Kernel = {
  name: 'SSE saxpy', units: FLOATS * PASSES / 4, floating: true,
  prepare: () => new Uint32Array(Float32Array.from({ length: 2 * FLOATS + 4 }, (_, n) => (
    n < 4 ? 0.37 : n < FLOATS + 4 ? 1 + n / 7 : 0)).buffer),
  write(a, data) {
    a.push(esi).push(edi).push(ebx)
    a.db(0x0f, 0x20, 0xe0).or(eax, 0x600).db(0x0f, 0x22, 0xe0) // cr4: vectors may be used
    a.db(0x0f, 0x57, 0xc0, 0x0f, 0x57, 0xff).mov(esi, data + 16 + FLOATS * 4).mov(ecx, FLOATS / 4)
    const clear = a.here()
    a.db(0x0f, 0x29, 0x06).add(esi, 16).dec(ecx).jne(clear) // movaps [esi], xmm0
    a.db(0x0f, 0x28, 0x0d).dd(data).mov(ebx, PASSES) // movaps xmm1, [data]
    const again = a.here()
    a.mov(esi, data + 16).mov(ecx, FLOATS / 4)
    const top = a.here()
    a.db(0x0f, 0x28, 0x06, 0x0f, 0x59, 0xc1) // movaps xmm0, [esi]; mulps xmm0, xmm1
    a.db(0x0f, 0x58, 0x86).dd(FLOATS * 4) // addps xmm0, [esi + y]
    a.db(0x0f, 0x29, 0x86).dd(FLOATS * 4) // movaps [esi + y], xmm0
    a.add(esi, 16).dec(ecx).jne(top).dec(ebx).jne(again)
    a.mov(eax, mem(data + 16 + FLOATS * 8 - 4)).pop(ebx).pop(edi).pop(esi).ret()
  },
  result() {
    const [a, x] = Float32Array.of(0.37, 1 + (FLOATS + 3) / 7)
    const step = Math.fround(a * x)
    const y = repeat(PASSES, 0, (y) => Math.fround(y + step))
    return new Uint32Array(Float32Array.of(y).buffer)[0]
  },
}

/** The brightest of each pixel and the one a row below, a little brighter; sixteen at a time. */
const pixels: Kernel = {
  name: 'SSE2 pixels', units: FLOATS * PASSES / 4, floating: true,
  prepare: () => Uint32Array.from({ length: 2 * FLOATS + 4 }, (_, n) => (n < 4 ? 0x01010101 : n * 0x9e3779b1)),
  write(a, data) {
    a.push(esi).push(ebx)
    a.db(0x0f, 0x20, 0xe0).or(eax, 0x600).db(0x0f, 0x22, 0xe0)
    a.db(0x66, 0x0f, 0x6f, 0x0d).dd(data).db(0x66, 0x0f, 0xef, 0xd2).mov(ebx, PASSES) // pxor xmm2, xmm2
    const again = a.here()
    a.mov(esi, data + 16).mov(ecx, FLOATS / 4)
    const top = a.here()
    a.db(0x66, 0x0f, 0x6f, 0x06, 0x66, 0x0f, 0xde, 0x86).dd(FLOATS * 4) // pmaxub xmm0, [esi + row]
    a.db(0x66, 0x0f, 0xdc, 0xc1, 0x66, 0x0f, 0xfe, 0xd0) // paddusb xmm0, xmm1; paddd xmm2, xmm0
    a.add(esi, 16).dec(ecx).jne(top).dec(ebx).jne(again)
    a.db(0x66, 0x0f, 0x7e, 0xd0).pop(ebx).pop(esi).ret() // movd eax, xmm2
  },
  result() {
    const bytes = new Uint8Array(this.prepare!(0).buffer)
    let sum = 0
    for (let at = 16; at < 16 + FLOATS * 4; at += 16) {
      for (let n = 3; n >= 0; n--) {
        const brightest = Math.max(bytes[at + n], bytes[at + FLOATS * 4 + n])
        sum = (sum + ((Math.min(255, brightest + 1) << (n * 8)) >>> 0)) >>> 0
      }
    }
    return Math.imul(sum, PASSES) >>> 0
  },
}

export const kernels: Kernel[] = [
  xorshift, sieve, chase, copy, fib, switchInterpreter, qsort, crc, div, x87, sincos, saxpy, pixels,
]
