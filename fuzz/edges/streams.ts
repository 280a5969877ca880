/** Frames through wires, bytes at the console. */
import type { Random } from '../../conformance/random.ts'
import { BytesFile } from '../../generated/launcher/bytes-file.ts'
import { capturedWire } from '../../generated/launcher/captured-wire.ts'
import { lastStraw, endsInWayOut } from '../../generated/launcher/console.ts'
import { framed, Unframer } from '../../generated/launcher/framing.ts'
import { QueuedWire } from '../../generated/launcher/queued-wire.ts'
import { FakePlatform } from '../../test/L-launcher/fakes.ts'
import { object } from '../finding.ts'
import type { EdgeClass } from './class.ts'

const anyBytes = (random: Random, length: number) => Uint8Array.from({ length }, () => random.below(256))
const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0
const together = (list: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(list))

/** Frames by chance, cut by chance: they arrive as they were, or are refused as none. */
function wire(random: Random): void {
  const sizes = [14, 60, 1514, 15, 14 + random.below(200)]
  const frames = Array.from({ length: random.below(6) }, () => anyBytes(random, random.pick(sizes)))
  const came = throughStream(random, together(frames.map(framed)))
  object('wire', came !== null && came.length === frames.length && came.every((frame, i) => same(frame, frames[i])), () => 'frames are not what was sent')
  const junk = throughStream(random, anyBytes(random, random.below(300)))
  object('wire', junk === null || junk.every(({ length }) => length >= 14 && length <= 65535), () => 'no frame is so short')
  capture(frames)
}

/** All that arrives, in portions; null once it is refused. */
function throughStream(random: Random, bytes: Uint8Array): Uint8Array[] | null {
  const unframer = new Unframer()
  const all: Uint8Array[] = []
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(at + 1 + random.below(random.pick([3, 40, 4000])), bytes.length)
    const some = unframer.take(bytes.slice(at, end))
    if (some === null) return null
    all.push(...some)
    at = end
  }
  return all
}

class Loop extends QueuedWire {
  override send(frame: Uint8Array): void { this.arrived(frame) }
  override close(): void {}
}

/** What is captured is what passed, and is as long as it says. */
function capture(frames: readonly Uint8Array[]): void {
  const file = new BytesFile(new Uint8Array(0))
  const wire = capturedWire(new Loop(), file, new FakePlatform())
  for (const frame of frames) wire.send(frame)
  let passed = 0
  for (let frame = wire.receive(); frame !== null; frame = wire.receive()) object('wire', same(frame, frames[passed++]), () => 'a frame changed on its way')
  const length = frames.reduce((sum, frame) => sum + 2 * (16 + frame.length), 24)
  object('wire', file.size() === length, () => `the capture has ${file.size()} bytes, not ${length}`)
}

/** Keys in portions: three times ^C in a row leave, in one read or within their time, and nothing else does. */
function console(random: Random): void {
  let now = 0
  const escape = lastStraw(() => now, true)
  let [run, since] = [0, 0]
  for (let n = 0; n < 60; n++) {
    const bytes = Uint8Array.from({ length: 1 + random.below(4) }, () => random.pick([3, 3, 3, 13, 65, random.below(256)]))
    now += random.pick([1000, 100_000, 700_000, 2_000_000])
    const nothingElse = bytes.every((byte) => byte === 3)
    if (run === 0) since = now
    run = nothingElse ? run + bytes.length : 0
    const atOnce = !nothingElse && bytes.length > 3 && bytes.slice(-3).every((byte) => byte === 3)
    const wanted = atOnce || run >= 3 && now - since <= 1_500_000
    object('console', escape(bytes) === wanted, () => `${bytes} ${wanted ? 'does not leave' : 'leaves'}`)
    object('console', endsInWayOut([bytes]) === (bytes.length > 2 && bytes.slice(-3).every((byte) => byte === 3)), () => `what waits is ${bytes}`)
    if (run >= 3) run = 0
  }
}

export const streams: readonly EdgeClass[] = [
  { name: 'wire', what: 'frames and junk through framing, queue and capture', run: wire },
  { name: 'console', what: 'keys by chance at the console, with its way out', run: console },
]
