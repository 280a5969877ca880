import { describe, expect, it } from 'vitest'
import {
  LHREQ_BREAK, LHREQ_GETDMA, LHREQ_IRQ,
} from '../../generated/abi/common.ts'
import { blockPage, eraA } from '../../generated/abi/era-a.ts'
import { setupBlockFile } from '../../generated/launcher/block.ts'
import { BytesFile } from '../../generated/launcher/bytes-file.ts'
import { consoleInput, lastStraw, setupConsole, wayOut } from
  '../../generated/launcher/console.ts'
import { DeviceTable } from '../../generated/launcher/devices.ts'
import { Farewell } from '../../generated/launcher/farewell.ts'
import { handleInput, handleOutput } from
  '../../generated/launcher/dispatch.ts'
import { capacity, gather, readDma, scatter } from
  '../../generated/launcher/dma.ts'
import { PlatformError } from '../../generated/launcher/platform.ts'
import { Waker } from '../../generated/launcher/waker.ts'
import {
  bytes, dice, done, fakeGuest, fakeMemory, FakePlatform, putDma, text,
} from './fakes.ts'

const RECORD = 0x3000
/** A device that does nothing, and says how much. */
const answer = (used: number) => function* () { return used }
const BUFFER = 0x5000

describe('L:210 DMA records', () => {
  it('end at the first zero length (B-L-066, B-L-067)', () => {
    const memory = fakeMemory(1)
    putDma(memory, RECORD, [[BUFFER, 5], [0x6000, 3], [0x7000, 0], [1, 9]])
    const record = readDma(memory, RECORD)
    expect(record.sections).toEqual(
      [{ address: BUFFER, length: 5 }, { address: 0x6000, length: 3 }])
    expect(record.usedLen).toBe(RECORD)
    expect(capacity(record.sections)).toBe(8)
  })

  it('have at most sixteen sections, at any address (B-L-066)', () => {
    const memory = fakeMemory(1)
    const sections = Array.from({ length: 16 }, (_, i): [number, number] =>
      [BUFFER + i, 1])
    putDma(memory, RECORD + 0xffd, sections)
    expect(readDma(memory, RECORD + 0xffd).sections.length).toBe(16)
  })

  it('are refused outside memory, as are sections (B-L-066)', () => {
    const memory = fakeMemory(1)
    expect(() => readDma(memory, memory.top - 100)).toThrow('Invalid')
    expect(() => readDma(memory, 0xffffffff)).toThrow('Invalid')
    putDma(memory, RECORD, [[BUFFER, 5], [memory.top - 2, 2]])
    expect(() => readDma(memory, RECORD)).toThrow('Invalid')
  })

  it('are gathered and filled in order (B-L-076)', () => {
    const memory = fakeMemory(1)
    putDma(memory, RECORD, [[BUFFER, 2], [0x6ffe, 4]])
    const { sections } = readDma(memory, RECORD)
    scatter(memory, sections, bytes('abcde'))
    expect(text(memory.read(BUFFER, 3))).toBe('ab\0')
    expect(text(memory.read(0x6ffe, 4))).toBe('cde\0')
    expect(text(gather(memory, sections))).toBe('abcde\0')
  })
})

describe('L:210 buffers and interrupts', () => {
  it('GETDMA and the key, or none (B-L-068, B-L-069)', () => {
    const { guest, device, memory } = fakeGuest()
    expect(guest.inputBuffer(8)).toBeNull()
    putDma(memory, RECORD, [[BUFFER, 4]])
    device.bound.set(8, { records: [RECORD], irq: 5 })
    expect(guest.inputBuffer(8)).toMatchObject({ irq: 5 })
    expect(guest.inputBuffer(8)).toBeNull()
    expect(device.sent(LHREQ_GETDMA)).toEqual([[8], [8], [8]])
  })

  it('looking takes nothing', () => {
    const { guest, device, memory } = fakeGuest()
    putDma(memory, RECORD, [[BUFFER, 4]])
    device.bound.set(8, { records: [RECORD], irq: 5 })
    expect([guest.hasBuffer(8), guest.hasBuffer(8)]).toEqual([true, true])
    expect(guest.hasBuffer(0)).toBe(false)
  })

  it('a refused interrupt is the end (B-L-070)', () => {
    const { guest, device } = fakeGuest()
    guest.triggerIrq(3)
    expect(device.sent(LHREQ_IRQ)).toEqual([[3]])
    device.irqResult = -22
    expect(() => guest.triggerIrq(99)).toThrow('Triggering irq 99')
  })
})

/** A console on a terminal or a pipe, with a buffer unless told not to. */
function consoleFixture(options: { pipe?: boolean; bound?: boolean } = {}) {
  const fake = fakeGuest()
  const platform = new FakePlatform()
  platform.console.isTerminal = !options.pipe
  const left: string[] = []
  const handler = consoleInput(platform, wayOut(platform, () => left.push('left')))
  putDma(fake.memory, RECORD, [[BUFFER, 3], [0x6000, 3]])
  const bind = () => fake.device.bound.set(0, { records: [RECORD], irq: 4 })
  if (options.bound !== false) bind()
  const { guest, memory } = fake
  return { ...fake, platform, handler, left, bind,
    input: platform.console,
    drain: () => memory.write32(RECORD, 0),
    used: () => memory.read32(RECORD),
    turn: () => handler.afterTurn!(guest) }
}

describe('L:210 console input from a terminal', () => {
  it('goes to the buffer at key 0, then the IRQ (B-L-074 to 078)', () => {
    const { guest, handler, input, device, memory, used } = consoleFixture()
    input.type('hello')
    expect(handler.ready()).toBe(true)
    expect(handler.handle(guest)).toBe(true)
    expect(text(memory.read(BUFFER, 3))).toBe('hel')
    expect(text(memory.read(0x6000, 2))).toBe('lo')
    expect(used()).toBe(5)
    expect(device.sent(LHREQ_IRQ)).toEqual([[4]])
  })

  it('is kept for a Guest that has no buffer yet, and told of at once', () => {
    const { guest, handler, input, platform, left, bind, turn, memory } =
      consoleFixture({ bound: false })
    input.type('hello')
    expect(handler.ready()).toBe(true)
    expect(handler.handle(guest)).toBe(true)
    turn()
    expect(handler.ready()).toBe(false)
    input.type('\x03\x03\x03')
    expect(handler.ready()).toBe(true)
    expect(left).toEqual([])
    handler.handle(guest)
    expect(left).toEqual(['left'])
    bind()
    turn()
    expect(handler.ready()).toBe(true)
    handler.handle(guest)
    expect(text(memory.read(BUFFER, 3))).toBe('hel')
    expect(left).toEqual(['left'])
    expect(platform.err).toEqual([])
  })

  it('is lost, with a warning, if it is too much for no buffer (B-L-071, B-L-075)', () => {
    const { guest, handler, input, device, platform } =
      consoleFixture({ bound: false })
    input.type('x'.repeat(61_000))
    expect(handler.handle(guest)).toBe(true)
    expect(platform.err).toEqual(['lguest: console: no dma buffer!'])
    expect(input.chunks[0].length).toBe(61_000 - 1024)
    expect(handler.ready()).toBe(false)
    expect(device.sent(LHREQ_IRQ)).toEqual([])
  })

  it('waits a turn with what did not fit', () => {
    const { guest, handler, input, turn, drain, memory } = consoleFixture()
    input.type('abcdefgh')
    handler.handle(guest)
    expect(handler.ready()).toBe(false)
    drain()
    turn()
    expect(handler.ready()).toBe(true)
    handler.handle(guest)
    expect(text(memory.read(BUFFER, 3))).toBe('ghc')
  })

  it('waits a second, however much, for a Guest that was listening', () => {
    const { guest, handler, input, turn, platform } = consoleFixture()
    input.type('abcdef')
    handler.handle(guest)
    input.type('g'.repeat(60_001))
    handler.handle(guest)
    platform.time += 900_000
    turn()
    expect(handler.ready()).toBe(false)
    expect(handler.handle(guest)).toBe(true)
    expect(platform.err).toEqual([])
    platform.time += 200_000
    expect(handler.ready()).toBe(true)
    handler.handle(guest)
    expect(platform.err).toEqual(['lguest: console: no dma buffer!'])
    expect(handler.ready()).toBe(false)
  })

  it('is taken at once by a Guest that has emptied its buffer', () => {
    const { guest, handler, input, turn, drain } = consoleFixture()
    input.type('a')
    handler.handle(guest)
    drain()
    turn()
    input.type('b')
    expect(handler.ready()).toBe(true)
  })

  it('ends with a warning and the terminal back (B-L-077, B-L-083)', () => {
    const { guest, handler, input, platform, used, device } =
      consoleFixture()
    input.ended = true
    expect(handler.handle(guest)).toBe(false)
    expect(input.raw).toEqual([false])
    expect(platform.err).toEqual(
      ['lguest: Failed to get console input, ignoring console.'])
    expect(used()).toBe(0)
    expect(device.sent(LHREQ_IRQ)).toEqual([[4]])
  })
})

describe('L:210 console input from a pipe', () => {
  it('is not even asked for until there is a buffer', () => {
    const { input, turn, bind } = consoleFixture(
      { pipe: true, bound: false })
    turn()
    expect(input.requests).toBe(0)
    bind()
    turn()
    expect(input.requests).toBe(1)
  })

  it('is held until there is a buffer, and nothing is lost', () => {
    const { guest, handler, input, turn, bind, used, drain, memory, platform }
      = consoleFixture({ pipe: true, bound: false })
    input.type('abcdefgh')
    turn()
    expect(handler.ready()).toBe(false)
    expect(handler.handle(guest)).toBe(true)
    bind()
    turn()
    expect(handler.ready()).toBe(true)
    handler.handle(guest)
    expect(used()).toBe(6)
    turn()
    expect(handler.ready()).toBe(false)
    drain()
    turn()
    handler.handle(guest)
    expect(used()).toBe(2)
    expect(text(memory.read(BUFFER, 2))).toBe('gh')
    expect(platform.err).toEqual([])
  })

  it('ends quietly, as a count of 0 and an interrupt', () => {
    const { guest, handler, input, turn, device, platform, used } =
      consoleFixture({ pipe: true })
    input.ended = true
    turn()
    expect(handler.ready()).toBe(true)
    expect(handler.handle(guest)).toBe(false)
    expect(used()).toBe(0)
    expect(device.sent(LHREQ_IRQ)).toEqual([[4]])
    expect(platform.err).toEqual([])
  })
})

describe('L:210 three times ^C', () => {
  const ctrlC = Uint8Array.of(3)
  const typed = (...times: (number | string)[]) => {
    let now = 0
    const escape = lastStraw(() => now, true)
    return times.map((time) => {
      if (typeof time === 'string') return escape(bytes(time))
      now = time * 1e6
      return escape(ctrlC)
    })
  }

  it('within about a second leave (B-L-079)', () => {
    expect(typed(0, 0.4, 0.9)).toEqual([false, false, true])
  })

  it('spread wider start again (B-L-081)', () => {
    expect(typed(0, 1, 2, 2.1, 2.2, 2.3)).toEqual(
      [false, false, false, false, false, true])
  })

  it('with anything between do not count (B-L-081)', () => {
    expect(typed(0, 0.1, 'x', 0.2)).toEqual([false, false, false, false])
    expect(typed(0, 0.1, 'x\x03', 0.2)).not.toContain(true)
    expect(typed('\x03\x03\x03x', 'x\x03\x03', 0)).not.toContain(true)
  })

  it('count as well when they arrive in one read', () => {
    expect(typed('\x03\x03\x03')).toEqual([true])
    expect(typed(0, '\x03\x03')).toEqual([false, true])
    expect(typed('\x03\x03', 0.5)).toEqual([false, true])
    expect(typed('ls\r\x03\x03\x03')).toEqual([true])
  })

  it('are data in a pipe, unless each is read alone', () => {
    const escape = lastStraw(() => 0, false)
    const all = [3, 3, 3]
    expect(escape(Uint8Array.from(all))).toBe(false)
    expect(escape(Uint8Array.from([1, ...all]))).toBe(false)
    expect(all.map(() => escape(ctrlC))).toEqual([false, false, true])
  })

  it('reach the Guest all the same (B-L-082)', () => {
    const { guest, handler, input, memory, left, drain, device } =
      consoleFixture()
    for (let i = 0; i < 3; i++) {
      input.type('\x03')
      handler.handle(guest)
      expect(memory.read(BUFFER, 1)[0]).toBe(3)
      drain()
    }
    expect(left).toEqual(['left'])
    expect(device.sent(LHREQ_IRQ).length).toBe(3)
  })
})

describe('L:210 dispatch', () => {
  it('prints console output, in order (B-L-084, B-L-114)', () => {
    const { guest, memory } = fakeGuest()
    const platform = new FakePlatform()
    const devices = new DeviceTable(memory, () => {})
    setupConsole(devices, platform, () => {})
    memory.write(BUFFER, bytes('lo!'))
    memory.write(0x6000, bytes('Hel'))
    putDma(memory, RECORD, [[0x6000, 3], [BUFFER, 3]])
    done(handleOutput(guest, devices, RECORD, 0, platform.complain))
    expect(platform.out).toBe('Hello!')
    expect(memory.read32(RECORD)).toBe(6)
  })

  it('gives a key to the first device that has it (B-L-114)', () => {
    const { guest, memory } = fakeGuest()
    const devices = new DeviceTable(memory, () => {})
    devices.add({ name: 'input only', outputKey: 16 })
    devices.add({ name: 'first', outputKey: 16, output: answer(1) })
    devices.add({ name: 'second', outputKey: 16, output: answer(2) })
    putDma(memory, RECORD, [])
    done(handleOutput(guest, devices, RECORD, 16, () => {}))
    expect(memory.read32(RECORD)).toBe(1)
  })

  it('warns of a key without a device (B-L-115)', () => {
    const { guest, memory } = fakeGuest()
    const warnings: string[] = []
    putDma(memory, RECORD, [])
    done(handleOutput(guest, new DeviceTable(memory, () => {}), RECORD, 16,
      (line) => warnings.push(line)))
    expect(warnings).toEqual(['lguest: Pending dma 0x3000, key 0x10'])
  })

  it('serves inputs until none is ready (B-L-061, B-L-116, B-L-117)', () => {
    const { guest, memory } = fakeGuest()
    const devices = new DeviceTable(memory, () => {})
    const log: string[] = []
    const input = (name: string, times: number, last: boolean) => ({
      ready: () => times > 0,
      handle: () => { log.push(name); return --times > 0 || !last; },
    })
    const [a, b] = [input('a', 2, false), input('b', 3, true)]
    devices.add({ name: 'a', outputKey: null, input: a })
    devices.add({ name: 'b', outputKey: null, input: b })
    handleInput(guest, devices)
    expect(log).toEqual(['a', 'b', 'a', 'b', 'b'])
    expect([...devices.inputs]).toEqual([a])
  })
})

describe('L:200 the Waker', () => {
  const fixture = () => {
    const { guest, device } = fakeGuest()
    const platform = new FakePlatform()
    const input = { isReady: false, ready: () => input.isReady,
      handle: () => true }
    const waker = new Waker(guest, new Set([input]), platform)
    return { device, platform, input, waker }
  }

  it('is roused by what wakes the task that runs the Guest', async () => {
    const { guest, device } = fakeGuest()
    const platform = new FakePlatform()
    guest.initialize(eraA, {})
    const slept = new Waker(guest, new Set(), platform).sleep(null)
    device.owner!.wake()
    await slept
    expect(platform.timers).toEqual([])
  })

  it('shouts once until it is answered (B-L-059, B-I-025)', () => {
    const { device, input, waker } = fixture()
    waker.watch()
    expect(device.sent(LHREQ_BREAK)).toEqual([])
    input.isReady = true
    waker.watch()
    waker.watch()
    expect(device.sent(LHREQ_BREAK)).toEqual([[1]])
    waker.release()
    waker.watch()
    expect(device.sent(LHREQ_BREAK)).toEqual([[1], [0], [1]])
  })

  it('asks nobody once its Guest is gone', () => {
    const { device, input, waker } = fixture()
    input.ready = () => { throw new RangeError('no memory') }
    waker.retire()
    waker.watch()
    expect(device.sent(LHREQ_BREAK)).toEqual([])
  })

  it('sleeps until the deadline', async () => {
    const { platform, waker } = fixture()
    const slept = waker.sleep(platform.time + 5000)
    expect(platform.timers[0].at).toBe(platform.time + 5000)
    platform.timers[0].callback()
    await slept
    await waker.sleep(platform.time - 1)
  })

  it('is roused by input, and cancels its timer', async () => {
    const { platform, input, waker } = fixture()
    const slept = waker.sleep(null)
    input.isReady = true
    waker.watch()
    await slept
    expect(platform.timers).toEqual([])
    await waker.sleep(null)
  })
})

/** A disk of `sectors` with a reply buffer bound, ready for requests. */
function diskFixture(sectors = 4) {
  const fake = fakeGuest()
  const { memory, device } = fake
  const devices = new DeviceTable(memory, () => {})
  const file = new BytesFile(
    Uint8Array.from({ length: sectors * 512 }, (_, i) => i / 512))
  setupBlockFile(devices, 'disk', file)
  const page = devices.records[0].outputKey!
  device.bound.set(page, { records: [0x4000], irq: 1 })
  return { ...fake, file, page,
    request: (type: number, sector: number, wanted: number,
      sent: [number, number][], reply: [number, number][]) => {
      memory.write32(page + blockPage.type, type)
      memory.write32(page + blockPage.sector, sector)
      memory.write32(page + blockPage.bytes, wanted)
      memory.write32(page + blockPage.result, 0)
      putDma(memory, RECORD, sent, 77)
      putDma(memory, 0x4000, reply)
      done(handleOutput(fake.guest, devices, RECORD, page, () => {}))
      return memory.read32(page + blockPage.result)
    } }
}

describe('L:210 disk requests', () => {
  it('read into the reply (B-L-110 to B-L-113)', () => {
    const { request, memory, device } = diskFixture()
    const reply: [number, number][] = [[BUFFER, 512], [0x7000, 512]]
    expect(request(0, 1, 1024, [], reply)).toBe(1)
    expect(memory.read(BUFFER + 511, 1)[0]).toBe(1)
    expect(memory.read(0x7000, 1)[0]).toBe(2)
    expect(memory.read32(0x4000)).toBe(1024)
    expect(memory.read32(RECORD)).toBe(0)
    expect(device.sent(LHREQ_IRQ)).toEqual([[1]])
  })

  it('read short at the end with result 2 (B-L-111, X-35)', () => {
    const { request, memory } = diskFixture()
    expect(request(0, 3, 1024, [], [[BUFFER, 1024]])).toBe(2)
    expect(memory.read32(0x4000)).toBe(512)
  })

  it('write what was sent; the reply stays free (B-L-108)', () => {
    const { request, memory, file } = diskFixture()
    memory.write(BUFFER, new Uint8Array(512).fill(9))
    expect(request(1, 2, 512, [[BUFFER, 512]], [])).toBe(1)
    expect([file.bytes[1023], file.bytes[1024], file.bytes[1535],
      file.bytes[1536]]).toEqual([1, 9, 9, 3])
    expect(memory.read32(0x4000)).toBe(0)
  })

  it('end the Launcher at a bad offset (B-L-105)', () => {
    const { request } = diskFixture()
    expect(() => request(0, 4, 512, [], [[BUFFER, 512]])).toThrow(
      'Bad offset 2048 vs 2048')
    expect(() => request(0, 0xffffffff, 512, [], [])).toThrow('Bad offset')
  })

  it('end the Launcher without a reply buffer (B-L-107)', () => {
    const { request, device } = diskFixture()
    device.bound.clear()
    expect(() => request(0, 0, 512, [], [])).toThrow(
      "Block request didn't give us a dma buffer")
  })

  it('are short when the file beneath fails', () => {
    const { request, file, memory, device } = diskFixture()
    const broken = () => { throw new PlatformError('no space left'); }
    file.writeAt = broken
    file.readAt = broken
    expect(request(1, 2, 512, [[BUFFER, 512]], [])).toBe(2)
    expect(request(0, 2, 512, [], [[BUFFER, 512]])).toBe(2)
    expect(memory.read32(0x4000)).toBe(0)
    expect(device.sent(LHREQ_IRQ).length).toBe(2)
  })

  it('past the end write what fits, then the end (B-L-109, X-35)', () => {
    const { request, file } = diskFixture()
    const write = file.writeAt.bind(file)
    file.writeAt = (offset, data) => {
      if (offset + data.length > 2048) throw new PlatformError('no cutting')
      return write(offset, data)
    }
    expect(() => request(1, 3, 1024, [[BUFFER, 1024]], [])).toThrow(
      'Write past end 1536+1024')
    expect(file.size()).toBe(2048)
  })
})

describe('L:210 a hostile Guest', () => {
  it('ends its Launcher with a farewell, or does no harm (seed 210)', () => {
    const roll = dice(210)
    let farewells = 0
    for (let round = 0; round < 600; round++) {
      const { request, memory } = diskFixture()
      const somewhere = () => (roll(12) ? 0x5000 + roll(0x80000)
        : [memory.top - roll(4096), roll(2 ** 32)][roll(2)] >>> 0)
      const sections = (): [number, number][] => Array.from(
        { length: roll(4) }, () => [somewhere(), roll(roll(9) ? 512 : 65536)])
      try {
        request(roll(3), roll(roll(9) ? 5 : 2 ** 32), roll(2048),
          sections(), sections())
      } catch (error) {
        expect(error, `round ${round}`).toBeInstanceOf(Farewell)
        farewells++
      }
    }
    expect(farewells).toBeGreaterThan(200)
    expect(farewells).toBeLessThan(600)
  })
})
