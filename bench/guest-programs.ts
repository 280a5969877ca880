/**
 * One small program for a Linux Guest, in our own assembler, that measures
 * what a kernel does all day; and the archive in which it travels. With an
 * argument it does nothing and ends: that is what it executes.
 */
import { Assembler, dl, eax, ebx, ecx, edi, edx, esi, esp, Label, mem } from '../generated/assembler/index.ts'

const [EXIT, FORK, READ, WRITE, WAITPID, EXECVE, PIPE, GETPPID, SIGACTION, GETTIMEOFDAY, MUNMAP, SIGRETURN, MMAP] = [
  1, 2, 3, 4, 7, 11, 42, 64, 67, 78, 91, 119, 192]
const ORIGIN = 0x8048000
/** Bytes of the ELF header, and of one program header. */
const HEADERS = 52 + 32
const PAGE = 4096
const MAPPED_PAGES = 256
export const SHARED_PAGES = 64
const READ_WRITE = 3
const PRIVATE_ANONYMOUS = 0x22

/** What is measured: a word, and how many times it is done. */
const ROUNDS = { getppid: 50_000, pipe: 5_000, map: 12, fork: 100, share: 30, signal: 1_000, exec: 60 } as const
/** How many of the thing are in a round. */
const EACH: Record<string, number> = { map: MAPPED_PAGES }

const SIGSEGV = 11
const SA_RESTORER = 0x04000000
/** Where a handler finds EIP: behind its own return address, the signal, and fourteen words. */
const INTERRUPTED = 16 * 4

type Argument = number | Label | typeof eax | ReturnType<typeof mem>

class Guest {
  readonly a = new Assembler(ORIGIN + HEADERS)
  private readonly data: [Label, number[]][] = []
  private readonly counter = this.words(1)
  private readonly begun = this.words(2)
  private readonly ended = this.words(2)
  private readonly digits = this.words(4)

  /** So many words of data, behind the code. */
  words(count: number): Label { return this.bytes(new Array<number>(count * 4).fill(0)) }
  text(text: string): Label { return this.bytes([...Buffer.from(`${text}\0`)]) }
  private bytes(bytes: number[]): Label {
    const label = this.a.label()
    this.data.push([label, bytes])
    return label
  }

  /** Calls the kernel. */
  call(number: number, ...given: Argument[]): void {
    const into = [ebx, ecx, edx, esi, edi]
    given.forEach((argument, n) => this.a.mov(into[n], argument as number))
    this.a.mov(eax, number).int(0x80)
  }

  /** Forks; the child does `child` and ends, the parent waits for it. */
  fork(child: () => void): void {
    const { a } = this
    const parent = a.label()
    this.call(FORK)
    a.test(eax, eax).jne(parent)
    child()
    this.call(EXIT, 0)
    a.bind(parent)
    this.call(WAITPID, eax, 0, 0)
  }

  /** Does `body` so often, and prints `name` and the microseconds. */
  measure(name: string, rounds: number, body: () => void): void {
    const { a } = this
    this.call(GETTIMEOFDAY, this.begun, 0)
    a.mov(mem(this.counter).dword, rounds)
    const again = a.here()
    body()
    a.dec(mem(this.counter).dword).jne(again)
    this.call(GETTIMEOFDAY, this.ended, 0)
    this.print(`@${name} `)
    a.mov(eax, mem(this.ended)).sub(eax, mem(this.begun)).imul(eax, eax, 1_000_000)
    a.add(eax, mem(this.ended, 4)).sub(eax, mem(this.begun, 4))
    this.printNumber()
    this.print(' \n')
  }

  private print(text: string): void {
    this.call(WRITE, 1, this.text(text), text.length)
  }

  /** Prints EAX in decimal. */
  private printNumber(): void {
    const { a } = this
    a.mov(edi, this.digits).add(edi, 16).mov(esi, 10)
    const again = a.here()
    a.xor(edx, edx).div(esi).add(edx, 48).dec(edi).mov(mem(edi).byte, dl).test(eax, eax).jne(again)
    a.mov(edx, this.digits).add(edx, 16).sub(edx, edi)
    this.call(WRITE, 1, edi, edx)
  }

  /** Code and data on pages of their own: a write to a page of code costs an emulator much, and is not what is measured. */
  finish(): Uint8Array {
    this.a.align(PAGE)
    for (const [label, bytes] of this.data) this.a.align(4).bind(label).db(...bytes)
    return this.a.assemble().bytes
  }
}

/** Adds one to a word of each page. */
function touch(a: Assembler, from: number | typeof eax, pages: number): void {
  a.mov(esi, from as number).mov(ecx, pages)
  const next = a.here()
  a.inc(mem(esi).dword).add(esi, PAGE).dec(ecx).jne(next)
}

/** Where the pages lie that parent and child share, behind code and data. */
const SHARED = ORIGIN + 0x10000

function code(): Uint8Array {
  const guest = new Guest()
  const { a } = guest
  const measuring = a.label()
  a.cmp(mem(esp).dword, 1).je(measuring)
  guest.call(EXIT, 0)
  a.bind(measuring)
  guest.measure('getppid', ROUNDS.getppid, () => guest.call(GETPPID))
  const [ends, byte, mapped] = [guest.words(2), guest.words(1), guest.words(1)]
  guest.call(PIPE, ends)
  guest.measure('pipe', ROUNDS.pipe, () => {
    guest.call(WRITE, mem(ends, 4), byte, 1)
    guest.call(READ, mem(ends), byte, 1)
  })
  guest.measure('map', ROUNDS.map, () => {
    guest.call(MMAP, 0, MAPPED_PAGES * PAGE, READ_WRITE, PRIVATE_ANONYMOUS, -1)
    a.mov(mem(mapped), eax)
    touch(a, eax, MAPPED_PAGES)
    guest.call(MUNMAP, mem(mapped), MAPPED_PAGES * PAGE)
  })
  guest.measure('fork', ROUNDS.fork, () => guest.fork(() => {}))
  touch(a, SHARED, SHARED_PAGES)
  guest.measure('share', ROUNDS.share, () => guest.fork(() => touch(a, SHARED, SHARED_PAGES)))
  const [handler, restorer, behind, action] = [a.label(), a.label(), a.label(), guest.words(4)]
  a.mov(mem(action).dword, handler).mov(mem(action, 8).dword, SA_RESTORER).mov(mem(action, 12).dword, restorer)
  guest.call(SIGACTION, SIGSEGV, action, 0)
  guest.measure('signal', ROUNDS.signal, () => a.mov(mem(0).dword, 1).bind(behind))
  const path = guest.text('/kernel-work')
  const given = guest.words(3)
  a.mov(mem(given).dword, path).mov(mem(given, 4).dword, path)
  guest.measure('exec', ROUNDS.exec, () => guest.fork(() => guest.call(EXECVE, path, given, 0)))
  guest.call(EXIT, 0)
  a.bind(handler).mov(mem(esp, INTERRUPTED).dword, behind).ret()
  a.bind(restorer).pop(eax).mov(eax, SIGRETURN).int(0x80)
  return guest.finish()
}

/** The program, as an ELF executable of one segment that may do anything. */
export function kernelWork(): Uint8Array {
  const text = code()
  const elf = new Uint8Array(HEADERS + text.length)
  const view = new DataView(elf.buffer)
  elf.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1])
  const halves: [number, number][] = [[16, 2], [18, 3], [40, 52], [42, 32], [44, 1]]
  for (const [at, value] of halves) view.setUint16(at, value, true)
  const words: [number, number][] = [[20, 1], [24, ORIGIN + HEADERS], [28, 52],
    [52, 1], [60, ORIGIN], [64, ORIGIN], [68, elf.length],
    [72, SHARED - ORIGIN + SHARED_PAGES * PAGE], [76, 7], [80, PAGE]]
  for (const [at, value] of words) view.setUint32(at, value, true)
  elf.set(text, HEADERS)
  return elf
}

/** An archive as initramfs takes it ("newc"), of one executable file. */
export function archiveOf(name: string, bytes: Uint8Array): Buffer {
  const entry = (called: string, mode: number, data: Uint8Array) => {
    const fields = [1, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, called.length + 1, 0]
    const head = `070701${fields.map((n) => n.toString(16).padStart(8, '0')).join('')}${called}\0`
    return Buffer.concat([padded(Buffer.from(head)), padded(data)])
  }
  return Buffer.concat([entry(name, 0o100755, bytes), entry('TRAILER!!!', 0, new Uint8Array())])
}
/** With zeros up to the next multiple of four. */
export function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, new Uint8Array(-bytes.length & 3)])
}

/** How often a piece is done before its mark is printed. */
export const roundsOf = (name: string) => ROUNDS[name as keyof typeof ROUNDS] * (EACH[name] ?? 1)

/** Microseconds a piece of work took, by what the program printed of it. */
export function timesOf(printed: string): Map<string, number> {
  const times = new Map<string, number>()
  for (const [, name, total] of printed.matchAll(/^@(\w+) (\d+) /gm)) {
    if (name in ROUNDS) times.set(name, Number(total) / roundsOf(name))
  }
  const [fork, share] = [times.get('fork'), times.get('share')]
  if (fork !== undefined && share !== undefined) times.set('cow', (share - fork) / SHARED_PAGES)
  return times
}
