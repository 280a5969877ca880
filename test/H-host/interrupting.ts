/** Guests that can be interrupted, and a look at what it did to them. */
import { eraA } from '../../generated/abi/era-a.ts'
import { lguestState } from '../../generated/switcher/layout.ts'
import { DATA, hypercall, inKernel, makeKnownGuest, PAGE_OFFSET, run, START } from './scripted-host.ts'
import type { World } from './scripted-host.ts'

export const layout = eraA.data
export const HANDLER = START + 0x600

export function load(world: World, vector: number, type: number, handler = HANDLER, dpl = 0) {
  hypercall(world, 'LOAD_IDT_ENTRY', vector, (0x60 << 16) | (handler & 0xffff), (handler & 0xffff0000) | 0x8000 | (dpl << 13) | (type << 8))
  run(world)
}

export function enabled(world: World, value?: number): number {
  if (value !== undefined) world.mm.write32(DATA + layout.irqEnabled, value)
  return world.mm.read32(DATA + layout.irqEnabled)
}

/** A Guest in its kernel, with interrupts on and a gate for IRQ 5. */
export function ready(type = 0xe) {
  const world = makeKnownGuest()
  inKernel(world)
  enabled(world, 0x200)
  load(world, 32 + 5, type)
  return world
}

/** The words pushed below an address, lowest address first. */
export function pushed(world: World, top: number): number[] {
  const words: number[] = []
  for (let at = (world.cpu.reg('esp') - PAGE_OFFSET); at < top; at += 4) words.push(world.mm.read32(at))
  return words
}

/** The gate that the processor would use. */
export function gateInUse(world: World, vector: number): [number, number] {
  const at = world.host.statePage + lguestState.guestIdt + vector * 8
  return [world.host.physical.read32(at), world.host.physical.read32(at + 4)]
}

export function stub(world: World, vector: number, dpl = 0): [number, number] {
  const address = world.host.stubs[vector]
  return [((0x50 << 16) | (address & 0xffff)) >>> 0, ((address & 0xffff0000) | 0x8e00 | (dpl << 13)) >>> 0]
}
