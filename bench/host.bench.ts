/**
 * What the Host costs, on tiny Guests of the assembler: world switches,
 * hypercalls, page faults, and a system call straight and reflected.
 */
import { eax, ebx, ecx, esi, mem } from '../generated/assembler/index.ts'
import type { Label } from '../generated/assembler/index.ts'
import { RealClock } from '../generated/host/clock.ts'
import { PAGE_OFFSET, realHost, Tiny } from '../test/H-host/tiny-guest.ts'
import type { Kernel } from '../test/H-host/tiny-guest.ts'
import type { Bench, Row } from './bench.ts'

const ROUNDS = 20_000
const RUNS = 5
const PAGES_TOUCHED = 256
const FIRST_PAGE = 0x80000

/** Nanoseconds from INITIALIZE to the end of a Guest: the best of some runs. */
function timeGuest(build: (k: Kernel) => void): number {
  let best = Infinity
  for (let run = 0; run < RUNS; run++) {
    const clock = new RealClock(() => performance.now() * 1000, () => Date.now() * 1000, { instructions: 0 })
    const tiny = new Tiny(realHost({ checkTlb: false, slice: 100_000, clock }), build)
    const start = performance.now()
    const reason = tiny.runToEnd(1e6)
    best = Math.min(best, (performance.now() - start) * 1e6)
    if (!reason.startsWith('CRASH')) throw new Error(reason)
  }
  return best
}

/** Nanoseconds a round of `body` costs beyond the empty loop. */
function timeLoop(rounds: number, body: (k: Kernel) => void, prepare: (k: Kernel) => void = () => {}): number {
  const loop = (inner: (k: Kernel) => void) => (k: Kernel) => {
    k.begin()
    prepare(k)
    k.mov(esi, rounds)
    const again = k.here()
    inner(k)
    k.dec(esi)
    k.jne(again)
    k.end()
  }
  return (timeGuest(loop(body)) - timeGuest(loop(() => {}))) / rounds
}

/** A system call from ring 3 through a trap gate (direct) or interrupt gate. */
function timeSystemCall(type: number): number {
  const build = (calls: boolean) => (k: Kernel) => {
    const handler = k.label()
    const program = k.label()
    const over = k.label()
    k.begin().segments().gate(0x80, handler, type, 3).gate(13, over, 0xf)
    k.toRing3(program)
    returnFrom(k, handler)
    k.bind(program)
    k.mov(esi, ROUNDS)
    const again = k.here()
    if (calls) k.int(0x80)
    k.dec(esi)
    k.jne(again)
    k.hlt()
    k.bind(over)
    k.end()
  }
  return (timeGuest(build(true)) - timeGuest(build(false))) / ROUNDS
}

function returnFrom(k: Kernel, handler: Label) {
  k.bind(handler)
  k.iret()
}

/** First touches of pages: each a fault that the Host mends. */
function timePageFault(): number {
  return timeLoop(20, (k) => {
    k.mov(ebx, PAGE_OFFSET + FIRST_PAGE)
    k.mov(ecx, PAGES_TOUCHED)
    const touch = k.here()
    k.mov(mem(ebx).dword, 1)
    k.add(ebx, 4096)
    k.dec(ecx)
    k.jne(touch)
    k.hcall('FLUSH_TLB', 1)
  }) / PAGES_TOUCHED
}

const bench: Bench = {
  name: 'host',
  run(): Row[] {
    const note = `${ROUNDS} rounds, best of ${RUNS}`
    const hypercall = timeLoop(ROUNDS, (k) => { k.mov(eax, 0); k.int(0x1f) })
    const world = timeLoop(ROUNDS, (k) => { k.in_(eax, 0x80) })
    const direct = timeSystemCall(0xf)
    const reflected = timeSystemCall(0xe)
    return [
      { what: 'hypercall (flush), there and back', value: hypercall, unit: 'ns', note },
      { what: 'world switch with a port instruction emulated', value: world, unit: 'ns', note },
      { what: 'page fault mended by the Host', value: timePageFault(), unit: 'ns', note: `${PAGES_TOUCHED} pages, 20 rounds` },
      { what: 'system call, direct', value: direct, unit: 'ns', note: `${note}; the documents report 270` },
      { what: 'system call, reflected', value: reflected, unit: 'ns', note: `${note}; the documents report 1750` },
      { what: 'reflected over direct', value: reflected / direct, unit: 'times', note: 'the documents report 6.5' },
    ]
  },
}

export default bench
