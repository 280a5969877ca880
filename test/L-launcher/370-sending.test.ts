import { beforeEach, describe, expect, test } from 'vitest'
import { bindDma, releaseAllDma, sendDma } from '../../generated/host/io.ts'
import { hex } from '../../generated/host/guest-memory.ts'
import {
  makeGuest, makeWorld, type TestGuest, type World,
} from '../H-host/guest-world.ts'

const PAGES = 16
const SEND = 0x4000 // where the sender keeps its record
const ARRAY = 0x5000 // where the receiver keeps its array
const KEY = 0x1004 // slot 1 of the shared page, in both Guests

let world: World
let from: TestGuest
let to: TestGuest

/** Writes a DMA record: used length and [address, length] sections. */
function record(guest: TestGuest, at: number, used: number,
  sections: [number, number][]): void {
  const bytes = new Uint8Array(100)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, used, true)
  sections.forEach(([address, length], i) => {
    view.setUint32(4 + i * 4, address, true)
    view.setUint16(68 + i * 2, length, true)
  })
  guest.mm.writeBytes(at, bytes)
}

const text = (guest: TestGuest, at: number, length: number) =>
  new TextDecoder().decode(guest.mm.readBytes(at, length))
const say = (guest: TestGuest, at: number, what: string) =>
  guest.mm.writeBytes(at, new TextEncoder().encode(what))
const pending = (guest: TestGuest) => guest.lg.cpu.irqsPending

beforeEach(() => {
  world = makeWorld()
  from = makeGuest(world, PAGES, 0)
  to = makeGuest(world, PAGES, 1)
  const frame = world.frames.alloc()
  const file = {}
  from.mm.mapShared(0x1000, frame, file, 0)
  to.mm.mapShared(0x1000, frame, file, 0)
})

describe('L:370 sending', () => {
  test('B-D-017 a bad key kills the sender', () => {
    sendDma(from.lg.cpu, 0x1006, SEND)
    expect(from.lg.dead).toBe('bad sending DMA key')
  })
  test('B-D-004 B-D-018 private memory: pending for the Launcher', () => {
    bindDma(to.lg.cpu, 0x2000, ARRAY, 1, 3)
    sendDma(from.lg.cpu, 0x2000, SEND)
    expect(from.lg.pendingOutput).toEqual([SEND, 0x2000])
    expect(pending(to)).toBe(0)
  })
  test('B-D-018 the sender\'s own binding on private memory changes nothing', () => {
    bindDma(from.lg.cpu, 0, ARRAY, 1, 3)
    sendDma(from.lg.cpu, 0, SEND)
    expect(from.lg.pendingOutput).toEqual([SEND, 0])
  })
  test('X-11 shared memory with nobody listening: dropped', () => {
    sendDma(from.lg.cpu, KEY, SEND)
    expect(from.lg.pendingOutput).toBe(null)
    expect(from.lg.dead).toBe(null)
  })
  test('B-D-020 a Guest never receives its own send', () => {
    bindDma(from.lg.cpu, KEY, ARRAY, 1, 3)
    record(from, ARRAY, 0, [[0x6000, 100]])
    record(from, SEND, 0, [[0x7000, 10]])
    sendDma(from.lg.cpu, KEY, SEND)
    expect(pending(from)).toBe(0)
    expect(from.get(ARRAY)).toBe(0)
  })
  test('B-D-019 exactly one of several listeners receives', () => {
    const third = makeGuest(world, PAGES, 2)
    const key = to.mm.identity(KEY)!
    third.mm.mapShared(0x1000, to.mm.frameOf(1, true), key.owner, 0)
    for (const guest of [to, third]) {
      bindDma(guest.lg.cpu, KEY, ARRAY, 1, 3)
      record(guest, ARRAY, 0, [[0x6000, 100]])
    }
    record(from, SEND, 0, [[0x7000, 10]])
    sendDma(from.lg.cpu, KEY, SEND)
    expect([to.get(ARRAY), third.get(ARRAY)].sort()).toEqual([0, 10])
  })
  test('B-D-021 B-D-022 nothing free: one retry, then given up', () => {
    let woken = 0
    to.lg.task.wake = () => { woken++ }
    bindDma(to.lg.cpu, KEY, ARRAY, 1, 3)
    record(to, ARRAY, 7, [[0x6000, 100]])
    record(from, SEND, 0, [[0x7000, 10]])
    sendDma(from.lg.cpu, KEY, SEND)
    expect(woken).toBe(2)
    expect(from.get(SEND)).toBe(0)
    expect(from.lg.dead).toBe(null)
  })
  test('B-D-021 a receiver that restocks when woken gets it the second time', () => {
    bindDma(to.lg.cpu, KEY, ARRAY, 1, 3)
    record(to, ARRAY, 7, [[0x6000, 100]])
    record(from, SEND, 0, [[0x7000, 5]])
    say(from, 0x7000, 'hello')
    to.lg.task.wake = () => { if (to.get(ARRAY) === 7) to.put(ARRAY, 0) }
    sendDma(from.lg.cpu, KEY, SEND)
    expect(text(to, 0x6000, 5)).toBe('hello')
    expect(from.get(SEND)).toBe(5)
  })
  test('B-D-016 a closed Guest is not found any more', () => {
    bindDma(to.lg.cpu, KEY, ARRAY, 1, 3)
    releaseAllDma(to.lg)
    record(from, SEND, 0, [[0x7000, 5]])
    sendDma(from.lg.cpu, KEY, SEND)
    expect(pending(to)).toBe(0)
  })
})

describe('L:380 the transfer', () => {
  beforeEach(() => {
    bindDma(to.lg.cpu, KEY, ARRAY, 3, 3)
    for (let i = 0; i < 3; i++) {
      record(to, ARRAY + i * 100, 0, [[0x6000 + i * 0x1000, 64]])
    }
  })
  test('B-D-023 a sender\'s record outside memory kills the sender', () => {
    sendDma(from.lg.cpu, KEY, PAGES * 4096 - 50)
    expect(from.lg.dead).toBe(`bad read address ${hex(PAGES * 4096 - 50)} len 100`)
  })
  test('B-D-026 B-D-029 B-D-030 B-D-032 data, lengths, cursor, interrupt', () => {
    record(from, SEND, 0, [[0x7000, 5]])
    say(from, 0x7000, 'first')
    sendDma(from.lg.cpu, KEY, SEND)
    say(from, 0x7000, 'secnd')
    sendDma(from.lg.cpu, KEY, SEND)
    expect(text(to, 0x6000, 5)).toBe('first')
    expect(text(to, 0x7000, 5)).toBe('secnd')
    expect([to.get(ARRAY), to.get(ARRAY + 100), to.get(ARRAY + 200)])
      .toEqual([5, 5, 0])
    expect(from.get(SEND)).toBe(5)
    expect(to.lg.dma[0].nextDma).toBe(2)
    expect(pending(to)).toBe(1 << 3)
    expect(pending(from)).toBe(0)
  })
  test('B-D-024 the search begins at the cursor and wraps', () => {
    to.lg.dma[0].nextDma = 2
    to.put(ARRAY + 200, 9)
    to.put(ARRAY, 9)
    record(from, SEND, 0, [[0x7000, 5]])
    sendDma(from.lg.cpu, KEY, SEND)
    expect(to.get(ARRAY + 100)).toBe(5)
  })
  test('B-D-032 B-D-033 X-26 nothing free: interrupt all the same, no length', () => {
    for (let i = 0; i < 3; i++) to.put(ARRAY + i * 100, 1)
    record(from, SEND, 0xabc, [[0x7000, 5]])
    sendDma(from.lg.cpu, KEY, SEND)
    expect(pending(to)).toBe(1 << 3)
    expect(from.get(SEND)).toBe(0xabc)
  })
  test('B-D-027 nothing moved from a full record: untouched and silent', () => {
    record(to, ARRAY, 0, [])
    record(from, SEND, 0xabc, [[0x7000, 5]])
    sendDma(from.lg.cpu, KEY, SEND)
    expect(from.get(SEND)).toBe(0)
    expect(to.get(ARRAY)).toBe(0)
    expect(pending(to)).toBe(0)
  })
  test('B-D-028 X-27 an empty send is a doorbell: cursor moves, record stays free', () => {
    record(from, SEND, 0xabc, [])
    sendDma(from.lg.cpu, KEY, SEND)
    expect(to.lg.dma[0].nextDma).toBe(1)
    expect(to.get(ARRAY)).toBe(0)
    expect(from.get(SEND)).toBe(0)
    expect(pending(to)).toBe(1 << 3)
  })
  test('B-D-025 an unreadable array kills its owner, not the sender', () => {
    to.lg.dma[0].dmas = 0xffff0000
    record(from, SEND, 0, [[0x7000, 5]])
    sendDma(from.lg.cpu, KEY, SEND)
    expect(to.lg.dead).toBe('bad address in registered DMA struct')
    expect(from.lg.dead).toBe(null)
    expect(pending(to)).toBe(0)
  })
})

describe('L:390 both lists are checked', () => {
  const bad: [string, [number, number]][] = [
    ['outside memory', [PAGES * 4096, 4]],
    ['ending at the limit', [PAGES * 4096 - 4, 4]],
    ['across a page', [0x6ffe, 4]],
    ['longer than a page', [0x6000, 4097]],
    ['wrapping', [0xfffffffe, 4]],
  ]
  beforeEach(() => { bindDma(to.lg.cpu, KEY, ARRAY, 1, 3) })
  test.each(bad)('B-D-035 a receiver\'s section %s kills the receiver', (_, section) => {
    record(to, ARRAY, 0, [[0x6000, 4], section])
    record(from, SEND, 0, [[0x7000, 8]])
    sendDma(from.lg.cpu, KEY, SEND)
    expect(to.lg.dead).toBe(`bad DMA entry: ${section[1]}@${hex(section[0])}`)
    expect(from.lg.dead).toBe(null)
    expect(to.get(0x6000)).toBe(0)
  })
  test.each(bad)('B-D-035 a sender\'s section %s kills the sender', (_, section) => {
    record(to, ARRAY, 0, [[0x6000, 64]])
    record(from, SEND, 0, [[0x7000, 8], section])
    say(from, 0x7000, 'xxxxxxxx')
    sendDma(from.lg.cpu, KEY, SEND)
    expect(from.lg.dead).toBe(`bad DMA entry: ${section[1]}@${hex(section[0])}`)
    expect(to.lg.dead).toBe(null)
    expect(to.get(0x6000)).toBe(0)
  })
  test('B-D-035 the list ends at its first zero: what follows is not looked at', () => {
    record(to, ARRAY, 0, [[0x6000, 64], [0, 0], [0xffffffff, 99]])
    record(from, SEND, 0, [[0x7000, 8]])
    sendDma(from.lg.cpu, KEY, SEND)
    expect(to.lg.dead).toBe(null)
    expect(to.get(ARRAY)).toBe(8)
  })
  test('a full page is a legal section', () => {
    record(to, ARRAY, 0, [[0x6000, 4096]])
    record(from, SEND, 0, [[0x7000, 4096]])
    sendDma(from.lg.cpu, KEY, SEND)
    expect(to.get(ARRAY)).toBe(4096)
  })
  test('B-D-036 B-D-037 a page that cannot be had kills the receiver; pins go back', () => {
    record(to, ARRAY, 0, [[0x6000, 64], [0x8000, 64]])
    record(from, SEND, 0, [[0x7000, 100]])
    const frame = to.mm.frameOf(6, true)
    const { frameOf } = to.mm
    to.mm.frameOf = function (page, write) {
      return page === 8 ? -1 : frameOf.call(this, page, write)
    }
    const before = world.frames.count(frame)
    sendDma(from.lg.cpu, KEY, SEND)
    expect(to.lg.dead).toBe('Error mapping DMA pages')
    expect(world.frames.count(frame)).toBe(before)
  })
  test('B-D-031 a used length that cannot be written kills the receiver', () => {
    record(to, ARRAY, 0, [[0x6000, 64]])
    record(from, SEND, 0, [[0x7000, 10]])
    const { frameOf } = to.mm
    to.mm.frameOf = function (page, write) {
      return write && page === ARRAY >>> 12 ? -1 : frameOf.call(this, page, write)
    }
    sendDma(from.lg.cpu, KEY, SEND)
    expect(to.lg.dead).toBe('bad address writing to registered DMA')
    expect(from.lg.dead).toBe(null)
  })
  test('B-D-044 pages are held while the copy lasts, and no longer', () => {
    record(to, ARRAY, 0, [[0x6000, 64], [0x7000, 64]])
    record(from, SEND, 0, [[0x7000, 100]])
    const counts: number[] = []
    const frame = to.mm.frameOf(7, true)
    const { frameOf } = from.mm
    from.mm.frameOf = function (page, write) {
      counts.push(world.frames.count(frame))
      return frameOf.call(this, page, write)
    }
    sendDma(from.lg.cpu, KEY, SEND)
    expect(Math.max(...counts)).toBe(2)
    expect(world.frames.count(frame)).toBe(1)
  })
  test('B-D-042 a source that cannot be read kills the sender', () => {
    record(to, ARRAY, 0, [[0x6000, 64]])
    record(from, SEND, 0, [[0x7000, 10], [0x8000, 10]])
    const { frameOf } = from.mm
    from.mm.frameOf = function (page, write) {
      return page === 8 ? -1 : frameOf.call(this, page, write)
    }
    sendDma(from.lg.cpu, KEY, SEND)
    expect(from.lg.dead).toBe('bad address in sending DMA')
    expect(to.get(ARRAY)).toBe(0)
    expect(world.frames.count(to.mm.frameOf(6, true))).toBe(1)
  })
})

describe('L:400 the copy', () => {
  beforeEach(() => { bindDma(to.lg.cpu, KEY, ARRAY, 1, 3) })
  test('B-D-041 X-09 one long section over several short ones keeps order', () => {
    record(from, SEND, 0, [[0x7000, 12]])
    say(from, 0x7000, 'ABCDEFGHIJKL')
    record(to, ARRAY, 0, [[0x6100, 5], [0x6200, 4], [0x6ffd, 3]])
    sendDma(from.lg.cpu, KEY, SEND)
    expect(text(to, 0x6100, 5)).toBe('ABCDE')
    expect(text(to, 0x6200, 4)).toBe('FGHI')
    expect(text(to, 0x6ffd, 3)).toBe('JKL')
    expect(to.get(ARRAY)).toBe(12)
  })
  test('B-D-038 B-D-039 several short sections into one long', () => {
    record(from, SEND, 0, [[0x7000, 3], [0x8ffc, 4], [0x9000, 2]])
    say(from, 0x7000, 'abc')
    say(from, 0x8ffc, 'defg')
    say(from, 0x9000, 'hi')
    record(to, ARRAY, 0, [[0x6010, 100]])
    sendDma(from.lg.cpu, KEY, SEND)
    expect(text(to, 0x6010, 9)).toBe('abcdefghi')
    expect(from.get(SEND)).toBe(9)
  })
  test('B-D-040 surplus source is cut', () => {
    record(from, SEND, 0, [[0x7000, 12]])
    say(from, 0x7000, 'ABCDEFGHIJKL')
    record(to, ARRAY, 0, [[0x6000, 4]])
    sendDma(from.lg.cpu, KEY, SEND)
    expect(text(to, 0x6000, 4)).toBe('ABCD')
    expect(to.get(0x6004)).toBe(0)
    expect(from.get(SEND)).toBe(4)
  })
  test('B-D-040 B-D-043 sixteen sections are the most', () => {
    const sections = (base: number): [number, number][] =>
      Array.from({ length: 16 }, (_, i) => [base + i * 16, 2])
    record(from, SEND, 0, sections(0x7000))
    record(to, ARRAY, 0, sections(0x6000))
    for (let i = 0; i < 16; i++) say(from, 0x7000 + i * 16, 'ok')
    sendDma(from.lg.cpu, KEY, SEND)
    expect(to.get(ARRAY)).toBe(32)
    expect(text(to, 0x6000 + 15 * 16, 2)).toBe('ok')
  })
  test('B-D-034 both may send to each other', () => {
    bindDma(from.lg.cpu, KEY, ARRAY, 1, 4)
    record(from, ARRAY, 0, [[0x6000, 8]])
    record(to, ARRAY, 0, [[0x6000, 8]])
    record(from, SEND, 0, [[0x7000, 2]])
    record(to, SEND, 0, [[0x7000, 3]])
    sendDma(from.lg.cpu, KEY, SEND)
    sendDma(to.lg.cpu, KEY, SEND)
    expect([to.get(ARRAY), from.get(ARRAY)]).toEqual([2, 3])
  })
})

describe('L:380 an array longer than a search', () => {
  const COUNT = 1000
  const pages = Math.ceil(COUNT * 100 / 4096) + 6
  const spent = () => from.lg.task.account.spent.host
  const send = () => {
    record(from, SEND, 0, [[0x4100, 5]])
    sendDma(from.lg.cpu, KEY, SEND)
    return from.mm.read32(SEND)
  }
  beforeEach(() => {
    to = makeGuest(world, pages, 1)
    to.mm.mapShared(0x1000, from.mm.frameOf(1, true), from.mm.identity(KEY)!.owner, 0)
    for (let i = 0; i < COUNT; i++) record(to, ARRAY + i * 100, 1, [[0x3000, 64]])
    bindDma(to.lg.cpu, KEY, ARRAY, COUNT, 3)
    say(from, 0x4100, 'hello')
  })

  test('costs a send no more than 512 looks, on the sender\'s account', () => {
    for (let i = 0; i < 5; i++) {
      const before = spent()
      expect(send()).toBe(0)
      expect(spent() - before).toBe(2 * 256 * 10)
    }
    expect(to.lg.task.account.spent.host).toBe(0)
    expect(pending(to)).toBe(8)
  })

  test('is searched on from where the last search ended, and all of it is found', () => {
    for (const free of [999, 700, 3, 256, 511, 512]) {
      to.mm.write32(ARRAY + free * 100, 0)
      let tries = 0
      while (send() === 0) expect(++tries).toBeLessThan(4)
      expect(to.mm.read32(ARRAY + free * 100), String(free)).toBe(5)
    }
  })
})
