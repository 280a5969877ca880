/**
 * v86's interpreter on the same machine code: translation off, no BIOS, no
 * devices; the kernel is a multiboot image, so v86 starts it in flat
 * protected mode. It runs with paging off, which for v86 costs the same.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Assembler, esp } from '../generated/assembler/index.ts'
import { CODE, STACK, type Kernel } from './kernels.ts'

export interface V86Run { milliseconds: number, instructions: number }

const HEADER = CODE - 64
const MAGIC = 0x1badb002
const ADDRESSES_GIVEN = 0x10000

/** The kernel behind a multiboot header that says where it goes. */
function image(kernel: Kernel): ArrayBuffer {
  const a = new Assembler(HEADER)
  a.dd(MAGIC, ADDRESSES_GIVEN, -(MAGIC + ADDRESSES_GIVEN) >>> 0)
  a.dd(HEADER, HEADER, 0, 0, CODE - 16)
  a.space(CODE - 16 - HEADER - 32).mov(esp, STACK).align(16)
  kernel.write(a)
  const { bytes } = a.assemble()
  const padded = new Uint8Array(8192)
  padded.set(bytes)
  return padded.buffer
}

interface Emulator {
  add_listener(event: string, listener: () => void): void
  run(): Promise<void>
  destroy(): Promise<void>
  write_memory(bytes: Uint8Array, at: number): void
  get_instruction_counter(): number
  v86: { cpu: { reg32: Int32Array } }
}

/** One run; the translator of v86 works only if `translate`. */
export async function runV86(kernel: Kernel, translate = false):
  Promise<V86Run> {
  const emulator = await start(kernel, translate)
  kernel.prepare?.({ physical: {
    write32: (at: number, v: number) => emulator.write_memory(
      new Uint8Array(Uint32Array.of(v).buffer), at),
  } } as never)
  const from = performance.now()
  await new Promise<void>((done) => {
    emulator.add_listener('cpu-event-halt', done)
    void emulator.run()
  })
  const milliseconds = performance.now() - from
  const result = emulator.v86.cpu.reg32[0] >>> 0
  if (result !== kernel.result) throw new Error(`v86: eax ${result}`)
  const instructions = emulator.get_instruction_counter()
  await emulator.destroy()
  return { milliseconds, instructions }
}

async function start(kernel: Kernel, translate: boolean): Promise<Emulator> {
  const { V86 } = await import('v86') as unknown as
    { V86: new (options: object) => Emulator }
  const wasm = createRequire(import.meta.url).resolve('v86/build/v86.wasm')
  const emulator = new V86({
    autostart: false, disable_jit: !translate, log_level: 0,
    memory_size: 16 << 20, vga_memory_size: 1 << 20,
    multiboot: { buffer: image(kernel) },
    wasm_fn: async (imports: WebAssembly.Imports) => (
      await WebAssembly.instantiate(readFileSync(wasm), imports)
    ).instance.exports,
  })
  await new Promise<void>((done) => {
    emulator.add_listener('emulator-loaded', done)
  })
  return emulator
}
