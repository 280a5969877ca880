/** One of each virtio device, with something to deliver, and rings of bytes by chance before them. */
import { BytesFile } from '../../generated/launcher/bytes-file.ts'
import { virtioBlock } from '../../generated/launcher/virtio/block.ts'
import type { RequestSizes } from '../../generated/launcher/virtio/block.ts'
import { virtioConsole } from '../../generated/launcher/virtio/console.ts'
import type { VirtioKind } from '../../generated/launcher/virtio/kind.ts'
import { virtioNet } from '../../generated/launcher/virtio/net.ts'
import { virtioRng } from '../../generated/launcher/virtio/rng.ts'
import { busRing, busRingSize } from '../../generated/launcher/virtio/queue.ts'
import type { RingPlaces } from '../../generated/launcher/virtio/queue.ts'
import { pageAlign } from '../../generated/launcher/initrd.ts'
import type { GuestMemory } from '../../generated/launcher/memory.ts'
import type { Wire } from '../../generated/launcher/platform.ts'
import type { Random } from '../../conformance/random.ts'
import type { FakePlatform } from '../../test/L-launcher/fakes.ts'

export const DISK_BYTES = 8192

/** A wire that delivers frames short, usual and as long as there are. */
export function wireOf(random: Random): Wire {
  const frames = [new Uint8Array(60), new Uint8Array(1514), new Uint8Array(14 + random.below(65522))]
  return {
    send() {}, ready: () => frames.length > 0, receive: () => frames.pop() ?? null, onReady() {}, close() {},
  }
}

/** @param header bytes before a frame */
export function devices(platform: FakePlatform, random: Random, header: number, request?: RequestSizes): VirtioKind[] {
  platform.console.type('keys')
  return [
    virtioBlock('disk', new BytesFile(new Uint8Array(DISK_BYTES)), request),
    virtioRng(platform),
    virtioConsole(platform, () => {}),
    virtioNet({ mtu: null, mac: new Uint8Array(6), wire: wireOf(random) }, header),
  ]
}

/** Entries of a ring: of 2.6.24, and since. */
export const ENTRIES = { tagged: 128, usual: 256 } as const

/** Where the rings of those devices begin on the lguest bus, behind its page at the end of RAM. */
export function ringsBehind(ram: number, entries: number = ENTRIES.usual): number[] {
  const size = pageAlign(busRingSize(entries))
  return [0, 1, 2, 3, 4, 5].map((ring) => ram + 0x1000 + ring * size)
}

/** Fills the places of all rings, and some requests, by chance. */
export function scribble(memory: GuestMemory, random: Random, rings: readonly number[], entries: number = ENTRIES.usual): void {
  for (const at of rings) scribbleRing(memory, random, busRing(at, entries))
  for (let i = 0; i < 64; i++) memory.write32(REQUESTS + i * 4, random.pick([0, 1, 2, 4, 8, 0x80000000, random.int() >>> 0]))
}

/** Where requests of the disk stand, if a ring names them. */
const REQUESTS = 0x1000

function scribbleRing(memory: GuestMemory, random: Random, { descriptors: at, available, used }: RingPlaces): void {
  const { size } = memory
  const word = () => random.int() >>> 0
  for (let i = 0; i < 8; i++) {
    memory.write32(at + i * 16, random.pick([REQUESTS, REQUESTS, REQUESTS, 0x4000, 0x4000, 0x8000, size - 8, size, size + 0x1000, word()]))
    memory.write32(at + i * 16 + 4, i % 8 ? 0 : random.pick([0, 0, 0, 0, 0, 0, 0, word()]))
    memory.write32(at + i * 16 + 8, random.pick([0, 1, 16, 512, 513, 0x10000, word()]))
    memory.write16(at + i * 16 + 12, random.pick([0, 1, 2, 3, 1, 3, 5, random.below(65536)]))
    memory.write16(at + i * 16 + 14, random.pick([1, 2, 3, 4, 5, 6, 7, random.below(65536)]))
    memory.write16(available + 4 + i * 2, random.pick([0, 1, 2, 3, 4, 5, 6, 255, random.below(65536)]))
  }
  memory.write16(available, random.pick([0, 1, random.below(65536)]))
  memory.write16(available + 2, random.pick([0, 0, 1, 1, 1, 1, 2, 2, 3, 257, random.below(65536)]))
  memory.write16(used + 2, random.pick([0, 0, random.below(65536)]))
}
