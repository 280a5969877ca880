/**
 * M:006: a program calls its kernel in ring 1, by INT 0x80 through a trap gate, or by
 * SYSENTER, which arrives in ring 0 and has to be sent on from there. A machine
 * without a Host, so that nothing else is measured.
 */
import { Assembler, ecx, edi, edx, esp, type Value } from '../generated/assembler/index.ts'
import { BareMachine } from '../generated/emulator/bare.ts'
import { Translator } from '../generated/emulator/run/translator.ts'
import { quickest, type Bench, type Row } from './bench.ts'

/** Instructions in a measured stretch. */
const STRETCH = 200_000
const [GDT, IDT, TSS] = [0xa000, 0x9000, 0xb000]
const [CODE0, DATA0, CODE3, DATA3, CODE1, DATA1, TASK] = [0x08, 0x10, 0x1b, 0x23, 0x29, 0x31, 0x38]
const FLAGS = 0x3002
const IRET = 0xcf

type Way = 'no call' | 'INT 0x80' | 'SYSENTER'

/** A program, its kernel, and a ring 0 that starts it and takes in who comes by SYSENTER. */
function programs(way: Way): Assembler {
  const a = new Assembler(0x1000)
  const [program, kernel, again, back] = ['program', 'kernel', 'again', 'back'].map((name) => a.label(name))
  const home = (segment: number, stack: number, code: number, to: Value) => a.push(segment).push(stack).push(FLAGS).push(code).push(to).db(IRET)
  a.db(0x66, 0xb8, TASK, 0, 0x0f, 0x00, 0xd8) // mov ax, TASK; ltr ax
  home(DATA3, 0x5000, CODE3, program)
  a.bind(a.label('handler')).db(IRET)
  // Who comes here is believed nothing: the two registers are numbers, for the kernel in ring 1 to use.
  a.bind(a.label('arrival'))
  home(DATA1, 0x6000, CODE1, kernel)
  a.bind(kernel).push(DATA3).push(ecx).push(FLAGS).push(CODE3).push(edx).db(IRET)
  a.bind(program).bind(again)
  if (way === 'INT 0x80') a.int(0x80)
  if (way === 'SYSENTER') a.mov(ecx, esp).mov(edx, back).db(0x0f, 0x34)
  return a.bind(back).dec(edi).jmp(again)
}

function machineFor(way: Way): BareMachine {
  const machine = new BareMachine({ ramBytes: 1 << 20, deterministic: true })
  const { physical, cpu } = machine
  cpu.translateBy(Translator)
  const { bytes, symbols } = programs(way).assemble()
  physical.writeBytes(0x1000, bytes)
  const segment = (selector: number, low: number, high: number) => {
    physical.write32(GDT + (selector & ~7), low)
    physical.write32(GDT + (selector & ~7) + 4, high)
  }
  for (const code of [CODE0, CODE3, CODE1]) segment(code, 0xffff, 0x00cf9b00 | (code & 3) << 13)
  for (const data of [DATA0, DATA3, DATA1]) segment(data, 0xffff, 0x00cf9300 | (data & 3) << 13)
  segment(TASK, TSS << 16 | 0x67, 0x8900)
  physical.write32(TSS + 12, 0x6000)
  physical.write32(TSS + 16, DATA1)
  physical.write32(IDT + 0x80 * 8, CODE1 << 16 | symbols.get('handler')!)
  physical.write32(IDT + 0x80 * 8 + 4, 0xef00)
  cpu.gdtr = { base: GDT, limit: TASK + 7 }
  cpu.idtr = { base: IDT, limit: 0x7ff }
  for (const [msr, value] of [[0x174, CODE0], [0x175, 0x7000], [0x176, symbols.get('arrival')!]]) cpu.setMsr(msr, value)
  cpu.eip = 0x1000
  cpu.setReg(4, 0x8000)
  return machine
}

/** Nanoseconds and instructions for each call. */
function price(way: Way): { ns: number, instructions: number } {
  const { cpu } = machineFor(way)
  let instructions = 0
  const ns = quickest(() => {
    const before = cpu.reg(7)
    const start = performance.now()
    cpu.run(STRETCH)
    const calls = (before - cpu.reg(7)) >>> 0
    instructions = Math.round(STRETCH / calls)
    return (performance.now() - start) * 1e6 / calls
  })
  return { ns, instructions }
}

function run(): Row[] {
  return (['no call', 'INT 0x80', 'SYSENTER'] as const).map((what) => {
    const { ns, instructions } = price(what)
    return { what, value: ns, unit: 'ns', cells: [String(instructions)] }
  })
}

export default { name: 'A call from ring 3 to ring 1 and back (M:006)', columns: ['instructions'], run } satisfies Bench
