/**
 * Kernels that mean harm, as files that the Launcher boots: after a few
 * instructions each asks for something, again and again, for ever.
 */
import { LGUEST_CONSOLE_DMA_KEY, lguestDma } from '../../generated/abi/era-a.ts'
import { callNumber } from '../../generated/abi/common.ts'
import type { CallName, Era } from '../../generated/abi/common.ts'
import { eras } from '../../generated/abi/eras.ts'
import { al, Assembler, dx, eax, ebp, ebx, ecx, edx, edi, esi, mem } from '../../generated/assembler/index.ts'
import { elf } from '../L-launcher/fakes.ts'
import type { ElfSegment } from '../L-launcher/fakes.ts'

export interface StormKernel {
  era: string
  what: string
  file: Uint8Array
  /** What the Launcher is to give it. */
  takes: 'disk' | 'card' | null
  /** It prints without end, so that a terminal nobody reads fills. */
  prints: boolean
}

/** Megabytes that each is to have. */
export const MEGABYTES = 64
const PAGE = 4096
const TOP = MEGABYTES << 20
const PAGE_OFFSET = 0xc0000000
/** Guest-physical places. */
const [DATA, RECORD, REPLY, TEXT, TABLES] = [0x100000, 0x101000, 0x102000, 0x103000, 0x108000]
const CODE = 0x200000
const MARK = 'GenuineLguest'
/** Windows of era C: those of the bridge, the console and the disk. */
const WINDOWS = TOP + 256 * PAGE
const DISK = WINDOWS + 2 * PAGE
const RESTART = 2

/** A kernel being written; addresses in its calls are physical. */
class Kernel extends Assembler {
  readonly era: Era
  readonly offset: number
  readonly segments: ElfSegment[] = []

  constructor(era: Era) {
    super(era.name === 'A' ? PAGE_OFFSET + CODE + MARK.length : CODE)
    this.era = era
    this.offset = era.name === 'A' ? PAGE_OFFSET : 0
    this.#describe()
  }

  /** A word of its own memory. */
  word(physical: number) { return mem(this.offset + physical).dword }

  hcall(name: CallName, ...given: number[]): this {
    const registers = this.era.name === 'A' ? [edx, ebx, ecx] : [ebx, ecx, edx, esi]
    given.forEach((value, i) => this.mov(registers[i], value))
    this.mov(eax, callNumber(this.era, name)).int(0x1f)
    return this
  }

  forever(body: () => void): void {
    const again = this.here()
    body()
    this.jmp(again)
  }

  /** Bytes in memory from the start. */
  put(physical: number, bytes: Uint8Array): this {
    this.segments.push({ virtual: this.offset + physical, physical, data: bytes })
    return this
  }

  words(physical: number, ...words: number[]): this {
    return this.put(physical, new Uint8Array(Uint32Array.from(words).buffer))
  }

  #describe(): void {
    const { data } = this.era
    const page = new Uint8Array(PAGE)
    page.fill(0xff, data.hcallStatus, data.hcallStatus + 64)
    const view = new DataView(page.buffer)
    if (data.kernelAddress !== null) view.setUint32(data.kernelAddress, PAGE_OFFSET, true)
    if (data.syscallVector !== null) view.setUint32(data.syscallVector, 0x80, true)
    this.put(DATA, page)
    this.hcall('LGUEST_INIT', DATA)
  }
}

type Body = (k: Kernel) => void

function storm(name: string, what: string, body: Body): StormKernel {
  const era = eras.find((known) => known.name === name)!
  const kernel = new Kernel(era)
  body(kernel)
  const code = kernel.assemble().bytes
  const mark = name === 'A' ? new TextEncoder().encode(MARK) : new Uint8Array()
  kernel.put(CODE, Uint8Array.of(...mark, ...code))
  const file = elf(kernel.segments, (header) => header.setUint32(24, CODE, true)).bytes
  const takes = /disk$|device$/.test(what) ? 'disk' : what.endsWith('card') ? 'card' : null
  return { era: name, what, file, takes, prints: what === 'printing' }
}

/** A record of the DMA of 2007. */
function record(k: Kernel, at: number, ...sections: [address: number, length: number][]): void {
  const bytes = new Uint8Array(lguestDma.size)
  const view = new DataView(bytes.buffer)
  sections.forEach(([address, length], i) => {
    view.setUint32(lguestDma.addr + i * 4, address, true)
    view.setUint16(lguestDma.len + i * 2, length, true)
  })
  k.put(at, bytes)
}

function text(k: Kernel, length: number): void {
  k.put(TEXT, new TextEncoder().encode('storm '.repeat(length).slice(0, length - 1) + '\n'))
}

const ofEraA: Record<string, Body> = {
  'sends nothing': (k) => {
    record(k, RECORD)
    k.forever(() => k.hcall('SEND_DMA', LGUEST_CONSOLE_DMA_KEY, RECORD))
  },
  'printing': (k) => {
    text(k, 3 * PAGE)
    record(k, RECORD, ...Array.from({ length: 16 }, (): [number, number] => [TEXT, 3 * PAGE]))
    k.forever(() => k.hcall('SEND_DMA', LGUEST_CONSOLE_DMA_KEY, RECORD))
  },
  'reads a disk': (k) => {
    record(k, RECORD)
    record(k, REPLY, ...Array.from({ length: 16 }, (): [number, number] => [0x300000, 65535]))
    k.hcall('BIND_DMA', TOP + PAGE, REPLY, 1 << 8 | 5)
    k.forever(() => {
      k.mov(k.word(REPLY + lguestDma.usedLen), 0)
      k.hcall('SEND_DMA', TOP + PAGE, RECORD)
    })
  },
  'restarts': (k) => { k.mov(eax, 0xfe).db(0xe6, 0x64) },
  'a timer that is always due': (k) => k.forever(() => k.hcall('SET_CLOCKEVENT', 1).hcall('HALT')),
  'square roots': (k) => k.forever(() => { for (let i = 0; i < 16; i++) k.db(0x0f, 0x51, 0xc1) }),
  'rewrites itself': (k) => k.forever(() => {
    const next = k.label()
    k.inc(eax).mov(mem(next, 1), eax).bind(next).mov(ecx, 1)
  }),
}

/** Descriptors: address, length, flags and next. */
type Row = [address: number, length: number, flags: number, next: number]
const [NEXT, WRITE, INDIRECT] = [1, 2, 4]

function descriptors(k: Kernel, ...rows: Row[]): void {
  k.words(TABLES, ...rows.flatMap(([address, length, flags, next]) => [address, 0, length, flags | next << 16]))
}

/** So many pieces of 512 KB, all of them in one place; the last leads to `end`. */
function pieces(count: number, first: number, flags: number, end: number): Row[] {
  return Array.from({ length: count }, (_, i) =>
    [0x300000, 0x80000, i === count - 1 && end === 0 ? flags : flags | NEXT, i === count - 1 ? end : first + i + 1])
}

/** Offers the descriptors again and again, by a queue of the first device. */
function offer(k: Kernel, queue: number): void {
  const AVAILABLE = 16 * 256
  k.mov(ebp, mem(TOP + 9 + 8 * queue)).shl(ebp, 12)
  k.mov(esi, TABLES).mov(edi, ebp).mov(ecx, 16 * 256 / 4).db(0xfc, 0xf3, 0xa5)
  k.forever(() => k.inc(mem(ebp, AVAILABLE + 2).word).mov(ebx, ebp).mov(eax, callNumber(k.era, 'NOTIFY')).int(0x1f))
}

/** Takes the feature of tables in tables, for the first device, a card. */
function takeTables(k: Kernel): void {
  const [FEATURES, STATUS] = [5 + 2 * 8, 4]
  k.mov(mem(TOP + FEATURES + 4 + 3).byte, 0x10).mov(mem(TOP + STATUS).byte, 7)
  k.hcall('NOTIFY', TOP)
}

const ofEraB3: Record<string, Body> = {
  'notifies of nothing': (k) => k.forever(() => k.hcall('NOTIFY', RECORD)),
  'printing': (k) => {
    text(k, 3 * PAGE)
    k.forever(() => k.hcall('NOTIFY', TEXT))
  },
  'restarts': (k) => { k.hcall('SHUTDOWN', TEXT, RESTART) },
  'reads 48 MB of a disk': (k) => {
    k.words(RECORD, 0, 0, 0, 0)
    descriptors(k, [RECORD, 16, NEXT, 1], ...pieces(96, 1, WRITE, 97), [RECORD + 64, 1, WRITE, 0])
    offer(k, 0)
  },
  'asks for 60 MB of dice': (k) => {
    descriptors(k, ...pieces(120, 0, WRITE, 0))
    offer(k, 0)
  },
  'frames in a table of 100 pieces, by a card': (k) => {
    takeTables(k)
    descriptors(k, [TABLES + 16, 100 * 16, INDIRECT, 0], ...pieces(100, 0, 0, 0))
    offer(k, 1)
  },
}

/** Tables that map RAM, and the windows of devices where they are. */
function mapped(k: Kernel): void {
  const tables = new Uint32Array(3 * 1024)
  tables[0] = TABLES + PAGE | 7
  tables[WINDOWS >>> 22] = TABLES + 2 * PAGE | 7
  for (let i = 0; i < 1024; i++) tables[1024 + i] = i * PAGE | 7
  for (let i = 0; i < 4; i++) tables[2048 + (WINDOWS >>> 12 & 1023) + i] = WINDOWS + i * PAGE | 7
  k.put(TABLES, new Uint8Array(tables.buffer))
  k.hcall('NEW_PGTABLE', TABLES)
}

const ofEraC: Record<string, Body> = {
  'asks the bus who is there': (k) => {
    k.mov(ebx, 0x80000000)
    k.forever(() => k.mov(edx, 0xcf8).mov(eax, ebx).out(dx, eax).mov(edx, 0xcfc).in_(eax, dx).add(ebx, 0x800))
  },
  'reads a register of a device': (k) => {
    mapped(k)
    k.forever(() => k.mov(eax, mem(DISK)))
  },
  'resets a device': (k) => {
    mapped(k)
    k.mov(eax, 0)
    k.forever(() => k.mov(mem(DISK + 0x14), al))
  },
  'a byte after the other to a console without a driver': (k) => {
    k.mov(edx, 0xe9).mov(eax, 0x41)
    k.forever(() => k.out(dx, al))
  },
}

const ERAS: [string, Record<string, Body>][] = [['A', ofEraA], ['B3', ofEraB3], ['C1', ofEraC]]

export const STORM_KERNELS: StormKernel[] = ERAS.flatMap(([era, bodies]) =>
  Object.entries(bodies).map(([what, body]) => storm(era, what, body)))

/** What the others are compared with: it sleeps. */
export const IDLE_KERNEL = storm('A', 'sleeps', (k) => k.forever(() => k.hcall('HALT')))
