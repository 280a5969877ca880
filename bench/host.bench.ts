/**
 * What the Host costs, on tiny Guests of the assembler: world switches,
 * hypercalls, page faults, and a system call straight and reflected.
 *
 * A Guest does one thing in a loop for some seconds; the quickest stretch of
 * it counts.
 */
import { eax, ebx, ecx, esi, mem } from '../generated/assembler/index.ts'
import { RealClock } from '../generated/host/clock.ts'
import { PAGE_OFFSET, realHost, Tiny } from '../test/H-host/tiny-guest.ts'
import type { Kernel } from '../test/H-host/tiny-guest.ts'
import { quickest, type Bench, type Row } from './bench.ts'

/** Instructions between two looks at the clock. */
const STRETCH = 30_000
const FEW = 1000
const FOR_EVER = 0x7fffffff
const PAGES_TOUCHED = 256
const FIRST_PAGE = 0x80000

/** What a round takes: time varies from run to run, instructions do not. */
interface Cost { ns: number, instructions: number }
/** A Guest that does something so many times and ends. */
type Loop = (rounds: number) => (k: Kernel) => void

function tinyGuest(build: (k: Kernel) => void): Tiny {
  const clock = new RealClock(() => performance.now() * 1000, () => Date.now() * 1000, { instructions: 0 })
  return new Tiny(realHost({ checkTlb: false, slice: STRETCH, clock }), build)
}

function instructionsOf(build: (k: Kernel) => void): number {
  const tiny = tinyGuest(build)
  const { cpu } = tiny.made.host
  const before = cpu.instructions
  const reason = tiny.runToEnd(1e6)
  if (!reason.startsWith('CRASH')) throw new Error(reason)
  return cpu.instructions - before
}

/** Nanoseconds an instruction takes in the quickest stretch of a long loop. */
function nanosecondsEach(tiny: Tiny): number {
  const { cpu } = tiny.made.host
  const buffer = new Uint8Array(1024)
  return quickest(() => {
    const start = performance.now()
    const before = cpu.instructions
    while (cpu.instructions - before < STRETCH) {
      const { kind } = tiny.file.read(buffer, tiny.task)
      if (kind !== 'again') throw new Error(`the Guest ended: ${kind}`)
    }
    return ((performance.now() - start) * 1e6) / (cpu.instructions - before)
  })
}

/** What a round costs, the loop's own two instructions included. */
function measure(loop: Loop): Cost {
  const instructions = (instructionsOf(loop(2 * FEW)) - instructionsOf(loop(FEW))) / FEW
  return { instructions, ns: nanosecondsEach(tinyGuest(loop(FOR_EVER))) * instructions }
}

/** Does `body` in ring 1. */
const inKernel = (body: (k: Kernel) => void): Loop => (rounds) => (k) => {
  k.begin()
  repeat(k, rounds, body)
  k.end()
}

function repeat(k: Kernel, rounds: number, body: (k: Kernel) => void): void {
  k.mov(esi, rounds)
  const again = k.here()
  body(k)
  k.dec(esi)
  k.jne(again)
}

/** A system call from ring 3 through a trap gate (direct) or interrupt gate. */
const systemCall = (gate: number): Loop => (rounds) => (k) => {
  const handler = k.label()
  const program = k.label()
  const over = k.label()
  k.begin().segments().gate(0x80, handler, gate, 3).gate(13, over, 0xf)
  k.toRing3(program)
  k.bind(handler).iret()
  k.bind(program)
  repeat(k, rounds, () => k.int(0x80))
  k.hlt()
  k.bind(over)
  k.end()
}

/** First touches of pages: each a fault that the Host mends; then a flush. */
const pageFaults = inKernel((k) => {
  k.mov(ebx, PAGE_OFFSET + FIRST_PAGE)
  k.mov(ecx, PAGES_TOUCHED)
  const touch = k.here()
  k.mov(mem(ebx).dword, 1)
  k.add(ebx, 4096)
  k.dec(ecx)
  k.jne(touch)
  k.hcall('FLUSH_TLB', 1)
})

const each = ({ ns, instructions }: Cost, times: number): Cost => ({ ns: ns / times, instructions: instructions / times })

function toRow(what: string, { ns, instructions }: Cost, note?: string): Row {
  return { what, value: ns, unit: 'ns', cells: [instructions.toFixed(0)], note }
}

const [TRAP_GATE, INTERRUPT_GATE] = [0xf, 0xe]

function run(): Row[] {
  const direct = measure(systemCall(TRAP_GATE))
  const reflected = measure(systemCall(INTERRUPT_GATE))
  return [
    toRow('hypercall (flush), there and back', measure(inKernel((k) => k.mov(eax, 0).int(0x1f)))),
    toRow('world switch with a port instruction emulated', measure(inKernel((k) => k.in_(eax, 0x80)))),
    toRow('page fault mended by the Host', each(measure(pageFaults), PAGES_TOUCHED), `${PAGES_TOUCHED} pages and a flush`),
    toRow('system call, direct', direct, 'the documents report 270'),
    toRow('system call, reflected', reflected, 'the documents report 1750'),
    {
      what: 'reflected over direct', value: reflected.ns / direct.ns, unit: 'times',
      cells: [(reflected.instructions / direct.instructions).toFixed(1)], note: 'the documents report 6.5',
    },
  ]
}

export default { name: 'Host, the quickest stretch of a long loop', columns: ['instructions'], run } satisfies Bench
