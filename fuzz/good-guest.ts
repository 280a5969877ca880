/**
 * The good Guest beside the hostile ones: era A, two-level tables. It keeps
 * constants in all of its registers, floating point included, looks whether
 * they are still there, counts, and answers interrupts.
 */
import { callNumber } from '../generated/abi/common.ts'
import type { CallName } from '../generated/abi/common.ts'
import { eraA } from '../generated/abi/era-a.ts'
import {
  Assembler, eax, ebp, ebx, ecx, edi, edx, esi, esp, mem,
} from '../generated/assembler/index.ts'
import type { Label } from '../generated/assembler/index.ts'
import type { Host } from '../generated/host/host.ts'
import type { LguestFile } from '../generated/host/lguest-user.ts'
import { LauncherMemory, Task } from '../generated/host/mm.ts'
import { Finding, hex, object } from './finding.ts'
import { word } from './machine-code.ts'
import { DATA, LEAF, PAGE_OFFSET, PAGES, STACK, TOP } from './places.ts'

const CODE = 0x10000
/** Words it writes: rounds, answered interrupts, what it found wrong. */
const ROUNDS = 0x30000
const ANSWERS = 0x30004
const WRONG = 0x30008
const CONSTANT = 0x31000
/** Where others may send to, in the DMA of 2007. */
export const RECORD = 0x40000
export const BUFFER = 0x41000
export const SHARED_PAGE = 0x42000
const CONTROL = 0x12345678
const VALUES = [0x0badcafe, 0x10203040, 0x7f7f7f7f, 0xfeedface, 0x55aa55aa, 0x31415926]
/** Pages that change while it runs, or that others may write; what lies between them stays as it is. */
const VOLATILE = [DATA, STACK - 4096, ROUNDS & ~0xfff, RECORD, BUFFER, SHARED_PAGE]
const STRETCHES = VOLATILE.map((page, i) => [i === 0 ? 0 : VOLATILE[i - 1] + 4096, page] as const)
/** One to end a round that it has begun, one for the interrupt; and twice as many for surprises. */
const TURNS_TO_ANSWER = 6

export class GoodGuest {
  readonly mm: LauncherMemory
  readonly file: LguestFile
  readonly task = new Task('good')
  readonly memory: number
  readonly #buffer = new Uint8Array(256)
  /** Its memory, as it is and as it was. */
  readonly #now: Uint8Array
  readonly #before: Uint8Array

  constructor(host: Host, shared: { frame: number; file: object }) {
    this.mm = new LauncherMemory(host.physical, host.frames)
    if (!this.mm.mapZeroed(0, PAGES)) throw new Error('no memory for the good Guest')
    this.memory = this.mm.frameOf(0, true)
    this.#fill()
    this.mm.mapShared(SHARED_PAGE, shared.frame, shared.file, 0)
    this.file = host.open(this.mm)
    const result = this.file.write(Uint32Array.of(0, PAGES, TOP, PAGE_OFFSET + CODE, PAGE_OFFSET), this.task)
    if (result < 0) throw new Error(`INITIALIZE gave ${result}`)
    for (let turn = 0; turn < 20; turn++) this.goOn()
    const { buffer, byteOffset } = host.physical.words
    this.#now = new Uint8Array(buffer, byteOffset + this.memory, SHARED_PAGE)
    this.#before = this.#now.slice()
  }

  #fill(): void {
    const { mm } = this
    mm.write32(TOP + (PAGE_OFFSET >>> 22) * 4, LEAF | 0x67)
    for (let i = 0; i < PAGES; i++) mm.write32(LEAF + i * 4, i * 4096 | 0x63)
    mm.writeBytes(DATA + eraA.data.hcallStatus, new Uint8Array(64).fill(0xff))
    mm.write32(CONSTANT, CONTROL)
    mm.write32(RECORD + 4, BUFFER)
    mm.writeBytes(RECORD + 68, Uint8Array.of(0, 2))
    mm.writeBytes(CODE, program())
  }

  /** One read. Finds fault if it is not simply the end of a slice. */
  turn(): void {
    const result = this.file.read(this.#buffer, this.task)
    if (result.kind === 'again') return
    throw new Finding('neighbour', `its read gave ${JSON.stringify(result)}: ${this.file.lg?.dead}`)
  }

  /** A turn, once the others have had theirs for all that it owes: translating its loop is dear. */
  goOn(): void {
    const { account } = this.task
    while (account.exhausted && account.turns > 0) account.renew()
    this.turn()
  }

  /** Does it still answer, and is all as it was? */
  examine(): void {
    const rounds = this.mm.read32(ROUNDS)
    const answers = this.mm.read32(ANSWERS)
    this.mm.write32(RECORD, 0)
    this.file.write(Uint32Array.of(2, 5), this.task)
    const answered = () => this.mm.read32(ANSWERS) !== answers
    const moved = () => this.mm.read32(ROUNDS) !== rounds
    for (let turn = 0; turn < TURNS_TO_ANSWER && !(answered() && moved()); turn++) this.goOn()
    object('neighbour', answered(), () => 'it does not answer an interrupt')
    object('neighbour', moved(), () => 'it stands still')
    object('neighbour', this.mm.read32(WRONG) === 0, () => `its registers changed: ${this.mm.read32(WRONG)}`)
    for (const [from, to] of STRETCHES) this.#asBefore(from, to)
  }

  #asBefore(from: number, to: number): void {
    if (Buffer.compare(this.#now.subarray(from, to), this.#before.subarray(from, to)) === 0) return
    const at = this.#now.findIndex((byte, i) => i >= from && byte !== this.#before[i])
    throw new Finding('neighbour', `its memory changed at ${hex(at)}`)
  }
}

class Program extends Assembler {
  constructor() { super(PAGE_OFFSET + CODE) }

  hcall(name: CallName, one = 0, two: number | Label = 0, three: number | Label = 0): this {
    this.mov(edx, one)
    this.mov(ebx, two)
    this.mov(ecx, three)
    this.mov(eax, callNumber(eraA, name))
    this.int(0x1f)
    return this
  }
}

const registers = [ebx, ecx, edx, esi, edi, ebp] as const
const at = (physical: number) => mem(PAGE_OFFSET + physical)

function program(): Uint8Array {
  const a = new Program()
  const handler = a.label()
  a.mov(esp, PAGE_OFFSET + STACK)
  a.hcall('LGUEST_INIT', DATA).hcall('BIND_DMA', SHARED_PAGE, RECORD, 1 << 8 | 7)
  a.hcall('SET_STACK', 0x69, PAGE_OFFSET + STACK, 1)
  for (const vector of [0x25, 0x27]) {
    a.mov(ebx, handler).and(ebx, 0xffff).or(ebx, 0x610000)
    a.mov(ecx, handler).and(ecx, 0xffff0000).or(ecx, 0x8e00)
    a.mov(edx, vector).mov(eax, callNumber(eraA, 'LOAD_IDT_ENTRY')).int(0x1f)
  }
  a.db(Uint8Array.of(0xdb, 0xe3))
  for (const load of [[0xdb, 5], ...VECTOR_REGISTERS.map((field) => [0x66, 0x0f, 0x6e, field])]) touch(a, load, CONSTANT)
  writeRounds(a)
  a.bind(handler)
  a.inc(at(ANSWERS).dword).iret()
  return a.assemble().bytes
}

/** ModRM bytes of xmm0 and xmm7 with an address. */
const VECTOR_REGISTERS = [0x05, 0x3d]

/** An instruction of the floating-point unit that names an address. */
function touch(a: Program, opcode: readonly number[], physical: number): void {
  a.db(Uint8Array.from([...opcode, ...word(PAGE_OFFSET + physical)]))
}

/** Round and round: set, let time pass, look. */
function writeRounds(a: Program): void {
  const round = a.here()
  const wrong = a.label()
  a.mov(at(DATA).dword, 0x200)
  registers.forEach((register, i) => a.mov(register, VALUES[i]))
  a.mov(eax, 100)
  const wait = a.here()
  a.dec(eax).jnz(wait)
  registers.forEach((register, i) => a.cmp(register, VALUES[i]).jne(wrong))
  for (const save of [[0xdb, 0x15], ...VECTOR_REGISTERS.map((field) => [0x66, 0x0f, 0x7e, field])]) {
    touch(a, save, ROUNDS + 16)
    a.cmp(at(ROUNDS + 16).dword, CONTROL).jne(wrong)
  }
  a.inc(at(ROUNDS).dword)
  a.hcall('FLUSH_ASYNC')
  a.jmp(round)
  a.bind(wrong)
  a.inc(at(WRONG).dword).jmp(round)
}
