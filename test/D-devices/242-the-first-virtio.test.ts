/** Era B1: its numbers, its tags, its headers; and a Guest that asks in its manner. */
import { describe, expect, test } from 'vitest'
import { callNumber } from '../../generated/abi/common.ts'
import { eraB1 } from '../../generated/abi/era-b1.ts'
import { BytesFile } from '../../generated/launcher/bytes-file.ts'
import { LguestBus } from '../../generated/launcher/virtio/bus.ts'
import { virtioBlock } from '../../generated/launcher/virtio/block.ts'
import { virtioConsole } from '../../generated/launcher/virtio/console.ts'
import { virtioNet } from '../../generated/launcher/virtio/net.ts'
import { TAGGED } from '../../generated/launcher/virtio/tagged.ts'
import { bytes, done, fakeGuest, FakePlatform } from '../L-launcher/fakes.ts'
import { Driver } from './virtio-driver.ts'

const MB = 1 << 20
const mac = Uint8Array.of(2, 0, 0, 0, 0, 9)

function fixture() {
  const fake = fakeGuest(1)
  const platform = new FakePlatform()
  const sent: Uint8Array[] = []
  const bus = new LguestBus(fake.guest, (said) => { platform.print(said) }, TAGGED)
  const wire = { send: (frame: Uint8Array) => sent.push(frame), ready: () => false, receive: () => null, onReady() {}, close() {} }
  return { ...fake, platform, bus, sent, wire,
    notify: (address: number) => done(bus.serve(fake.guest, Uint32Array.of(address, 0))) }
}

describe('D:242 the numbers', () => {
  test('calls are those of 2007 without DMA, and with NOTIFY', () => {
    const named = { LGUEST_INIT: 1, CRASH: 2, LOAD_GDT: 3, HALT: 10, SET_PTE: 14, SET_PGD: 15, LOAD_TLS: 16, NOTIFY: 17,
      BIND_DMA: -1, SEND_DMA: -1, SHUTDOWN: -1 } as const
    for (const [name, number] of Object.entries(named)) expect(callNumber(eraB1, name as never), name).toBe(number)
    expect(eraB1.hypercall.arguments).toEqual(['edx', 'ebx', 'ecx'])
    expect(eraB1.hypercall.slotArguments).toEqual([12, 4, 8])
  })

  test('the data page has no holes', () => {
    const { data } = eraB1
    expect([data.hcallStatus, data.hcalls, data.reserveMem, data.tscKhz, data.pgdir, data.noirqStart, data.noirqEnd,
      data.kernelAddress, data.syscallVector, data.size])
      .toEqual([0x14, 0x54, 0x454, 0x458, 0x45c, 0x460, 0x464, 0x468, 0x46c, 0x470])
    expect([data.irqPending, data.guestId]).toEqual([null, null])
    expect(eraB1.initialize).toEqual(['memBase', 'pfnLimit', 'pgdir', 'start'])
  })
})

describe('D:243 a description in tags', () => {
  test('disk, card and console, one behind the other', () => {
    const { bus, memory, platform, wire } = fixture()
    bus.add(virtioBlock('d', new BytesFile(new Uint8Array(5 * 512)), { request: 24, pieces: 126 }))
    bus.add(virtioNet({ mac, mtu: null, wire: wire as never }, 8))
    bus.add(virtioConsole(platform, () => {}))
    const queue = (irq: number, page: number) => [2, 8, 128, 0, irq, 0, (MB >> 12) + page & 255, (MB >> 12) + page >> 8, 0, 0]
    expect([...memory.read(MB, 100)]).toEqual([
      2, 26, 0, ...queue(1, 1), 0x41, 8, 5, 0, 0, 0, 0, 0, 0, 0, 0x43, 4, 126, 0, 0, 0,
      1, 28, 0, ...queue(2, 3), ...queue(3, 5), 0x41, 6, ...mac,
      3, 20, 0, ...queue(4, 7), ...queue(5, 9),
      ...new Array(100 - 29 - 31 - 23).fill(0)])
    expect(memory.top).toBe(MB + 11 * 4096)
  })
})

describe('D:244 other headers', () => {
  test('a disk request of 24 bytes, by a ring of 128', () => {
    const { bus, memory, notify } = fixture()
    const content = bytes('x'.repeat(1024))
    bus.add(virtioBlock('d', new BytesFile(content), { request: 24, pieces: 126 }))
    const driver = new Driver(memory, MB + 0x1000, 128)
    expect(driver.used).toBe(MB + 0x2000)
    memory.write32(0x1000, 1)
    memory.write32(0x1008, 1)
    memory.write(0x2000, bytes('y'.repeat(512)))
    driver.add([[0x1000, 24], [0x2000, 512]], [[0x3000, 1]])
    notify(MB + 0x1000)
    expect(driver.collect()).toEqual([{ id: 0, length: 1 }])
    expect(new TextDecoder().decode(content.subarray(510, 514))).toBe('xxyy')
  })

  test('a frame behind eight bytes', () => {
    const { bus, memory, notify, sent, wire } = fixture()
    bus.add(virtioNet({ mac, mtu: null, wire: wire as never }, 8))
    const driver = new Driver(memory, MB + 0x3000, 128)
    memory.write(0x2008, Uint8Array.from({ length: 60 }, (_, i) => i))
    driver.add([[0x2000, 8], [0x2008, 60]], [])
    notify(MB + 0x3000)
    expect(sent).toEqual([Uint8Array.from({ length: 60 }, (_, i) => i)])
  })

  test('a console prints, and a status is nothing to look at', () => {
    const { bus, memory, notify, platform } = fixture()
    bus.add(virtioConsole(platform, () => {}))
    const driver = new Driver(memory, MB + 0x3000, 128)
    memory.write(0x2000, bytes('hello'))
    driver.add([[0x2000, 5]], [])
    notify(MB)
    notify(MB + 0x3000)
    expect(platform.out).toBe('hello')
  })
})
