/** Rings, descriptors and status bytes of random bytes: the Launcher says farewell or goes on, and nothing else. */
import { describe, expect, it } from 'vitest'
import { BytesFile } from '../../generated/launcher/bytes-file.ts'
import { handleInput } from '../../generated/launcher/dispatch.ts'
import { Farewell } from '../../generated/launcher/farewell.ts'
import { virtioBlock } from '../../generated/launcher/virtio/block.ts'
import { LguestBus } from '../../generated/launcher/virtio/bus.ts'
import { virtioConsole } from '../../generated/launcher/virtio/console.ts'
import { virtioNet } from '../../generated/launcher/virtio/net.ts'
import { virtioRng } from '../../generated/launcher/virtio/rng.ts'
import { done, fakeGuest, FakePlatform } from '../L-launcher/fakes.ts'

const MB = 1 << 20
const SEED = 20131113

/** Numbers of 32 bits, the same each time (printed seed). */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = Math.imul(state ^ state >>> 15, 0x2c1b3c6d) + 0x6d2b79f5 | 0
    return (state ^ state >>> 13) >>> 0
  }
}

describe(`rings at random, seed ${SEED}`, () => {
  it('end in a farewell or are served', () => {
    const next = random(SEED)
    const pick = (...values: number[]) => values[next() % values.length]
    let farewells = 0
    let served = 0
    const kinds = new Set<string>()
    for (let life = 0; life < 1500; life++) {
      const { guest, memory } = fakeGuest(1)
      const platform = new FakePlatform()
      const bus = new LguestBus(guest, () => {})
      const frames = [new Uint8Array(60), new Uint8Array(1514)]
      bus.add(virtioBlock('disk', new BytesFile(new Uint8Array(8192))))
      bus.add(virtioRng(platform))
      bus.add(virtioConsole(platform, () => {}))
      bus.add(virtioNet({ mtu: null, mac: new Uint8Array(6), wire: { send() {}, ready: () => frames.length > 0, receive: () => frames.pop() ?? null,
        onReady() {}, close() {} } }, 10))
      platform.console.type('keys')
      for (let ring = 0; ring < 6; ring++) {
        const at = MB + 0x1000 + ring * 0x3000
        for (let i = 0; i < 8; i++) {
          memory.write32(at + i * 16, pick(0x1000, 0x1000, 0x1000, 0x4000, 0x4000, 0x8000, MB - 8, MB, MB + 0x1000, next()))
          memory.write32(at + i * 16 + 4, i % 8 ? 0 : pick(0, 0, 0, 0, 0, 0, 0, next()))
          memory.write32(at + i * 16 + 8, pick(0, 1, 16, 512, 513, 0x10000, next()))
          memory.write16(at + i * 16 + 12, pick(0, 1, 2, 3, 1, 3, 5, next() & 0xffff))
          memory.write16(at + i * 16 + 14, pick(1, 2, 3, 4, 5, 6, 7, next() & 0xffff))
          memory.write16(at + 0x1004 + i * 2, pick(0, 1, 2, 3, 4, 5, 6, 255, next() & 0xffff))
        }
        memory.write16(at + 0x1000, pick(0, 1, next() & 0xffff))
        memory.write16(at + 0x1002, pick(0, 0, 1, 1, 1, 1, 2, 2, 3, 257, next() & 0xffff))
        memory.write16(at + 0x2002, pick(0, 0, next() & 0xffff))
      }
      for (let i = 0; i < 64; i++) memory.write32(0x1000 + i * 4, pick(0, 1, 2, 4, 8, 0x80000000, next()))
      memory.write(MB + 4, Uint8Array.of(pick(0, 3, 4, 128)))
      try {
        handleInput(guest, bus)
        for (let kick = 0; kick < 6; kick++) {
          const address = pick(MB + 0x1000, MB + 0x4000, MB + 0x7000, MB + 0xa000, MB + 0x10000, MB, 0x1000, next())
          done(bus.serve(guest, Uint32Array.of(address, 0)))
          served++
          handleInput(guest, bus)
        }
      } catch (reason) {
        expect(reason).toBeInstanceOf(Farewell)
        farewells++
        kinds.add((reason as Error).message.replace(/[\dx]+[\da-f]*/g, 'N'))
      }
    }
    expect(farewells).toBeGreaterThan(50)
    expect(served).toBeGreaterThan(50)
    expect(kinds.size).toBeGreaterThan(6)
  })
})
