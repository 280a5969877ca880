/** One description, two printers: the same hot code interpreted and compiled. */
import { Assembler, dl, eax, ebx, ecx, edi, edx, esi, ebp, mem } from '../generated/assembler/index.ts'
import { Machine } from '../generated/emulator/index.ts'
import { slice, type Execution } from '../generated/emulator/run/run.ts'
import type { Core } from '../generated/emulator/state/state.ts'
import { printBlock } from '../generated/emulator/print/block.ts'
import { compileBlock, perform, surroundings } from '../generated/emulator/run/compile.ts'
import type { Bench, Row } from './bench.ts'

const TABLES = 0x10000
const CODE = 0x20000
const ROUNDS = 1_000_000
const SLICE = 100_000
const TURNS = 9

interface Loop {
  name: string
  /** Writes the loop's body; EBX counts its rounds down, and is not touched. */
  write(a: Assembler): void
}

const loops: Loop[] = [
  { name: 'xorshift', write(a) {
    a.mov(edx, eax).shl(edx, 13).xor(eax, edx)
    a.mov(edx, eax).shr(edx, 17).xor(eax, edx)
    a.mov(edx, eax).shl(edx, 5).xor(eax, edx)
  } },
  { name: 'copy and add', write(a) {
    a.mov(dl, mem(esi, 0x100000)).inc(esi).inc(dl).mov(mem(edi, 0x180000), dl).inc(edi)
    a.and(esi, 0xffff).and(edi, 0xffff)
  } },
  { name: '40 sums and stores', write(a) {
    for (let i = 0; i < 10; i++) {
      a.add(eax, mem(esi, 0x100000 + i * 4)).lea(ecx, mem({ base: eax, index: ecx, disp: i }))
      a.xor(ebp, ecx).mov(mem(edi, 0x180000 + i * 4), ebp)
    }
  } },
]

/** Paging on, every page at its own address. */
function boot({ cpu, physical }: Machine): void {
  physical.write32(TABLES, (TABLES + 4096) | 3)
  for (let i = 0; i < 1024; i++) physical.write32(TABLES + 4096 + i * 4, (i << 12) | 3)
  cpu.cr3 = TABLES
  cpu.cr0 = 0x80010011
}

/** The best of some turns, in milliseconds: what else runs disturbs it least. */
function bestTime(work: () => void): number {
  const times: number[] = []
  for (let turn = 0; turn < TURNS; turn++) {
    const start = performance.now()
    work()
    times.push(performance.now() - start)
  }
  return Math.min(...times)
}

function setUp(loop: Loop) {
  const machine = new Machine({ ramBytes: 4 << 20, deterministic: true })
  boot(machine)
  const a = new Assembler(CODE)
  const top = a.here()
  loop.write(a)
  a.dec(ebx).jne(top).hlt()
  machine.physical.writeBytes(CODE, a.assemble().bytes)
  const { core, execution } = machine.cpu as unknown as { core: Core, execution: Execution }
  const start = () => {
    for (let r = 0; r < 8; r++) machine.cpu.setReg(r, r === 3 ? ROUNDS : r * 0x1234)
    machine.cpu.eip = CODE
  }
  return { machine, core, execution, start }
}

function measure(loop: Loop): Row[] {
  const { machine: { cpu }, core, execution, start } = setUp(loop)
  const before = cpu.instructions
  start()
  cpu.run(1e9)
  const instructions = cpu.instructions - before
  const interpreted = bestTime(() => {
    start()
    cpu.run(1e9)
  })
  const eax = cpu.reg(0)
  const s = surroundings(core, execution.cache)
  const block = compileBlock(s, execution.cache.find(CODE, 0))
  const enter = () => perform(s, block) & 1
  const compiled = bestTime(() => {
    start()
    while (cpu.eip === CODE) slice(core, enter, 0, SLICE)
  })
  if (cpu.reg(0) !== eax) throw new Error('the printers disagree')
  const rate = (time: number) => instructions / time / 1000
  return [
    { what: `${loop.name}, interpreted`, value: rate(interpreted), unit: 'MIPS' },
    { what: `${loop.name}, compiled`, value: rate(compiled), unit: 'MIPS',
      note: `${(interpreted / compiled).toFixed(1)} times, ${((compiled * 1e6) / ROUNDS).toFixed(1)} ns a round of `
        + `${Math.round(instructions / ROUNDS)}; ${block.bytes} bytes` },
  ]
}

/** What a block costs before it runs for the first time. */
function emission(): Row[] {
  const { core, execution, start } = setUp(loops[2])
  start()
  const { cache } = execution
  const block = cache.find(CODE, 0)
  const s = surroundings(core, cache)
  const instructions = 42
  const times = 2000
  const print = bestTime(() => {
    for (let i = 0; i < times; i++) printBlock(cache.code, block)
  })
  const whole = bestTime(() => {
    for (let i = 0; i < 100; i++) compileBlock(s, block)
  })
  return [
    { what: 'printing', value: (print * 1e6) / times / instructions, unit: 'ns', note: 'an instruction' },
    { what: 'printing, module and instance', value: (whole * 1000) / 100, unit: 'µs', note: `a block of ${instructions}` },
  ]
}

export default {
  name: 'Compiled blocks',
  run: () => [...loops.flatMap(measure), ...emission()],
} satisfies Bench
