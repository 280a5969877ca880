/** A network in a file, and one of those who share it writes what it likes. */
import type { Random } from '../../conformance/random.ts'
import { sharedKey } from '../../generated/host/mm.ts'
import { BytesFile } from '../../generated/launcher/bytes-file.ts'
import { NetFile } from '../../generated/launcher/net-file.ts'
import { PlatformError } from '../../generated/launcher/platform.ts'
import type { SharedFile } from '../../generated/launcher/platform.ts'
import { object } from '../finding.ts'
import type { EdgeClass } from './class.ts'

const PAGE = 4096
const RING = 65536
const COUNTERS = 16

/** What all have opened, and which bytes of it are locked by whom. */
class Shared extends BytesFile {
  readonly locks = new Map<number, object>()
}

/** One opening of it. */
class Opening implements SharedFile {
  readonly identity = 'a file'
  onChange = () => {}
  readonly #shared: Shared

  constructor(shared: Shared) {
    this.#shared = shared
  }

  size(): number { return this.#shared.size() }
  readAt(offset: number, into: Uint8Array): number { return this.#shared.readAt(offset, into) }
  writeAt(offset: number, bytes: Uint8Array): number { return this.#shared.writeAt(offset, bytes) }
  sync(done: () => void): void { done() }
  close(): void {}
  named(): boolean { return true }
  map(): void {}
  unmap(): void {}
  lengthen(size: number): void {
    if (size > this.size()) this.writeAt(size - 1, Uint8Array.of(0))
  }
  lock(at: number): boolean {
    if (this.#shared.locks.has(at)) return false
    this.#shared.locks.set(at, this)
    return true
  }
  unlock(at: number): void {
    if (this.#shared.locks.get(at) === this) this.#shared.locks.delete(at)
  }
}

/** Two Launchers send; a third scribbles, cuts and locks. What arrives fits into a ring, and nothing is thrown. */
function netFile(random: Random): void {
  const shared = new Shared(new Uint8Array(0))
  const [a, b] = [0, 1].map(() => new NetFile(new Opening(shared), 'net', () => {}))
  const slots = [a.takeSlot(), b.takeSlot()]
  const stranger = new Opening(shared)
  let untouched = true
  let sent: Uint8Array[] = []
  for (let n = 0; n < 20; n++) {
    if (random.chance(0.6)) {
      const bytes = Uint8Array.from({ length: random.below(random.pick([2, 60, 1514, 70_000])) }, () => random.below(256))
      if (a.carry(sharedKey(b, 0, slots[1] * 4), bytes)) sent.push(bytes)
    } else if (random.chance(0.5)) {
      const came = b.take(slots[1])
      const total = came.reduce((sum, { length }) => sum + length + 4, 0)
      object('net file', total <= RING, () => `${total} bytes came out of a ring`)
      object('net file', !untouched || same(came, sent), () => 'records are not what was sent')
      sent = []
    } else if (random.chance(0.3)) {
      untouched = false
      meddle(random, stranger, shared)
    }
    b.look()
  }
}

function meddle(random: Random, stranger: Opening, shared: Shared): void {
  const ring = PAGE + random.below(2) * (PAGE + RING)
  const word = new Uint8Array(Uint32Array.of(random.pick([0, 1, RING, RING + 1, 0xffffffff, random.int()])).buffer)
  switch (random.below(4)) {
    case 0: stranger.writeAt(ring + COUNTERS + random.below(2) * 4, word); break
    case 1: stranger.writeAt(ring + PAGE + random.below(RING), word); break
    case 2: stranger.lock(ring); break
    default: shared.bytes = shared.bytes.slice(0, random.below(shared.bytes.length + 1))
  }
}

const same = (a: readonly Uint8Array[], b: readonly Uint8Array[]) =>
  a.length === b.length && a.every((bytes, i) => Buffer.compare(bytes, b[i]) === 0)

/** A file of anything is a network, or is refused. */
function anyFile(random: Random): void {
  const length = random.pick([0, 1, PAGE - 1, PAGE, PAGE + 16, 3 * PAGE])
  const shared = new Shared(Uint8Array.from({ length }, () => random.chance(0.99) ? 0 : random.below(256)))
  try {
    new NetFile(new Opening(shared), 'net', () => {}).takeSlot()
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error
  }
}

export const netFiles: EdgeClass = {
  name: 'net-file', what: 'the network in a file, and one who writes into it what he likes',
  run(random) {
    netFile(random)
    anyFile(random)
  },
}
