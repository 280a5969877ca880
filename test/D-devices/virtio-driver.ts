/** A driver's side of a virtqueue, after the virtio specification. */
import { LHREQ_IRQ } from '../../generated/abi/common.ts'
import { LguestBus } from '../../generated/launcher/virtio/bus.ts'
import { done, fakeGuest, FakePlatform } from '../L-launcher/fakes.ts'
import type { GuestMemory } from '../../generated/launcher/memory.ts'

export const NEXT = 1
export const WRITE = 2
export const INDIRECT = 4

export class Driver {
  readonly memory: GuestMemory
  readonly entries: number
  readonly ring: number
  readonly available: number
  readonly used: number
  #free: number[]
  readonly #chains = new Map<number, number[]>()
  #offered = 0
  #collected = 0

  /** A legacy ring: the used part on a page of its own. */
  constructor(memory: GuestMemory, ring: number, entries: number) {
    this.memory = memory
    this.entries = entries
    this.ring = ring
    this.available = ring + 16 * entries
    this.used = Math.ceil((this.available + 4 + 2 * entries) / 4096) * 4096
    this.#free = Array.from({ length: entries }, (_, i) => i)
  }

  /** Writes a descriptor of any table. */
  write(memory: GuestMemory, table: number, index: number, address: number,
    length: number, flags: number, next: number): void {
    const at = table + index * 16
    memory.write32(at, address)
    memory.write32(at + 4, 0)
    memory.write32(at + 8, length)
    memory.write16(at + 12, flags)
    memory.write16(at + 14, next)
  }

  descriptor(index: number, address: number, length: number, flags: number,
    next: number): void {
    this.write(this.memory, this.ring, index, address, length, flags, next)
  }

  /** Puts a chain into the available ring; its head. */
  add(out: [number, number][], into: [number, number][]): number {
    const pieces = [...out.map((p) => [...p, 0]),
      ...into.map((p) => [...p, WRITE])]
    const chain = pieces.map(() => this.#free.shift()!)
    pieces.forEach(([address, length, flags], i) => {
      const last = i === pieces.length - 1
      this.descriptor(chain[i], address, length,
        flags | (last ? 0 : NEXT), last ? 0 : chain[i + 1])
    })
    this.#chains.set(chain[0], chain)
    this.offer(chain[0])
    return chain[0]
  }

  addIndirect(table: number, count: number): void {
    const index = this.#free.shift()!
    this.#chains.set(index, [index])
    this.descriptor(index, table, count * 16, INDIRECT, 0)
    this.offer(index)
  }

  offer(head: number): void {
    const slot = this.#offered % this.entries
    this.memory.write16(this.available + 4 + slot * 2, head)
    this.setAvailable(this.#offered + 1 & 0xffff)
  }

  setAvailable(index: number): void {
    this.#offered = index
    this.memory.write16(this.available + 2, index)
  }

  suppress(on: boolean): void {
    this.memory.write16(this.available, on ? 1 : 0)
  }

  /** What the device has given back since the last look. */
  collect(): { id: number; length: number }[] {
    const found = []
    const index = this.memory.read16(this.used + 2)
    while (this.#collected !== index) {
      const at = this.used + 4 + this.#collected % this.entries * 8
      const id = this.memory.read32(at)
      found.push({ id, length: this.memory.read32(at + 4) })
      this.#free.push(...this.#chains.get(id) ?? [])
      this.#chains.delete(id)
      this.#collected = this.#collected + 1 & 0xffff
    }
    return found
  }
}

/** A bus over fakes, on a megabyte of memory. */
export function busFixture() {
  const fake = fakeGuest(1)
  const platform = new FakePlatform()
  const bus = new LguestBus(fake.guest,
    (said) => { platform.print(said); })
  const notify = (address: number) => done(bus.serve(fake.guest, Uint32Array.of(address, 0)))
  return { ...fake, platform, bus, notify,
    irqs: () => fake.device.sent(LHREQ_IRQ).map(([irq]) => irq) }
}
