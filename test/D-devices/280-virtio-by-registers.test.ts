/** The registers of virtio 1.0, driven as the standard says and as it does not. */
import { describe, expect, test } from 'vitest'
import { LHREQ_IRQ } from '../../generated/abi/common.ts'
import { BytesFile } from '../../generated/launcher/bytes-file.ts'
import { pciConsole } from '../../generated/launcher/pci/console.ts'
import { VirtioWindow } from '../../generated/launcher/pci/virtio-window.ts'
import type { Width } from '../../generated/launcher/pci/operand.ts'
import { virtioBlock } from '../../generated/launcher/virtio/block.ts'
import { virtioNet } from '../../generated/launcher/virtio/net.ts'
import type { VirtioKind } from '../../generated/launcher/virtio/kind.ts'
import { bytes, dice, done, fakeGuest, FakePlatform } from '../L-launcher/fakes.ts'
import { Driver } from './virtio-driver.ts'

const RING = 0x10000

function fixture(make: (platform: FakePlatform) => VirtioKind) {
  const fake = fakeGuest(1)
  const platform = new FakePlatform()
  const kind = make(platform)
  const window = new VirtioWindow(fake.guest, kind, 5)
  const write = (at: number, width: Width, value: number) => done(window.write(at, width, value))
  /** Status 0 to FEATURES_OK. */
  const agree = (low = 0, high = 1) => {
    for (const status of [0, 1, 3]) write(0x14, 1, status)
    write(8, 4, 0)
    write(12, 4, low)
    write(8, 4, 1)
    write(12, 4, high)
    write(0x14, 1, 0x0b)
    return window.read(0x14, 1)
  }
  /** Lays queue `n` out where a driver of the old bus would, and enables it. */
  const enable = (n: number, entries = 8) => {
    const driver = new Driver(fake.memory, RING + n * 0x4000, entries)
    write(0x16, 2, n)
    write(0x18, 2, entries)
    for (const [at, place] of [[0x20, driver.ring], [0x28, driver.available], [0x30, driver.used]]) {
      write(at, 4, place)
      write(at + 4, 4, 0)
    }
    write(0x1c, 2, 1)
    return driver
  }
  return { ...fake, platform, kind, window, write, agree, enable, go: () => write(0x14, 1, 0x0f),
    irqs: () => fake.device.sent(LHREQ_IRQ).map(([irq]) => irq) }
}

const disk = (content: Uint8Array) => () => virtioBlock('disk', new BytesFile(content))

describe('D:280 a driver\'s progress', () => {
  test('features are offered word by word, and virtio 1.0 with them', () => {
    const { window, write } = fixture(disk(new Uint8Array(1024)))
    expect(window.read(4, 4)).toBe(1 << 2 | 1 << 9)
    write(0, 4, 1)
    expect(window.read(4, 4)).toBe(1)
    write(0, 4, 2)
    expect(window.read(4, 4)).toBe(0)
  })

  test('FEATURES_OK stays off for a driver that takes what was not offered, or no virtio 1.0', () => {
    expect(fixture(disk(new Uint8Array(512))).agree(1 << 9)).toBe(0x0b)
    expect(fixture(disk(new Uint8Array(512))).agree(1 << 5)).toBe(3)
    expect(fixture(disk(new Uint8Array(512))).agree(0, 0)).toBe(3)
    expect(fixture(disk(new Uint8Array(512))).agree(0, 3)).toBe(3)
  })

  test('features cannot be changed once they are settled', () => {
    const { agree, write, window } = fixture(disk(new Uint8Array(512)))
    agree()
    write(8, 4, 0)
    write(12, 4, 4)
    expect(window.read(12, 4)).toBe(0)
  })

  test('a kick before "go" means nothing, and "go" finds what was put in before', () => {
    const { agree, enable, go, write, memory, irqs } = fixture(disk(bytes('x'.repeat(1024))))
    agree()
    const driver = enable(0)
    driver.add([[0x1000, 16]], [[0x2000, 512], [0x3000, 1]])
    write(0x38, 2, 0)
    expect(driver.collect()).toEqual([])
    go()
    expect(driver.collect()).toEqual([{ id: 0, length: 513 }])
    expect(memory.read(0x2000, 3)).toEqual(bytes('xxx'))
    expect(irqs()).toEqual([5])
  })

  test('the interrupt register says why, and forgets', () => {
    const { agree, enable, go, write, window } = fixture(disk(new Uint8Array(1024)))
    agree()
    const driver = enable(0)
    go()
    expect(window.read(0x3a, 1)).toBe(0)
    driver.add([[0x1000, 16]], [[0x2000, 512], [0x3000, 1]])
    write(0x38, 2, 0)
    expect([window.read(0x3a, 1), window.read(0x3a, 1)]).toEqual([1, 0])
  })

  test('reset takes rings and features back', () => {
    const { agree, enable, go, write, window } = fixture(disk(new Uint8Array(1024)))
    agree(1 << 9)
    const driver = enable(0)
    go()
    write(0x14, 1, 0)
    driver.add([[0x1000, 16]], [[0x2000, 512], [0x3000, 1]])
    write(0x38, 2, 0)
    expect(driver.collect()).toEqual([])
    write(8, 4, 0)
    expect([window.read(12, 4), window.read(0x1c, 2), window.read(0x18, 2), window.read(0x20, 4)]).toEqual([0, 0, 256, 0])
  })
})

describe('D:282 registers', () => {
  test('answer at their own width alone', () => {
    const { window, write } = fixture(disk(new Uint8Array(512)))
    write(0x16, 2, 0)
    expect([window.read(0x18, 2), window.read(0x18, 4), window.read(0x18, 1), window.read(0x19, 1)]).toEqual([256, 0, 0, 0])
    expect([window.read(0x12, 2), window.read(0x10, 2), window.read(0x15, 1)]).toEqual([1, 0xffff, 0])
  })

  test('a queue that does not exist has no entries', () => {
    const { window, write } = fixture(disk(new Uint8Array(512)))
    for (const queue of [1, 0xffff]) {
      write(0x16, 2, queue)
      expect(window.read(0x18, 2)).toBe(0)
      write(0x1c, 2, 1)
      expect(window.read(0x1c, 2)).toBe(0)
    }
  })

  test('the device\'s own part is read at any width, and has an end', () => {
    const { window } = fixture(disk(new Uint8Array(5 * 512)))
    expect([window.read(60, 4), window.read(60, 1), window.read(60 + 12, 4), window.read(60 + 16, 4)]).toEqual([5, 5, 254, 0])
  })

  test('nothing that is written anywhere, in any order, breaks it', () => {
    const roll = dice(41)
    for (let round = 0; round < 300; round++) {
      const { window, agree } = fixture(disk(new Uint8Array(1024)))
      if (roll(2)) agree()
      try {
        for (let i = 0; i < 60; i++) {
          const at = roll(80)
          const width = [1, 2, 4][roll(3)] as Width
          const value = [roll(16), roll(0x10000), 1 << roll(31), roll(0x1000) * 16, 0xffffffff][roll(5)]
          if (roll(3)) done(window.write(at, width, value % 2 ** (8 * width) >>> 0))
          else expect(window.read(at, width)).toBeLessThan(2 ** (8 * width))
        }
      } catch (error) {
        expect((error as Error).constructor.name, `seed 41, round ${round}: ${error}`).toBe('Farewell')
      }
    }
  })
})

describe('D:284 a ring where the Guest wants it', () => {
  test('may end where memory ends only below the page it is not told of', () => {
    const { agree, write, memory } = fixture(disk(new Uint8Array(512)))
    agree()
    const place = (at: number) => {
      write(0x16, 2, 0)
      write(0x18, 2, 8)
      for (const [register, value] of [[0x20, at], [0x28, 0x2000], [0x30, 0x3000]]) write(register, 4, value)
      write(0x1c, 2, 1)
    }
    expect(() => place(memory.top - 64)).toThrow('Invalid address')
    place(memory.top - 144)
  })

  test.each([
    ['no power of two', [6, 0x1000, 0x2000, 0x3000]], ['too long', [512, 0x1000, 0x2000, 0x3000]],
    ['empty', [0, 0x1000, 0x2000, 0x3000]], ['descriptors askew', [8, 0x1008, 0x2000, 0x3000]],
    ['available askew', [8, 0x1000, 0x2001, 0x3000]], ['used askew', [8, 0x1000, 0x2000, 0x3002]],
  ] as const)('%s is refused', (_name, [entries, ...places]) => {
    const { write } = fixture(disk(new Uint8Array(512)))
    write(0x18, 2, entries)
    places.forEach((place, i) => write(0x20 + i * 8, 4, place))
    expect(() => write(0x1c, 2, 1)).toThrow('badly')
  })

  test('beyond 4 GB is refused', () => {
    for (const high of [0x24, 0x2c, 0x34]) {
      const { write } = fixture(disk(new Uint8Array(512)))
      for (const at of [0x20, 0x28, 0x30]) write(at, 4, 0x1000)
      write(high, 4, 1)
      expect(() => write(0x1c, 2, 1)).toThrow('badly')
    }
  })

  test('cannot be moved once it is enabled', () => {
    const { agree, enable, write, window } = fixture(disk(new Uint8Array(512)))
    agree()
    const driver = enable(0)
    write(0x20, 4, 0x5000)
    write(0x18, 2, 16)
    expect([window.read(0x20, 4), window.read(0x18, 2), window.read(0x1c, 2)]).toEqual([driver.ring, 8, 1])
  })

  test('tables of descriptors are for those who agreed on them', () => {
    const card = () => virtioNet({ mtu: null, mac: new Uint8Array(6), wire: {
      send: () => {}, ready: () => false, receive: () => null, onReady() {}, close() {} } as never }, 12)
    for (const [accepted, works] of [[0, false], [1 << 28, true]] as const) {
      const { agree, enable, go, write, memory } = fixture(card)
      agree(accepted)
      const driver = enable(1)
      go()
      driver.write(memory, 0x5000, 0, 0x6000, 100, 0, 0)
      driver.addIndirect(0x5000, 1)
      const kick = () => write(0x38, 2, 1)
      if (works) kick()
      else expect(kick).toThrow('bad table')
    }
  })
})

describe('D:286 what the devices add', () => {
  test('the console prints in an emergency, undriven', () => {
    const { write, platform } = fixture((it) => pciConsole(it, () => {}))
    for (const letter of bytes('Help!\n')) write(68, 4, letter)
    expect(platform.out).toBe('Help!\n')
  })

  test('the console says how large its window is, and interrupts when that changes', () => {
    const { window, agree, go, platform, irqs } = fixture((it) => {
      it.console.window = { columns: 100, rows: 30 }
      return pciConsole(it, () => {})
    })
    const read = (at: number, width: Width) => window.read(at, width)
    expect([read(60, 2), read(62, 2), read(64, 4)]).toEqual([100, 30, 0])
    platform.console.window = { columns: 120, rows: 40 }
    platform.console.onResize()
    expect([read(0x3a, 1), irqs()]).toEqual([0, []])
    agree()
    expect(irqs()).toEqual([])
    go()
    expect([read(0x3a, 1), irqs()]).toEqual([2, [5]])
    platform.console.onResize()
    expect([read(60, 2), read(62, 2), read(0x3a, 1), read(0x3a, 1)]).toEqual([120, 40, 2, 0])
    expect(irqs()).toEqual([5, 5])
  })

  test('a console whose driver would die of it does not say that its window has changed', () => {
    const { agree, go, platform, irqs } = fixture((it) => {
      it.console.window = { columns: 100, rows: 30 }
      return pciConsole(it, () => {}, false)
    })
    agree()
    go()
    platform.console.onResize()
    expect(irqs()).toEqual([])
  })

  test('a frame comes behind twelve bytes, the last two of which say one', () => {
    const frame = Uint8Array.from({ length: 60 }, (_, i) => i)
    const frames = [frame]
    const sent: Uint8Array[] = []
    const wire = { send: (it: Uint8Array) => sent.push(it), ready: () => frames.length > 0,
      receive: () => frames.pop() ?? null, onReady() {}, close() {} }
    const { agree, enable, go, write, memory, kind, window, guest } = fixture(() =>
      virtioNet({ mtu: null, mac: new Uint8Array(6), wire: wire as never }, 12))
    const input = kind.input!(window.queues)
    agree()
    const received = enable(0)
    const sending = enable(1)
    go()
    received.add([], [[0x6000, 1500]])
    expect(input.ready()).toBe(true)
    input.handle(guest)
    expect(received.collect()).toEqual([{ id: 0, length: 72 }])
    expect([...memory.read(0x6000, 14)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1])
    memory.write(0x7000, new Uint8Array(12))
    memory.write(0x700c, frame)
    sending.add([[0x7000, 72]], [])
    write(0x38, 2, 1)
    expect(sent).toEqual([frame])
  })
})
