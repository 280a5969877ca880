/**
 * Loops that a hostile Guest might run, each made to be dear: what takes long
 * and counts for little. They never end.
 */
import { ax, eax, ebp, ebx, ecx, edi, edx, esi, esp, mem } from '../generated/assembler/index.ts'
import { GDT, PAGE_OFFSET, PGDIR, STACK_TOP, TABLE } from '../test/H-host/tiny-guest.ts'
import type { Kernel } from '../test/H-host/tiny-guest.ts'

export interface Storm {
  what: string
  build: (k: Kernel) => void
}
type Body = (k: Kernel) => void

/** A free megabyte of the Guest's, where nothing else is. */
const FREE = PAGE_OFFSET + 0x100000
const FREE_PAGES = 256
const OPERANDS = FREE + 0x2000
const [TRAP_GATE, INTERRUPT_GATE] = [0xf, 0xe]

function forever(k: Kernel, body: Body): void {
  const again = k.here()
  body(k)
  k.jmp(again)
}

function fourTimes(k: Kernel, code: number[]): void {
  for (let i = 0; i < 4; i++) k.db(...code)
}

/** Something first, once, and then bytes of instructions for ever, in ring 1. */
const after = (first: Body, ...code: number[]): Body => (k) => {
  k.begin().segments()
  k.mov(edi, FREE).mov(esi, OPERANDS)
  first(k)
  forever(k, () => fourTimes(k, code))
}
const code = (...instruction: number[]): Body => after(() => {}, ...instruction)

/** A hypercall for ever. */
const calls = (body: Body, first: Body = () => {}): Body => (k) => {
  k.begin().segments()
  first(k)
  forever(k, body)
}

/** An instruction that traps; the Guest's handler skips so many bytes of it. */
const trapping = (vector: number, instruction: number[], skip = instruction.length, gate = TRAP_GATE, withCode = false): Body => (k) => {
  const handler = k.label()
  const begin = k.label()
  k.begin().segments().gate(vector, handler, gate, 3)
  k.mov(edi, FREE).mov(ecx, 0).jmp(begin)
  k.bind(handler)
  if (withCode) k.add(esp, 4)
  if (skip > 0) k.add(mem(esp).dword, skip)
  k.iret()
  k.bind(begin)
  forever(k, () => fourTimes(k, instruction))
}

/** A program in ring 3; its kernel answers vector 0x80 with IRET. */
const program = (gate: number, body: Body): Body => (k) => {
  const handler = k.label()
  const start = k.label()
  k.begin().segments().gate(0x80, handler, gate, 3)
  k.toRing3(start)
  k.bind(handler).iret()
  k.bind(start)
  forever(k, body)
}

/** All of the free megabyte is filled with one word. */
function fill(k: Kernel, word: number): void {
  k.mov(edi, FREE).mov(ecx, FREE_PAGES * 1024).mov(eax, word)
  k.db(0xfc, 0xf3, 0xab)
  k.mov(edi, FREE)
}

/** A loop at EBX that counts ECX down: dec ecx; jnz; ret, in one page. */
function putLoop(k: Kernel): void {
  k.mov(mem(ebx).dword, 0xc3fd7549 | 0)
}

/** Memory that is also seen from HIGH on, where linear addresses have a sign. */
const HIGH = 0x80000000
function high(k: Kernel): void {
  k.mov(mem(PAGE_OFFSET + PGDIR + (HIGH >>> 22) * 4).dword, TABLE | 7)
  k.cld()
}

function touch(k: Kernel, pages: number): void {
  k.mov(ebx, FREE).mov(ecx, pages)
  const again = k.here()
  k.mov(mem(ebx).dword, 1)
  k.add(ebx, 4096).dec(ecx).jne(again)
}

const directory = (n: number) => 0x30000 + n * 0x1000

/** Directories beside the first, with the same kernel in each. */
function directories(k: Kernel, count: number): void {
  for (let n = 0; n < count; n++) {
    k.mov(mem(PAGE_OFFSET + directory(n) + (PAGE_OFFSET >>> 22) * 4).dword, TABLE | 7)
  }
}

/** At ESI a number of 64 bits that is nearly none, and behind it packed ones. */
function numbers(k: Kernel): void {
  k.mov(mem(OPERANDS).dword, 0x123).mov(mem(OPERANDS + 4).dword, 1)
  for (let at = 16; at < 64; at += 4) k.mov(mem(OPERANDS + at).dword, 0x12345)
  k.fninit()
}
const onStack = (k: Kernel): void => { numbers(k); k.db(0xdd, 0x06, 0xd9, 0xe8); }
const inXmm = (k: Kernel): void => { numbers(k); k.db(0x0f, 0x10, 0x46, 0x10, 0x0f, 0x10, 0x4e, 0x20); }

/** What the others are compared with: a loop that reads, adds and writes. */
export const PLAIN: Storm = { what: 'a plain loop', build: (k) => {
  k.begin().segments()
  k.mov(edi, FREE)
  forever(k, () => {
    k.mov(eax, mem(edi)).add(eax, ecx).inc(ecx).mov(mem(edi, 4), eax).cmp(ecx, 5)
  })
} }

/** Code that is new each time it runs. */
const ofCode: Record<string, Body> = {
  'code that rewrites its next instruction': calls((k) => {
    const next = k.label()
    k.inc(eax).mov(mem(next, 1), eax)
    k.bind(next).mov(ecx, 1)
  }),
  'code rewritten in the page it runs in': calls((k) => {
    k.mov(mem(FREE + 64).byte, 0x90).mov(ebx, FREE + 64).call(ebx)
  }, (k) => { k.mov(mem(FREE + 64).dword, 0xc3909090 | 0); }),
  'a block of 60 rewritten each time': calls((k) => {
    k.mov(mem(FREE).byte, 0x40).mov(ebx, FREE).call(ebx)
  }, (k) => {
    k.mov(edi, FREE).mov(ecx, 15).mov(eax, 0x40404040).db(0xfc, 0xf3, 0xab)
    k.mov(mem(edi).byte, 0xc3)
  }),
  'a megabyte of code, run once and again': (k) => {
    k.begin().segments()
    fill(k, 0x40404040)
    k.mov(mem(FREE + FREE_PAGES * 4096 - 4).dword, 0xc3404040 | 0)
    k.mov(ebx, FREE)
    forever(k, () => k.call(ebx))
  },
  'entered at each byte in turn': (k) => {
    k.begin().segments()
    fill(k, 0xc3c3c3c3 | 0)
    k.mov(ebx, FREE)
    forever(k, () => k.call(ebx).inc(ebx).and(ebx, ~0x200000 | 0).or(ebx, 0x100000))
  },
  'prefixes without end': code(0x26, 0x3e, 0x65, 0x64, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x40),
  'loops that grow hot, then change': calls((k) => {
    k.mov(ebx, FREE)
    putLoop(k)
    k.mov(ecx, 5000).call(ebx)
  }),
  'loops that grow hot, page after page': calls((k) => {
    putLoop(k)
    k.mov(ecx, 5000).call(ebx).add(ebx, 0x1004).and(ebx, ~0x200000 | 0).or(ebx, 0x100000)
  }, (k) => { k.mov(ebx, FREE); }),
}

/** Segments, gates, rings. */
const ofRings: Record<string, Body> = {
  'mov ds': after((k) => k.mov(eax, 0x69), 0x8e, 0xd8),
  'mov ss': after((k) => k.mov(eax, 0x69), 0x8e, 0xd0),
  'mov fs, null': after((k) => k.mov(eax, 0), 0x8e, 0xe0),
  'pop es': after((k) => k.mov(eax, 0x69), 0x50, 0x07),
  'les, lfs, lgs': after((k) => k.mov(mem(OPERANDS + 4).dword, 0x69), 0x0f, 0xb4, 0x06),
  'far jump': calls((k) => { const next = k.label(); k.jmpFar(0x61, next).bind(next); }),
  'far call and return': calls((k) => { k.callFar(0x61, PAGE_OFFSET + 0xb000); },
    (k) => { k.mov(mem(PAGE_OFFSET + 0xb000).byte, 0xcb); }),
  'iret to where it stands': calls((k) => {
    const next = k.label()
    k.push(0x202).push(0x61).push(next).iret().bind(next)
  }),
  'iret to a ring 3 that faults': trapping(0x80, [0xcd, 0x80], 0),
  'lar': after((k) => k.mov(eax, 0x69), 0x0f, 0x02, 0xd8),
  'lsl of nothing': after((k) => k.mov(eax, 0x28), 0x0f, 0x03, 0xd8),
  'verr': after((k) => k.mov(eax, 0x69), 0x0f, 0x00, 0xe0),
  'sgdt': code(0x0f, 0x01, 0x06),
  'popf': code(0x9c, 0x9d),
  'a trace trap for each instruction': (k) => {
    const handler = k.label()
    k.begin().segments().gate(1, handler, TRAP_GATE)
    k.pushf().or(mem(esp).dword, 0x100).popf()
    forever(k, () => fourTimes(k, [0x90]))
    k.bind(handler).iret()
  },
  'int 0x80 from ring 3, direct': program(TRAP_GATE, (k) => k.int(0x80)),
  'int 0x80 from ring 3, reflected': program(INTERRUPT_GATE, (k) => k.int(0x80)),
  'int 0x80 from ring 1': trapping(0x80, [0xcd, 0x80], 0),
  'int3': trapping(3, [0xcc], 0),
  'ud2': trapping(6, [0x0f, 0x0b]),
  'ud2, reflected': trapping(6, [0x0f, 0x0b], 2, INTERRUPT_GATE),
  'division by zero': trapping(0, [0xf7, 0xf1]),
  'a privileged instruction: cli': trapping(13, [0xfa], 1, TRAP_GATE, true),
  'lgdt': trapping(13, [0x0f, 0x01, 0x17], 3, TRAP_GATE, true),
  'ltr': trapping(13, [0x0f, 0x00, 0xd8], 3, TRAP_GATE, true),
  'mov cr3': trapping(13, [0x0f, 0x22, 0xd8], 3, TRAP_GATE, true),
  'mov dr7': trapping(13, [0x0f, 0x23, 0xf8], 3, TRAP_GATE, true),
  'invlpg': trapping(13, [0x0f, 0x01, 0x3f], 3, TRAP_GATE, true),
  'wrmsr': trapping(13, [0x0f, 0x30], 2, TRAP_GATE, true),
  'sysenter': trapping(13, [0x0f, 0x34], 2, TRAP_GATE, true),
  'a segment that is not there': trapping(13, [0x8e, 0xd8], 2, TRAP_GATE, true),
  'a page that is not there': (k) => {
    const handler = k.label()
    const begin = k.label()
    k.begin().segments().gate(14, handler, INTERRUPT_GATE).jmp(begin)
    k.bind(handler).add(esp, 4).add(mem(esp).dword, 5).iret()
    k.bind(begin)
    forever(k, () => fourTimes(k, [0xa1, 0, 0x10, 0, 0]))
  },
}

/** Numbers: old, wide and strange. */
const ofNumbers: Record<string, Body> = {
  'fbld': after(onStack, 0xdf, 0x26, 0xdd, 0xd8),
  'fbstp': after((k) => { numbers(k); }, 0xd9, 0xeb, 0xdf, 0x36),
  'fbstp of a large number': after((k) => {
    numbers(k)
    k.mov(mem(OPERANDS + 64).dword, 0).mov(mem(OPERANDS + 68).dword, 0x43300000)
  }, 0xdd, 0x46, 0x40, 0xdf, 0x36),
  'fld and fstp of 80 bits': after((k) => { numbers(k); }, 0xdb, 0x6e, 0x10, 0xdb, 0x7e, 0x20),
  'fld of a denormal': after((k) => { numbers(k); }, 0xdd, 0x06, 0xdd, 0xd8),
  'fmul with a denormal': after(onStack, 0xdc, 0x0e),
  'fdiv with a denormal': after(onStack, 0xdc, 0x36),
  'fsqrt': after(onStack, 0xd9, 0xfa),
  'fprem far apart': after((k) => { numbers(k); k.db(0xdd, 0x06, 0xd9, 0xe8, 0xd9, 0xe8, 0xd9, 0xfd); }, 0xd9, 0xf8),
  'fprem1': after((k) => { numbers(k); k.db(0xdd, 0x06, 0xd9, 0xeb); }, 0xd9, 0xf5),
  'fsin': after(onStack, 0xd9, 0xfe), 'fptan': after(onStack, 0xd9, 0xf2, 0xdd, 0xd8),
  'fyl2x': after(onStack, 0xd9, 0xe8, 0xd9, 0xf1), 'f2xm1': after(onStack, 0xd9, 0xf0),
  'fpatan': after(onStack, 0xd9, 0xe8, 0xd9, 0xf3), 'fscale': after(onStack, 0xd9, 0xfd),
  'frndint': after(onStack, 0xd9, 0xfc), 'fxtract': after(onStack, 0xd9, 0xf4, 0xdd, 0xd8),
  'fsave and frstor': after(onStack, 0xdd, 0x36, 0xdd, 0x26),
  'fldenv': after((k) => { numbers(k); k.db(0xd9, 0x36); }, 0xd9, 0x26),
  'fninit': code(0xdb, 0xe3),
  'fxsave and fxrstor': code(0x0f, 0xae, 0x07, 0x0f, 0xae, 0x0f),
  'mulps with denormals': after(inXmm, 0x0f, 0x59, 0xc1), 'divpd': after(inXmm, 0x66, 0x0f, 0x5e, 0xc1),
  'sqrtps': after(inXmm, 0x0f, 0x51, 0xc1), 'rcpps': after(inXmm, 0x0f, 0x53, 0xc1),
  'cvtps2dq': after(inXmm, 0x66, 0x0f, 0x5b, 0xc1), 'minpd': after(inXmm, 0x66, 0x0f, 0x5d, 0xc1),
  'psadbw': after(inXmm, 0x66, 0x0f, 0xf6, 0xc1), 'pmaddwd': after(inXmm, 0x66, 0x0f, 0xf5, 0xc1),
  'maskmovdqu': after(inXmm, 0x66, 0x0f, 0xf7, 0xc1),
  'div of 64 bits': after((k) => k.mov(ecx, 3).mov(edx, 0), 0xf7, 0xf1, 0x31, 0xd2),
  'aam, daa': code(0xd4, 0x0a, 0x27), 'rcl by cl': after((k) => k.mov(ecx, 31), 0xd3, 0xd0),
  'cpuid': code(0x0f, 0xa2), 'rdtsc': code(0x0f, 0x31), 'cmpxchg8b': code(0x0f, 0xc7, 0x0f),
  'pusha and popa': code(0x60, 0x61), 'enter, 31 levels': after((k) => k.mov(ebp, esp), 0xc8, 0x10, 0, 31, 0xc9),
  'xlat': after((k) => k.mov(ebx, FREE).mov(eax, 0), 0xd7), 'loop': code(0xb9, 0xff, 0xff, 0, 0, 0xe2, 0xfe),
  'jecxz, bound': after((k) => k.mov(eax, 0), 0x62, 0x06, 0xe3, 0), 'shld by cl': after((k) => k.mov(ecx, 31), 0x0f, 0xa5, 0x07),
  'bsf of nothing': after((k) => k.mov(eax, 0), 0x0f, 0xbc, 0xd8), 'idiv of 64 bits': after((k) => k.mov(ecx, -3), 0x99, 0xf7, 0xf9),
  'fist of a large number': after((k) => { numbers(k); k.db(0xd9, 0xeb); }, 0xdf, 0x7e, 0x20, 0xd9, 0xeb),
  'cvttpd2dq': after(inXmm, 0x66, 0x0f, 0xe6, 0xc1), 'movups across two pages': after((k) => k.mov(edi, FREE + 0xff8), 0x0f, 0x10, 0x07, 0x0f, 0x11, 0x07),
  'bts far away': after((k) => k.mov(eax, 0x7ffff), 0x0f, 0xab, 0x07),
}

/** Memory, word by word and by the page. */
const ofMemory: Record<string, Body> = {
  'rep movsb': after((k) => k.cld(), 0xb9, 0, 0x10, 0, 0, 0xbe, 0, 0x10, 8, 0xc0, 0xbf, 0, 0x50, 8, 0xc0, 0xf3, 0xa4),
  'rep movsb over itself': after((k) => k.cld(), 0xb9, 0, 0x10, 0, 0, 0xbe, 0, 0x10, 8, 0xc0, 0xbf, 1, 0x10, 8, 0xc0, 0xf3, 0xa4),
  'rep stosd, backwards': after((k) => k.std(), 0xb9, 0, 4, 0, 0, 0xbf, 0, 0x50, 8, 0xc0, 0xf3, 0xab),
  'repne scasb': after((k) => k.cld().mov(eax, 7), 0xb9, 0, 0x10, 0, 0, 0xbf, 0, 0x10, 8, 0xc0, 0xf2, 0xae),
  'rep movsd at two gigabytes': after(high, 0xb9, 0, 4, 0, 0, 0xbe, 0, 0x10, 8, 0x80, 0xbf, 0, 0x50, 8, 0x80, 0xf3, 0xa5),
  'rep movsb over itself at two gigabytes': after(high, 0xb9, 0, 0x10, 0, 0, 0xbe, 0, 0x10, 8, 0x80, 0xbf, 1, 0x10, 8, 0x80, 0xf3, 0xa4),
  'rep stosb at two gigabytes': after(high, 0xb9, 0, 0x10, 0, 0, 0xbf, 0, 0x50, 8, 0x80, 0xf3, 0xaa),
  'repe cmpsb at two gigabytes': after(high, 0xb9, 0, 0x10, 0, 0, 0xbe, 0, 0x10, 8, 0x80, 0xbf, 0, 0x50, 8, 0x80, 0xf3, 0xa6),
  'repne scasw at odd addresses': after((k) => k.cld().mov(eax, 7), 0xb9, 0, 8, 0, 0, 0xbf, 1, 0x10, 8, 0xc0, 0x66, 0xf2, 0xaf),
  'rep movsd at odd addresses': after((k) => k.cld(), 0xb9, 0, 4, 0, 0, 0xbe, 1, 0x10, 8, 0xc0, 0xbf, 3, 0x50, 8, 0xc0, 0xf3, 0xa5),
  'rep outsb': trapping(13, [0xf3, 0x6e], 2, TRAP_GATE, true),
  'rep of nothing': after((k) => k.mov(ecx, 0), 0xf3, 0xa4),
  'rep lodsb': after((k) => k.cld(), 0xb9, 0, 0x10, 0, 0, 0xbe, 0, 0x10, 8, 0xc0, 0xf3, 0xac),
  'movsb, one by one': code(0xa4, 0x4e, 0x4f),
  'words across two pages': after((k) => k.mov(edi, FREE + 0xffe), 0x01, 0x07),
  'numbers across two pages': after((k) => { k.fninit().mov(edi, FREE + 0xffc); }, 0xdd, 0x07, 0xdd, 0x1f),
  'a page further each time': after((k) => k.mov(edi, FREE), 0x8b, 0x07, 0x81, 0xc7, 0, 0x10, 0, 0, 0x81, 0xe7, 0xff, 0xff, 0xdf, 0xff, 0x81, 0xcf, 0, 0, 0x10, 0),
  'through a segment with a limit': after((k) => {
    k.mov(mem(PAGE_OFFSET + GDT + 13 * 8).dword, 0xffff)
    k.hcall('LOAD_GDT', GDT, 32)
    k.mov(eax, 0x69).db(0x8e, 0xe0)
  }, 0x64, 0x8b, 0x07),
}

/** What is asked of the Host. */
const ofHost: Record<string, Body> = {
  'hypercall: flush the ring': calls((k) => k.mov(eax, 0).int(0x1f)),
  'hypercall: flush the user part': calls((k) => k.hcall('FLUSH_TLB', 0)),
  'hypercall: flush everything': calls((k) => k.hcall('FLUSH_TLB', 1)),
  'everything flushed, 64 pages touched': calls((k) => { k.hcall('FLUSH_TLB', 1); touch(k, 64); }),
  'everything flushed, 256 pages touched': calls((k) => { k.hcall('FLUSH_TLB', 1); touch(k, 256); }),
  'two page directories in turn': calls((k) => { k.hcall('NEW_PGTABLE', directory(0)); k.hcall('NEW_PGTABLE', directory(1)); },
    (k) => directories(k, 2)),
  'six page directories in turn': calls((k) => { for (let n = 0; n < 6; n++) k.hcall('NEW_PGTABLE', directory(n)); },
    (k) => directories(k, 6)),
  'hypercall: an entry set': calls((k) => k.hcall('SET_PTE', 0x1000, FREE, 0x80007)),
  'an entry set and touched': calls((k) => { k.hcall('SET_PTE', 0x1000, FREE, 0x80007); k.mov(mem(FREE).dword, 1); }),
  'hypercall: a directory entry set': calls((k) => k.hcall('SET_PGD', 0x1000, 3)),
  'hypercall: the descriptor table': calls((k) => k.hcall('LOAD_GDT', GDT, 32)),
  'hypercall: the thread\'s three': calls((k) => k.hcall('LOAD_TLS', GDT)),
  'hypercall: a gate': calls((k) => k.hcall('LOAD_IDT_ENTRY', 0x80, 0x610000, 0xc0018f00 | 0)),
  'hypercall: a stack': calls((k) => k.hcall('SET_STACK', 0x69, PAGE_OFFSET + STACK_TOP - 0x1000, 2)),
  'hypercall: ts, and a number': calls((k) => { k.hcall('TS', 1); k.hcall('TS', 0); k.db(0xd9, 0xe8, 0xdd, 0xd8); }),
  'hypercall: a timer that is due': calls((k) => k.hcall('SET_CLOCKEVENT', 1)),
  'hypercall: buffers bound and let go': calls((k) => {
    k.hcall('BIND_DMA', 0x9000, 0x60000, (200 << 8) | 5)
    k.hcall('BIND_DMA', 0x9000, 0x60000, 200 << 8)
  }),
  'the ring, all 64 of it': calls((k) => {
    for (let slot = 0; slot < 64; slot++) k.mov(mem(PAGE_OFFSET + 0x4000 + slot).byte, 0)
    k.mov(eax, 0).int(0x1f)
  }),
  'a port read': calls((k) => k.in_(eax, 0x80)),
  'a port written': calls((k) => k.out(0x80, ax)),
}

export const STORMS: Storm[] = [ofCode, ofRings, ofNumbers, ofMemory, ofHost]
  .flatMap((kind) => Object.entries(kind).map(([what, build]) => ({ what, build })))
