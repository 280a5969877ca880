import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { BytesFile } from '../../generated/launcher/bytes-file.ts'
import { Farewell } from '../../generated/launcher/farewell.ts'
import { PlatformError } from '../../generated/launcher/platform.ts'
import { virtioBlock } from '../../generated/launcher/virtio/block.ts'
import { wayOut } from '../../generated/launcher/console.ts'
import { virtioConsole } from '../../generated/launcher/virtio/console.ts'
import { virtioRng } from '../../generated/launcher/virtio/rng.ts'
import { TAGGED } from '../../generated/launcher/virtio/tagged.ts'
import { shell, Terminal } from '../e2e/launching.ts'
import { bytes, dice, text } from '../L-launcher/fakes.ts'
import { busFixture, Driver } from './virtio-driver.ts'

const MB = 1 << 20
const PAGE = MB

describe('D:000, D:080 quiet rings and names', () => {
  it('asks for no kicks where there is nothing to do, also after a reset', () => {
    const { bus, memory, platform, notify } = busFixture()
    bus.add(virtioConsole(platform, () => {}))
    const flags = () => [memory.read16(MB + 0x1000 + 0x2000), memory.read16(MB + 0x4000 + 0x2000)]
    expect(flags()).toEqual([1, 0])
    memory.write16(MB + 0x3000, 0)
    notify(PAGE)
    expect(flags()).toEqual([1, 0])
    expect(() => notify(MB + 0x1000)).not.toThrow()
  })

  it('tells the end of the file\'s name as the disk\'s', () => {
    const { bus, memory, notify } = busFixture()
    bus.add(virtioBlock('/a/long/way/to/the/disk.img', new BytesFile(new Uint8Array(512))))
    const driver = new Driver(memory, MB + 0x1000, 256)
    memory.write32(0x4000, 8)
    driver.add([[0x4000, 16]], [[0x5000, 20], [0x6000, 1]])
    notify(MB + 0x1000)
    expect(text(memory.read(0x5000, 20))).toBe('way/to/the/disk.img'.padStart(20, '/'))
    expect(driver.collect()[0].length).toBe(21)
  })
})

describe('D:070 the window', () => {
  it('is offered with its size by the bus, and written again when it changes', () => {
    const { bus, memory, platform } = busFixture()
    platform.console.window = { columns: 300, rows: 50 }
    bus.add(virtioConsole(platform, () => {}))
    expect([...memory.read(PAGE, 4)]).toEqual([3, 2, 1, 4])
    const features = PAGE + 5 + 2 * 8
    expect([...memory.read(features, 6)]).toEqual([1, 0, 300 & 255, 1, 50, 0])
    platform.console.window = { columns: 80, rows: 24 }
    platform.console.onResize()
    expect([...memory.read(features + 2, 4)]).toEqual([80, 0, 24, 0])
    bus.close()
    platform.console.window = { columns: 1, rows: 1 }
    platform.console.onResize()
    expect([...memory.read(features + 2, 4)]).toEqual([80, 0, 24, 0])
  })

  it('is not offered where there is none, nor by tags', () => {
    const { bus, memory, platform } = busFixture()
    bus.add(virtioConsole(platform, () => {}))
    expect([...memory.read(PAGE, 4)]).toEqual([3, 2, 0, 0])
    platform.console.window = { columns: 80, rows: 24 }
    const kind = virtioConsole(platform, () => {})
    expect(TAGGED.own(kind)).toBe(null)
  })

  it('under Node is the terminal\'s, and a change is told', async () => {
    const script = fileURLToPath(new URL('window-child.ts', import.meta.url))
    const terminal = new Terminal(`exec ${process.execPath} bin/run.mjs ${script}`)
    await terminal.see('80 x 24')
    terminal.resize(132, 43)
    await terminal.see('132 x 43')
    expect(await terminal.ended).toBe(0)
    expect((await shell(`${process.execPath} bin/run.mjs ${script} < /dev/null`)).out).toBe('no window\n')
  }, 40_000)
})

describe('work in pieces', () => {
  const MOST = 65536
  /** All of a request's pieces: their number, and the dearest. */
  const served = (work: Iterable<number>) => {
    const prices = [...work]
    return { pieces: prices.length, dearest: Math.max(...prices) }
  }

  it('of disks: no read or write is longer than a piece, and all of it arrives', () => {
    const { bus, memory, guest } = busFixture()
    const file = new BytesFile(Uint8Array.from({ length: 8 * MOST }, (_, i) => i >> 9))
    const moved: number[] = []
    for (const way of ['readAt', 'writeAt'] as const) {
      const act = file[way].bind(file)
      file[way] = (offset, bytes) => { moved.push(bytes.length); return act(offset, bytes) }
    }
    bus.add(virtioBlock('vda', file))
    const driver = new Driver(memory, MB + 0x1000, 256)
    const kick = () => served(bus.serve(guest, Uint32Array.of(MB + 0x1000, 0)))
    driver.add([[0x3000, 16]], [[0x10000, 3 * MOST + 512], [0x90000, MOST], [0x7000, 1]])
    expect(kick().dearest).toBeLessThan(MOST / 4)
    expect(moved).toEqual([MOST, MOST, MOST, MOST, 512])
    expect([...memory.read(0x10000, 3 * MOST + 512)]).toEqual([...file.bytes.subarray(0, 3 * MOST + 512)])
    expect([...memory.read(0x90000, MOST)]).toEqual([...file.bytes.subarray(3 * MOST + 512, 4 * MOST + 512)])
    expect(driver.collect()[0].length).toBe(4 * MOST + 513)
    memory.write32(0x3000, 1)
    memory.write(0x10000, new Uint8Array(2 * MOST).fill(0xaa))
    driver.add([[0x3000, 16], [0x10000, 2 * MOST]], [[0x7000, 1]])
    kick()
    expect(moved.slice(5)).toEqual([MOST, MOST])
    expect(file.bytes.subarray(0, 2 * MOST).every((byte) => byte === 0xaa)).toBe(true)
    expect(file.bytes[2 * MOST]).not.toBe(0xaa)
  })

  it('of randomness and the console', () => {
    const { bus, memory, platform, guest } = busFixture()
    bus.add(virtioRng(platform))
    bus.add(virtioConsole(platform, () => {}))
    new Driver(memory, MB + 0x1000, 256).add([], [[0, 5 * MOST]])
    new Driver(memory, MB + 0x7000, 256).add([[0, 5 * MOST]], [])
    for (const queue of [0x1000, 0x7000]) {
      const { pieces, dearest } = served(bus.serve(guest, Uint32Array.of(MB + queue, 0)))
      expect(pieces).toBe(2 + 5)
      expect(dearest).toBeLessThan(MOST / 4)
    }
    expect(memory.read(5 * MOST - 1, 2)).toEqual(Uint8Array.of(7, 0))
    expect(platform.out.length).toBe(5 * MOST)
  })
})

describe('D:060 the console on two rings', () => {
  const console = () => {
    const f = busFixture()
    f.bus.add(virtioConsole(f.platform, wayOut(f.platform, () => { f.platform.err.push('!'); })))
    const [input] = [...f.bus.inputs]
    return { ...f, input,
      keys: new Driver(f.memory, MB + 0x1000, 256),
      screen: new Driver(f.memory, MB + 0x4000, 256) }
  }

  it('prints at once, and interrupts only if asked to', () => {
    const { screen, memory, notify, platform, irqs } = console()
    memory.write(0x4000, bytes('hello, world'))
    screen.suppress(true)
    screen.add([[0x4000, 5], [0x4005, 7]], [])
    notify(MB + 0x4000)
    expect(platform.out).toBe('hello, world')
    expect(screen.collect()).toEqual([{ id: 0, length: 0 }])
    expect(irqs()).toEqual([])
    screen.suppress(false)
    screen.add([[0x4000, 5]], [])
    notify(MB + 0x4000)
    expect(irqs()).toEqual([2])
  })

  it('passes keys on, with an interrupt', () => {
    const { keys, input, guest, memory, platform, irqs } = console()
    keys.add([], [[0x5000, 4096]])
    platform.console.type('ls\n')
    expect(input.ready()).toBe(true)
    expect(input.handle(guest)).toBe(true)
    expect(text(memory.read(0x5000, 3))).toBe('ls\n')
    expect(keys.collect()).toEqual([{ id: 0, length: 3 }])
    expect(irqs()).toEqual([1])
  })

  it('lets a pipe wait for a buffer', () => {
    const { keys, input, guest, platform } = console()
    platform.console.isTerminal = false
    platform.console.type('abc')
    input.afterTurn!(guest)
    expect(input.ready()).toBe(false)
    expect(platform.console.requests).toBe(0)
    keys.add([], [[0x5000, 2]])
    input.afterTurn!(guest)
    expect(platform.console.requests).toBe(1)
    expect(input.ready()).toBe(true)
    input.handle(guest)
    expect(keys.collect()[0].length).toBe(2)
    expect(input.ready()).toBe(false)
  })

  it('hears three ^C even if its Guest does not', () => {
    const { input, guest, platform } = console()
    for (let i = 0; i < 3; i++) {
      platform.console.type('\x03')
      expect(input.ready()).toBe(true)
      input.handle(guest)
    }
    expect(platform.err).toEqual(['!'])
  })

  it('forgets its input at the end, and keeps the buffer', () => {
    const { keys, input, guest, platform } = console()
    keys.add([], [[0x5000, 8]])
    platform.console.ended = true
    expect(input.handle(guest)).toBe(false)
    expect(keys.collect()).toEqual([])
    expect(platform.console.raw).toEqual([true, false])
  })
})

describe('D:080 the disk', () => {
  const disk = () => {
    const f = busFixture()
    const file = Object.assign(new BytesFile(
      Uint8Array.from({ length: 2048 }, (_, i) => i >> 9)), { synced: 0 })
    file.sync = (done) => { file.synced++; done(); }
    f.bus.add(virtioBlock('vda', file))
    const driver = new Driver(f.memory, MB + 0x1000, 256)
    const header = (type: number, sector: number) => {
      f.memory.write(0x3000, new Uint8Array(16))
      f.memory.write32(0x3000, type)
      f.memory.write32(0x3008, sector)
      f.memory.write(0x7000, Uint8Array.of(0xee))
    }
    const go = () => {
      f.notify(MB + 0x1000)
      return { length: driver.collect()[0].length,
        status: f.memory.read(0x7000, 1)[0] }
    }
    return { ...f, file, driver, header, go }
  }

  it('reads into many pieces', () => {
    const { driver, header, go, memory, irqs } = disk()
    header(0, 1)
    driver.add([[0x3000, 16]], [[0x4000, 600], [0x5000, 424], [0x7000, 1]])
    expect(go()).toEqual({ length: 1025, status: 0 })
    expect([memory.read(0x4000 + 511, 1)[0], memory.read(0x5000, 1)[0]])
      .toEqual([1, 2])
    expect(irqs()).toEqual([1])
  })

  it('takes its header wherever it ends', () => {
    const { driver, header, go, file, memory } = disk()
    header(1, 2)
    memory.write(0x3010, new Uint8Array(512).fill(9))
    driver.add([[0x3000, 7], [0x3007, 521]], [[0x7000, 1]])
    expect(go()).toEqual({ length: 1, status: 0 })
    expect([file.bytes[1023], file.bytes[1024], file.bytes[1535],
      file.bytes[1536]]).toEqual([1, 9, 9, 3])
  })

  it('has its status as the last byte of a larger piece', () => {
    const { driver, header, go, memory } = disk()
    header(0, 3)
    driver.add([[0x3000, 16]], [[0x7000 - 512, 513]])
    expect(go()).toEqual({ length: 513, status: 0 })
    expect(memory.read(0x7000 - 1, 1)[0]).toBe(3)
  })

  it('fails requests beyond its end, and keeps its length', () => {
    const { driver, header, go, file } = disk()
    header(0, 4)
    driver.add([[0x3000, 16]], [[0x4000, 512], [0x7000, 1]])
    expect(go()).toEqual({ length: 1, status: 1 })
    header(1, 3)
    driver.add([[0x3000, 16], [0x4000, 1024]], [[0x7000, 1]])
    expect(go()).toEqual({ length: 1, status: 1 })
    expect(file.size()).toBe(2048)
  })

  it('fails when the file beneath fails', () => {
    const { driver, header, go, file } = disk()
    const broken = () => { throw new PlatformError('no space left'); }
    file.writeAt = broken
    file.readAt = broken
    file.sync = broken
    for (const type of [0, 1, 4]) {
      header(type, 0)
      driver.add([[0x3000, 16], [0x4000, 512]], [[0x5000, 512], [0x7000, 1]])
      expect(go()).toEqual({ length: 1, status: 1 })
    }
  })

  it('flushes, and knows what it does not know', () => {
    const { driver, header, go, file } = disk()
    header(4, 0)
    driver.add([[0x3000, 16]], [[0x7000, 1]])
    expect(go()).toEqual({ length: 1, status: 0 })
    expect(file.synced).toBe(1)
    header(2, 0)
    driver.add([[0x3000, 16]], [[0x4000, 512], [0x7000, 1]])
    expect(go()).toEqual({ length: 1, status: 2 })
  })

  it('ends over a request without head or tail', () => {
    const { driver, notify } = disk()
    driver.add([[0x3000, 15]], [[0x7000, 1]])
    expect(() => notify(MB + 0x1000)).toThrow('without head or tail')
    driver.add([[0x3000, 16]], [])
    expect(() => notify(MB + 0x1000)).toThrow('without head or tail')
  })

  it('serves all there is at one kick', () => {
    const { driver, header, notify } = disk()
    header(0, 0)
    for (let i = 0; i < 20; i++) {
      driver.add([[0x3000, 16]], [[0x4000, 512], [0x7000, 1]])
    }
    notify(MB + 0x1000)
    expect(driver.collect().length).toBe(20)
  })
})

describe('D:080 randomness', () => {
  it('fills every buffer to its end', () => {
    const { bus, memory, platform, notify } = busFixture()
    bus.add(virtioRng(platform))
    const driver = new Driver(memory, MB + 0x1000, 256)
    driver.add([], [[0x4000, 10], [0x5000, 5]])
    notify(MB + 0x1000)
    expect(driver.collect()).toEqual([{ id: 0, length: 15 }])
    expect([...memory.read(0x5000, 6)]).toEqual([7, 7, 7, 7, 7, 0])
  })
})

describe('a hostile driver', () => {
  it('ends its Launcher with a farewell, or does no harm (seed 520)', () => {
    const roll = dice(520)
    let farewells = 0
    const { bus, memory, platform, notify } = busFixture()
    const file = new BytesFile(new Uint8Array(4096))
    bus.add(virtioBlock('vda', file))
    bus.add(virtioRng(platform))
    bus.add(virtioConsole(platform, () => {}))
    const rings = [0x1000, 0x4000, 0x7000, 0xa000].map((at) => MB + at)
    const word = () => [roll(16), roll(256), roll(0x100000), MB + roll(0xd000),
      roll(2 ** 32)][roll(5)]
    for (let round = 0; round < 4000; round++) {
      const ring = rings[roll(4)]
      for (let i = 0; i < 4; i++) {
        memory.write32(ring + i * 16, word())
        memory.write32(ring + i * 16 + 4, roll(50) ? 0 : word())
        memory.write32(ring + i * 16 + 8, word())
        memory.write16(ring + i * 16 + 12, roll(8))
        memory.write16(ring + i * 16 + 14, roll(roll(20) ? 4 : 65536))
        memory.write16(ring + 0x1004 + roll(256) * 2, roll(4))
      }
      const index = memory.read16(ring + 0x2002)
      memory.write16(ring + 0x1002, index + roll(roll(9) ? 3 : 65536))
      if (roll(40) === 0) memory.write32(MB + roll(100), word())
      try {
        notify(roll(20) ? ring : word())
        for (const input of bus.inputs) input.ready()
      } catch (error) {
        expect(error, `round ${round}`).toBeInstanceOf(Farewell)
        farewells++
      }
      if (roll(10) === 0) notify(MB)
    }
    expect(farewells).toBeGreaterThan(100)
    expect(file.size()).toBe(4096)
  })
})
