import { describe, expect, it } from 'vitest'
import {
  blockPage, deviceDescriptor, LGUEST_DEVICE_T_BLOCK,
  LGUEST_DEVICE_T_CONSOLE,
} from '../../generated/abi/era-a.ts'
import { setupBlockFile } from '../../generated/launcher/block.ts'
import { BytesFile } from '../../generated/launcher/bytes-file.ts'
import { setupNet } from '../../generated/launcher/net.ts'
import { handleInput } from '../../generated/launcher/dispatch.ts'
import type { Wire } from '../../generated/launcher/platform.ts'
import { LHREQ_IRQ } from '../../generated/abi/common.ts'
import { lguestDma } from '../../generated/abi/era-a.ts'
import { setupConsole } from '../../generated/launcher/console.ts'
import { DeviceTable } from '../../generated/launcher/devices.ts'
import { done, fakeGuest, fakeMemory, FakePlatform } from './fakes.ts'

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

class FakeWire implements Wire {
  sent: number[][] = []
  waiting: Uint8Array[] = []
  onReady = () => {}
  send(frame: Uint8Array) { this.sent.push([...frame]); }
  ready() { return this.waiting.length > 0; }
  receive() { return this.waiting.shift() ?? null; }
  close() {}
}

/** A Guest of 2007 with one network card. */
function networked() {
  const { guest, device, memory } = fakeGuest(1)
  const warnings: string[] = []
  const chatter: string[] = []
  const devices = new DeviceTable(memory, () => {})
  const wire = new FakeWire()
  setupNet(devices, wire, Uint8Array.of(6, 1, 2, 3, 4, 5),
    { warn: (line) => warnings.push(line), verbose: (line) => chatter.push(line) })
  const page = MB + PAGE
  const record = (at: number, sections: [address: number, length: number][]) => {
    memory.write(at, new Uint8Array(lguestDma.size))
    sections.forEach(([address, length], i) => {
      memory.write32(at + lguestDma.addr + i * 4, address)
      memory.write16(at + lguestDma.len + i * 2, length)
    })
    return at
  }
  const send = (sections: [number, number][]) =>
    done(devices.serve(guest, Uint32Array.of(record(0x9000, sections), page)))
  return { guest, device, memory, devices, wire, page, record, send, warnings, chatter,
    look: () => handleInput(guest, devices),
    turn: () => { for (const input of devices.inputs) input.afterTurn?.(guest) },
    irqs: () => device.sent(LHREQ_IRQ).map(([irq]) => irq) }
}

describe('L:195 a network card', () => {
  it('puts the Guest in slot 1, and takes part in what is random (B-L-086)', () => {
    const { devices } = networked()
    expect(descriptor(devices, 0)).toEqual(
      { type: 2, features: 0x8001, status: 0, pages: 1, pfn: 257 })
  })

  it('puts the world in slot 0, and it wants all packets (B-L-088)', () => {
    const { memory, page } = networked()
    expect([...memory.read(page, 12)]).toEqual([7, 1, 2, 3, 4, 5, 0, 0, 0, 0, 0, 0])
  })

  it('sends what goes to key 0, one frame from all sections, and counts (B-L-087, B-L-092)', () => {
    const { memory, wire, send } = networked()
    memory.write(0x4000, Uint8Array.from({ length: 20 }, (_, i) => i))
    send([[0x4000, 10], [0x4005, 5]])
    expect(wire.sent).toEqual([[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 5, 6, 7, 8, 9]])
    expect(memory.read32(0x9000)).toBe(15)
    send([[0x4000, 13]])
    send(Array.from({ length: 16 }, () => [0x4000, 65535]))
    expect(wire.sent.length, 'neither is a frame').toBe(1)
    expect(memory.read32(0x9000)).toBe(0)
  })

  it('feeds the Guest at key 4: bytes, then their count, then the interrupt (B-L-087, B-L-095)', () => {
    const { device, memory, wire, page, record, look, irqs, chatter } = networked()
    const buffers = [record(0x5000, [[0x6000, 10], [0x7000, 1504]]), record(0x5064, [[0x8000, 16]])]
    device.bound.set(page + 4, { records: buffers, irq: 5 })
    wire.waiting.push(Uint8Array.from({ length: 20 }, (_, i) => i + 1), new Uint8Array(60).fill(9))
    look()
    expect([...memory.read(0x6000, 10), ...memory.read(0x7000, 11)])
      .toEqual([...Array.from({ length: 20 }, (_, i) => i + 1), 0])
    expect(memory.read32(0x5000)).toBe(20)
    expect([...memory.read(0x8000, 17)], 'no more than there is room for').toEqual([...Array(16).fill(9), 0])
    expect(memory.read32(0x5064)).toBe(16)
    expect(irqs()).toEqual([5, 5])
    expect(chatter).toEqual(['network: 20 bytes, 0x1 0x2, sent', 'network: 60 bytes, 0x9 0x9, sent'])
  })

  it('drops what nobody waits for, and warns only a Guest that has spoken (B-L-093)', () => {
    const { device, wire, page, record, send, look, turn, warnings, chatter, irqs } = networked()
    wire.waiting.push(new Uint8Array(60))
    look()
    expect([warnings, irqs()]).toEqual([[], []])
    send([[0x4000, 60]])
    wire.waiting.push(new Uint8Array(60))
    look()
    wire.waiting.push(...Array.from({ length: 100 }, () => new Uint8Array(60)))
    look()
    expect(warnings, 'a flood is told once').toEqual(['lguest: network: no dma buffer!'])
    expect(chatter.every((line) => line.endsWith('discarded'))).toBe(true)
    expect(wire.ready()).toBe(false)
    device.bound.set(page + 4, { records: [record(0x5000, [[0x6000, 100]])], irq: 5 })
    wire.waiting.push(...Array.from({ length: 3 }, () => new Uint8Array(60)))
    look()
    for (let turns = 0; turns < 8; turns++) {
      expect(warnings.length, `after ${turns} turns`).toBe(1)
      turn()
      look()
    }
    expect(warnings.length, 'and again when one has found a buffer').toBe(2)
  })

  it('lets a frame wait a turn for a Guest whose buffers were all filled in this one', () => {
    const { device, memory, wire, page, record, look, turn, chatter, warnings, send } = networked()
    send([[0x4000, 60]])
    device.bound.set(page + 4, { records: [record(0x5000, [[0x6000, 100]])], irq: 5 })
    wire.waiting.push(...[1, 2, 3].map((n) => new Uint8Array(60).fill(n)))
    look()
    expect(wire.waiting.length, 'the third is still on the wire').toBe(1)
    look()
    expect(chatter, 'nor is it looked at again').toEqual(['network: 60 bytes, 0x1 0x1, sent'])
    device.bound.set(page + 4, { records: [record(0x5064, [[0x7000, 100]]), record(0x50c8, [[0x8000, 100]])], irq: 5 })
    turn()
    look()
    expect([memory.read(0x7000, 1)[0], memory.read(0x8000, 1)[0]], 'in order').toEqual([2, 3])
    expect(warnings).toEqual([])
  })

  it('does not take for a frame what is too short for one, in either direction', () => {
    const { memory, device, wire, page, record, look, irqs } = networked()
    device.bound.set(page + 4, { records: [record(0x5000, [[0x6000, 100]])], irq: 5 })
    for (const length of [0, 1, 13, 14]) {
      wire.waiting.push(new Uint8Array(length))
      look()
    }
    expect(irqs()).toEqual([5])
    expect(memory.read32(0x5000)).toBe(14)
  })
})
