// A Host that has memory but no need of a processor: enough for everything
// that only reads and writes tables. The CPU is a stand-in that remembers
// translations as the retained contexts do, and checks that none goes stale.
import { Core } from '../../generated/emulator/state/state.ts'
import { Physical } from '../../generated/emulator/memory/physical.ts'
import { FrameAllocator } from '../../generated/host/frames.ts'
import type { Host } from '../../generated/host/host.ts'
import { Lguest } from '../../generated/host/lg.ts'
import { LauncherMemory, Task } from '../../generated/host/mm.ts'
import { newDmaHash } from '../../generated/host/io.ts'
import { eraA } from '../../generated/abi/era-a.ts'
import { SWITCHER_ADDR } from '../../generated/abi/common.ts'

export const MIB = 1 << 20
export const P = 1, RW = 2, USER = 4, A = 0x20, D = 0x40, PSE = 0x80, G = 0x100

/** A small seeded generator: numbers in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Walks a shadow as the processor would: the leaf entry, 0 if absent. */
export function walkShadow(
  physical: Physical, pae: boolean, directory: number, va: number,
): number {
  const read = (at: number) => physical.read32(at)
  const table = (entry: number) => (entry & ~0xfff) >>> 0
  if (!pae) {
    const top = read(directory + (va >>> 22) * 4)
    if (!(top & P)) return 0
    const leaf = read(table(top) + ((va >>> 12) & 1023) * 4)
    return leaf & P ? leaf : 0
  }
  const top = read(directory + (va >>> 30) * 8)
  if (!(top & P)) return 0
  const middle = read(table(top) + ((va >>> 21) & 511) * 8)
  if (!(middle & P)) return 0
  const at = table(middle) + ((va >>> 12) & 511) * 8
  if (read(at + 4) !== 0) throw new Error('upper word of a shadow entry')
  const leaf = read(at)
  return leaf & P ? leaf : 0
}

/** Stands where the CPU stands, and never forgets unless told to. */
export class RememberingCpu {
  readonly contexts = new Map<number, Map<number, number>>()
  invalidations = 0

  remember(directory: number, va: number, entry: number): void {
    const page = va >>> 12
    if (!this.contexts.has(directory)) this.contexts.set(directory, new Map())
    this.contexts.get(directory)!.set(page, entry)
  }
  invalidate(directory: number, va: number): void {
    this.invalidations++
    this.contexts.get(directory)?.delete(va >>> 12)
  }
  dropContext(directory: number): void {
    this.contexts.delete(directory)
  }
}

export interface World {
  host: Host
  physical: Physical
  frames: FrameAllocator
  cpu: RememberingCpu
}

/** A Host with its frames and the Switcher's pages, and no Guests. */
export function makeWorld(
  options: { ram?: number, hostArea?: number, random?: () => number } = {},
): World {
  const ram = options.ram ?? 24 * MIB
  const physical = new Physical(new Core(ram))
  const frames = new FrameAllocator(physical, options.hostArea ?? 8 * MIB)
  const cpu = new RememberingCpu()
  const host = {
    machine: { physical, cpu },
    physical, frames, cpu,
    guests: new Array(16).fill(null),
    dmaHash: newDmaHash(),
    random: options.random ?? (() => 0),
    switcherText: [frames.alloc()],
    statePage: frames.alloc(),
    pagesAddress: SWITCHER_ADDR + 4096,
  } as unknown as Host
  return { host, physical, frames, cpu }
}

export interface TestGuest {
  lg: Lguest
  mm: LauncherMemory
  /** Unsigned word of Guest memory. */
  get(gpa: number): number
  put(gpa: number, ...words: number[]): void
}

/** A Guest with zeroed memory and no page tables yet. */
export function makeGuest(world: World, pages: number, id = 0): TestGuest {
  const { host, physical, frames } = world
  const mm = new LauncherMemory(physical, frames)
  if (!mm.mapZeroed(0, pages)) throw new Error('no room for the Guest')
  const task = new Task('test')
  const lg = new Lguest(host, id, eraA, mm, task, frames.alloc())
  lg.pfnLimit = pages
  lg.kernelAddress = 0xc0000000
  host.guests[id] = lg
  return {
    lg, mm,
    get: (gpa) => mm.read32(gpa) >>> 0,
    put: (gpa, ...words) => words.forEach((word, i) =>
      mm.write32(gpa + i * 4, word)),
  }
}

/** Every present leaf of every shadow of a Guest. */
export function* leaves(world: World, lg: Lguest): Generator<{
  directory: number, va: number, entry: number, upper: number[],
}> {
  const { physical } = world
  const table = (entry: number) => (entry & ~0xfff) >>> 0
  for (const slot of lg.pgdirs) {
    if (slot.pgdir === 0) continue
    const directory = slot.pgdir
    const shape = lg.pae ? [[4, 8, 30], [512, 8, 21], [512, 8, 12]]
      : [[1024, 4, 22], [1024, 4, 12]]
    const walk = function* (
      at: number, level: number, va: number, upper: number[],
    ): Generator<{ directory: number, va: number, entry: number, upper: number[] }> {
      const [count, size, shift] = shape[level]
      for (let i = 0; i < count; i++) {
        const entry = physical.read32(at + i * size)
        if (!(entry & P)) {
          if (entry !== 0) throw new Error(`half an entry: ${entry.toString(16)}`)
          continue
        }
        const here = (va + i * 2 ** shift) >>> 0
        if (level === shape.length - 1) yield { directory, va: here, entry, upper }
        else yield* walk(table(entry), level + 1, here, [...upper, entry])
      }
    }
    yield* walk(directory, 0, 0, [])
  }
}

/** Table frames (directories included) that the shadows of a Guest use. */
export function tableFrames(world: World, lg: Lguest): number {
  const { physical } = world
  const table = (entry: number) => (entry & ~0xfff) >>> 0
  let count = 0
  for (const slot of lg.pgdirs) {
    if (slot.pgdir === 0) continue
    count++
    const tops = lg.pae ? 4 : 1024
    const size = lg.pae ? 8 : 4
    for (let i = 0; i < tops; i++) {
      const top = physical.read32(slot.pgdir + i * size)
      if (!(top & P)) continue
      count++
      if (!lg.pae) continue
      for (let j = 0; j < 512; j++) {
        if (physical.read32(table(top) + j * 8) & P) count++
      }
    }
  }
  return count
}
