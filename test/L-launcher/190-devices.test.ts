import { describe, expect, it } from 'vitest'
import {
  blockPage, deviceDescriptor, LGUEST_DEVICE_T_BLOCK,
  LGUEST_DEVICE_T_CONSOLE,
} from '../../generated/abi/era-a.ts'
import { setupBlockFile } from '../../generated/launcher/block.ts'
import { BytesFile } from '../../generated/launcher/bytes-file.ts'
import { setupConsole } from '../../generated/launcher/console.ts'
import { DeviceTable } from '../../generated/launcher/devices.ts'
import { fakeMemory, FakePlatform } from './fakes.ts'

const MB = 1 << 20
const PAGE = 4096
const table = () => new DeviceTable(fakeMemory(1), () => {})
const descriptor = (devices: DeviceTable, index: number) => {
  const at = MB + index * deviceDescriptor.size
  return {
    type: devices.memory.read16(at),
    features: devices.memory.read16(at + 2),
    status: devices.memory.read16(at + 4),
    pages: devices.memory.read16(at + 6),
    pfn: devices.memory.read32(at + 8),
  }
}

describe('L:190 the device table', () => {
  it('is the page above RAM (B-L-118)', () => {
    const devices = table()
    expect(devices.memory.top).toBe(MB + PAGE)
    devices.newDescriptor(3, 0x8000, 2)
    devices.newDescriptor(1, 0, 0)
    expect(descriptor(devices, 0)).toEqual(
      { type: 3, features: 0x8000, status: 0, pages: 2, pfn: 257 })
    expect(descriptor(devices, 1)).toEqual(
      { type: 1, features: 0, status: 0, pages: 0, pfn: 0 })
    expect(descriptor(devices, 2).type).toBe(0)
  })

  it('gives pages at the top, or none (B-L-119, B-L-120)', () => {
    const devices = table()
    expect(devices.newDescriptor(3, 0, 2)).toBe(MB + PAGE)
    expect(devices.memory.top).toBe(MB + 3 * PAGE)
    expect(devices.newDescriptor(1, 0, 0)).toBe(0)
    expect(devices.memory.top).toBe(MB + 3 * PAGE)
  })

  it('holds sixteen (B-L-121)', () => {
    const devices = table()
    for (let i = 0; i < 16; i++) devices.newDescriptor(1, 0, 0)
    expect(() => devices.newDescriptor(1, 0, 0)).toThrow('too many devices')
  })

  it('watches only devices with input (B-L-123)', () => {
    const devices = table()
    setupBlockFile(devices, 'lgba', new BytesFile(new Uint8Array(512)))
    expect(devices.inputs.size).toBe(0)
    setupConsole(devices, new FakePlatform(), () => {})
    expect(devices.inputs.size).toBe(1)
    expect(devices.records.map((r) => r.name)).toEqual(['lgba', 'console'])
  })
})

describe('L:190 the console', () => {
  it('has no page and key 0 (B-L-073)', () => {
    const devices = table()
    setupConsole(devices, new FakePlatform(), () => {})
    expect(descriptor(devices, 0)).toEqual({ type: LGUEST_DEVICE_T_CONSOLE,
      features: 0, status: 0, pages: 0, pfn: 0 })
    expect(devices.records[0].outputKey).toBe(0)
  })

  it('takes the terminal (B-L-072)', () => {
    const platform = new FakePlatform()
    setupConsole(table(), platform, () => {})
    expect(platform.console.raw).toEqual([true])
  })
})

describe('L:190 a disk', () => {
  it('tells its sectors, and its page is its key (B-L-103, 104)', () => {
    const devices = table()
    const file = new BytesFile(new Uint8Array(3 * 512 + 100))
    setupBlockFile(devices, 'disk', file)
    expect(descriptor(devices, 0)).toEqual({ type: LGUEST_DEVICE_T_BLOCK,
      features: 0x8000, status: 0, pages: 1, pfn: 257 })
    expect(devices.records[0].outputKey).toBe(257 * PAGE)
    expect(devices.memory.read32(257 * PAGE + blockPage.numSectors)).toBe(3)
  })

  it('has its key where its page is (B-L-124)', () => {
    const devices = table()
    devices.newDescriptor(2, 0, 3)
    setupBlockFile(devices, 'disk', new BytesFile(new Uint8Array(512)))
    expect(devices.records[0].outputKey).toBe(260 * PAGE)
  })
})
