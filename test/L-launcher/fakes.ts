/** Stand-ins for what lies around the Launcher: memory, Host, world. */
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { PAGE_SIZE } from '../../generated/abi/common.ts'
import {
  LHREQ_BREAK, LHREQ_GETDMA, LHREQ_IRQ,
} from '../../generated/abi/common.ts'
import { ENOENT } from '../../generated/abi/errno.ts'
import { lguestDma } from '../../generated/abi/era-a.ts'
import { BytesFile } from '../../generated/launcher/bytes-file.ts'
import { Guest } from '../../generated/launcher/guest.ts'
import type { Device } from '../../generated/launcher/guest.ts'
import { GuestMemory } from '../../generated/launcher/memory.ts'
import type { AddressSpace } from '../../generated/launcher/memory.ts'
import { PlatformError } from '../../generated/launcher/platform.ts'
import type {
  ConsoleInput, Inflater, Platform, PlatformFile, SharedFile, Size, Wire, WireEnds,
} from '../../generated/launcher/platform.ts'
import type { Work } from '../../generated/launcher/work.ts'
import type { ReadResult } from '../../generated/host/lguest-user.ts'
import type { Task } from '../../generated/host/mm.ts'

/** An address space of so many pages, filled with junk until mapped. */
export class FakeSpace implements AddressSpace {
  readonly bytes: Uint8Array
  readonly mapped = new Set<number>()
  readonly shared: { address: number, frame: number, file: object }[] = []
  readonly #view: DataView

  constructor(pages: number) {
    this.bytes = new Uint8Array(pages * PAGE_SIZE).fill(0x6b)
    this.#view = new DataView(this.bytes.buffer)
  }

  mapZeroed(address: number, pages: number): boolean {
    const end = address + pages * PAGE_SIZE
    if (end > this.bytes.length) return false
    this.bytes.fill(0, address, end)
    for (let i = 0; i < pages; i++) this.mapped.add(address / PAGE_SIZE + i)
    return true
  }

  /** Notes it; there is but one memory here. */
  mapShared(address: number, frame: number, file: object): void {
    this.shared.push({ address, frame, file })
  }

  readBytes(address: number, length: number): Uint8Array {
    this.#demand(address, length)
    return this.bytes.slice(address, address + length)
  }

  writeBytes(address: number, bytes: Uint8Array): void {
    this.#demand(address, bytes.length)
    this.bytes.set(bytes, address)
  }

  read32(address: number): number {
    if (address % 4 !== 0) throw new RangeError('not aligned')
    this.#demand(address, 4)
    return this.#view.getUint32(address, true)
  }

  write32(address: number, value: number): void {
    if (address % 4 !== 0) throw new RangeError('not aligned')
    this.#demand(address, 4)
    this.#view.setUint32(address, value, true)
  }

  #demand(address: number, length: number): void {
    for (let at = address; at < address + length; at += PAGE_SIZE) {
      if (!this.mapped.has(Math.floor(at / PAGE_SIZE))) {
        throw new RangeError(`no memory at ${at}`)
      }
    }
  }
}

/** Guest memory of `megabytes`, with room for devices above it. */
export function fakeMemory(megabytes: number): GuestMemory {
  const size = megabytes << 20
  return new GuestMemory(new FakeSpace(size / PAGE_SIZE + 128), size)
}

/** Input under a test's control. */
export class FakeConsole implements ConsoleInput {
  isTerminal = true
  raw: boolean[] = []
  requests = 0
  chunks: Uint8Array[] = []
  ended = false
  onReady: () => void = () => {}
  onResize: () => void = () => {}
  window: Size | null = null

  size(): Size | null { return this.window }

  setRaw(raw: boolean): void {
    this.raw.push(raw)
  }

  request(): void {
    this.requests++
  }

  ready(): boolean {
    return this.chunks.length > 0 || this.ended
  }

  waiting(): readonly Uint8Array[] {
    return this.chunks
  }

  news: Uint8Array[] = []
  get hasNews(): boolean { return this.news.length > 0 }
  takeNews(): readonly Uint8Array[] { return this.news.splice(0) }

  read(most: number): Uint8Array {
    const first = this.chunks.shift()
    if (first === undefined) return new Uint8Array(0)
    if (first.length > most) this.chunks.unshift(first.subarray(most))
    return first.subarray(0, most)
  }

  type(text: string): void {
    const bytes = new TextEncoder().encode(text)
    this.chunks.push(bytes)
    if (this.isTerminal) this.news.push(bytes)
    this.onReady()
  }
}

export class FakePlatform implements Platform {
  readonly console = new FakeConsole()
  readonly files = new Map<string, PlatformFile>()
  time = 1e6
  out = ''
  err: string[] = []
  timers: { at: number; callback: () => void }[] = []

  open(path: string): PlatformFile {
    const file = this.files.get(path)
    if (file === undefined) throw new PlatformError('no such file')
    return file
  }

  print(bytes: Uint8Array): number {
    this.out += new TextDecoder().decode(bytes)
    return bytes.length
  }

  congested = false
  flush(): Promise<void> { return Promise.resolve(); }

  readonly complain = (line: string): void => { this.err.push(line); }
  readonly now = (): number => this.time
  readonly wallClock = (): number => this.time

  random(into: Uint8Array): void {
    into.fill(7)
  }

  openShared(path: string): SharedFile {
    throw new PlatformError(`nobody shares ${path}`)
  }

  async openWire(ends: WireEnds): Promise<Wire> {
    throw new PlatformError(`no wire of kind ${ends.kind}`)
  }

  breathe(): Promise<void> {
    return Promise.resolve()
  }

  after(microseconds: number, callback: () => void): () => void {
    const timer = { at: this.time + microseconds, callback }
    this.timers.push(timer)
    return () => { this.timers.splice(this.timers.indexOf(timer), 1); }
  }

  async inflate(deflated: Uint8Array, limit: number, take: (bytes: Uint8Array) => void): Promise<void> {
    take(inflateRawSync(deflated, { maxOutputLength: limit }))
  }
}

/** All that is unpacked. */
export async function inflated(platform: Inflater, deflated: Uint8Array, limit: number): Promise<string> {
  const parts: Uint8Array[] = []
  await platform.inflate(deflated, limit, (bytes) => { parts.push(bytes) })
  return text(Buffer.concat(parts))
}

/** A Host that hands out scripted results and notes what is written. */
export class FakeDevice implements Device {
  readonly written: number[][] = []
  readonly results: (ReadResult | { words: [number, number] }
    | { reason: string })[] = []
  /** GETDMA: key to addresses of records, and their interrupt. */
  readonly bound = new Map<number, { records: number[]; irq: number }>()
  initialized = 16
  irqResult = 0
  closed = false
  memory: GuestMemory | null = null

  /** Who sent INITIALIZE. */
  owner: Task | null = null

  write(words: Uint32Array, task: Task): number {
    this.written.push([...words])
    switch (words[0]) {
      case LHREQ_GETDMA: return this.#getDma(words[1])
      case LHREQ_IRQ: return this.irqResult
      case LHREQ_BREAK: return 0
      default:
        this.owner = task
        return this.initialized
    }
  }

  #getDma(key: number): number {
    const { memory } = this
    const binding = this.bound.get(key)
    for (const at of binding?.records ?? []) {
      if (memory!.read32(at + lguestDma.usedLen) !== 0) continue
      memory!.write32(at + lguestDma.usedLen, binding!.irq)
      return at
    }
    return -ENOENT
  }

  read(buffer: Uint8Array | null): ReadResult {
    const next = this.results.shift()
    if (next === undefined) throw new Error('the script is over')
    if ('words' in next) {
      buffer!.set(new Uint8Array(Uint32Array.from(next.words).buffer))
      return { kind: 'bytes', count: 8 }
    }
    if (!('reason' in next)) return next
    const text = new TextEncoder().encode(`${next.reason}\0`)
    const count = Math.min(text.length, buffer!.length)
    buffer!.set(text.subarray(0, count))
    return { kind: 'bytes', count }
  }

  close(): 0 {
    this.closed = true
    return 0
  }

  /** The requests of one kind, without their first word. */
  sent(request: number): number[][] {
    return this.written.filter((w) => w[0] === request).map((w) => w.slice(1))
  }
}

/** Units in a turn of the fake Host. */
export const SLICE = 100_000

/** Does work in one go, and says what came of it. */
export function done<Result>(work: Work<Result>): Result {
  for (;;) {
    const step = work.next()
    if (step.done) return step.value
  }
}

/** A Guest over fakes. */
export function fakeGuest(megabytes = 1): {
  guest: Guest; device: FakeDevice; memory: GuestMemory
} {
  const memory = fakeMemory(megabytes)
  const device = new FakeDevice()
  device.memory = memory
  const guest = new Guest(device, memory)
  guest.account.slice = SLICE
  guest.account.renew()
  return { guest, device, memory }
}

/** Writes a DMA record at `at`. */
export function putDma(
  memory: GuestMemory, at: number, sections: [number, number][], used = 0,
): void {
  memory.write(at, new Uint8Array(lguestDma.size))
  memory.write32(at + lguestDma.usedLen, used)
  sections.forEach(([address, length], i) => {
    memory.write32(at + lguestDma.addr + i * 4, address)
    memory.write16(at + lguestDma.len + i * 2, length)
  })
}

/** Numbers 0 <= n < below, the same for the same seed. */
export function dice(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = Math.imul(state, 1664525) + 1013904223 >>> 0
    return Math.floor(state / 2 ** 32 * below)
  }
}

export const bytes = (text: string): Uint8Array =>
  new TextEncoder().encode(text)
export const text = (data: Uint8Array): string =>
  new TextDecoder().decode(data)

export interface ElfSegment {
  type?: number; virtual: number; physical: number; data: Uint8Array
  memorySize?: number
}

/** An ELF executable of these segments; `patch` spoils its header. */
export function elf(
  segments: ElfSegment[], patch: (header: DataView) => void = () => {},
): BytesFile {
  const start = 52 + segments.length * 32
  const total = segments.reduce((sum, s) => sum + s.data.length, start)
  const image = new Uint8Array(total)
  const view = new DataView(image.buffer)
  image.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1])
  view.setUint16(16, 2, true)
  view.setUint16(18, 3, true)
  view.setUint32(28, 52, true)
  view.setUint16(42, 32, true)
  view.setUint16(44, segments.length, true)
  let offset = start
  segments.forEach((s, i) => {
    const at = 52 + i * 32
    const fields = [s.type ?? 1, offset, s.virtual, s.physical,
      s.data.length, s.memorySize ?? s.data.length, 5, 4096]
    fields.forEach((field, n) => view.setUint32(at + n * 4, field, true))
    image.set(s.data, offset)
    offset += s.data.length
  })
  patch(view)
  return new BytesFile(image)
}

/** A gzip stream as a kernel build makes it: "made on Unix". */
export function gzip(data: Uint8Array, name = ''): Uint8Array {
  const head = [0x1f, 0x8b, 8, name ? 8 : 0, 0, 0, 0, 0, 2, 3]
  const tail = name ? [...bytes(name), 0] : []
  return Uint8Array.from([...head, ...tail, ...deflateRawSync(data),
    0, 0, 0, 0, 0, 0, 0, 0])
}
