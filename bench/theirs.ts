/**
 * The same kernels on v86 (npm package v86), in this process. Its driver asks
 * for work at a port, so this side sees when a kernel starts and when it ends.
 */
import { fileURLToPath } from 'node:url'
import { V86 } from 'v86'
import { BENCH_PORT, codeOf, resultOf } from './image.ts'
import type { Kernel } from './kernels.ts'

type Ports = {
  register_read(port: number, device: unknown, read8?: () => number, read16?: () => number, read32?: () => number): void
  register_write(port: number, device: unknown, write8?: undefined, write16?: undefined, write32?: (value: number) => void): void
}

export interface V86Options {
  /** Translates hot code to WebAssembly; without it v86 only interprets. */
  translates: boolean
}

/** One v86, stopped whenever it has nothing to do. */
export class Theirs {
  private readonly emulator: V86
  private readonly work: Kernel[] = []
  private kernel: Kernel | undefined
  private started = 0
  private times: number[] = []
  private settle: { resolve(): void, reject(error: Error): void } = { resolve() {}, reject() {} }

  private constructor(emulator: V86) {
    this.emulator = emulator
    const { v86 } = emulator as unknown as { v86: { cpu: { io: Ports } } }
    v86.cpu.io.register_read(BENCH_PORT, this, undefined, undefined, () => this.ask())
    v86.cpu.io.register_write(BENCH_PORT, this, undefined, undefined, (value) => this.answer(value))
  }

  static async start(image: Uint8Array<ArrayBuffer>, { translates }: V86Options): Promise<Theirs> {
    const emulator = new V86({
      wasm_path: fileURLToPath(import.meta.resolve('v86').replace(/[^/]*$/, 'v86.wasm')),
      multiboot: { buffer: image.buffer },
      memory_size: 16 << 20, vga_memory_size: 1 << 20,
      disable_jit: !translates, autostart: false,
    })
    await new Promise<void>((resolve) => emulator.add_listener('emulator-loaded', () => resolve()))
    return new Theirs(emulator)
  }

  /** Runs a kernel some times. @returns milliseconds each run took */
  async run(kernel: Kernel, times: number): Promise<number[]> {
    this.times = []
    this.work.push(...Array<Kernel>(times).fill(kernel))
    const done = new Promise<void>((resolve, reject) => { this.settle = { resolve, reject } })
    await this.emulator.run()
    await done
    await this.emulator.stop()
    return this.times
  }

  destroy(): Promise<void> {
    return this.emulator.destroy()
  }

  private ask(): number {
    this.kernel = this.work.shift()
    this.started = performance.now()
    return this.kernel ? codeOf(this.kernel) : 0
  }

  private answer(value: number): void {
    this.times.push(performance.now() - this.started)
    const { kernel } = this
    if (!kernel) return
    if (value >>> 0 !== resultOf(kernel)) {
      this.settle.reject(new Error(`v86, ${kernel.name}: eax ${value >>> 0}, not ${resultOf(kernel)}`))
    }
    if (this.work.length === 0) this.settle.resolve()
  }
}
