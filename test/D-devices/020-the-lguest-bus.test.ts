import { describe, expect, it } from 'vitest'
import { BytesFile } from '../../generated/launcher/bytes-file.ts'
import { virtioBlock } from '../../generated/launcher/virtio/block.ts'
import { FEATURE_INDIRECT, featureBits } from
  '../../generated/launcher/virtio/kind.ts'
import { virtioConsole } from '../../generated/launcher/virtio/console.ts'
import { virtioRng } from '../../generated/launcher/virtio/rng.ts'
import { bytes } from '../L-launcher/fakes.ts'
import { busFixture, Driver } from './virtio-driver.ts'

const MB = 1 << 20
const PAGE = MB

describe('D:020 the descriptor page', () => {
  it('has a disk and a console as the fact sheet says', () => {
    const { bus, memory, platform } = busFixture()
    bus.add(virtioBlock('vda', new BytesFile(new Uint8Array(1536))))
    bus.add(virtioConsole(platform, () => {}))
    expect([...memory.read(PAGE, 33)]).toEqual([
      2, 1, 2, 16, 0,
      0, 1, 1, 0, 0x01, 0x01, 0, 0,
      0x04, 0x02, 0, 0,
      3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 254, 0, 0, 0])
    expect([...memory.read(PAGE + 33, 22)]).toEqual([
      3, 2, 0, 0, 0,
      0, 1, 2, 0, 0x04, 0x01, 0, 0,
      0, 1, 3, 0, 0x07, 0x01, 0, 0, 0])
    expect(memory.top).toBe(MB + 0xa000)
  })

  it('holds no more than there are interrupts', () => {
    const { bus, platform } = busFixture()
    for (let i = 0; i < 15; i++) bus.add(virtioConsole(platform, () => {}))
    bus.add(virtioRng(platform))
    expect(() => bus.add(virtioRng(platform))).toThrow('too many devices')
  })

  it('writes features as bits', () => {
    expect([...featureBits(2, 9)]).toEqual([4, 2])
    expect([...featureBits(28)]).toEqual([0, 0, 0, 0x10])
    expect(featureBits().length).toBe(0)
  })
})

describe('D:040 NOTIFY', () => {
  it('prints what an early Guest says', () => {
    const { notify, memory, platform } = busFixture()
    memory.write(0x4000, bytes('Linux version\0more'))
    notify(0x4000)
    expect(platform.out).toBe('Linux version')
    expect(() => notify(0xfffffff0)).toThrow('Bad NOTIFY')
  })

  it('resets a device at status 0', () => {
    const { bus, memory, notify } = busFixture()
    bus.add({ ...virtioBlock('d', new BytesFile(new Uint8Array(512))),
      features: featureBits(FEATURE_INDIRECT) })
    const accepted = PAGE + 5 + 8 + 4
    const driver = new Driver(memory, MB + 0x1000, 256)
    memory.write(accepted, Uint8Array.of(0, 0, 0, 0x10))
    memory.write(PAGE + 4, Uint8Array.of(3))
    notify(PAGE)
    driver.write(memory, 0x8000, 0, 0x4000, 16, 1, 1)
    driver.write(memory, 0x8000, 1, 0x5000, 1, 2, 0)
    driver.addIndirect(0x8000, 2)
    notify(MB + 0x1000)
    expect(driver.collect().length).toBe(1)
    memory.write(PAGE + 4, Uint8Array.of(0))
    notify(PAGE)
    expect([...memory.read(accepted, 4)]).toEqual([0, 0, 0, 0])
    expect(memory.read16(driver.available + 2)).toBe(0)
  })
})
