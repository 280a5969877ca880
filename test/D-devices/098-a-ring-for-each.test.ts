/** Records between Hosts: slots, rings, and a card that is a place in a file. */
import {
  ftruncateSync, openSync, closeSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, unlinkSync, writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { deviceDescriptor } from '../../generated/abi/era-a.ts'
import { bindDma, deliver, sendDma } from '../../generated/host/io.ts'
import { sharedKey } from '../../generated/host/mm.ts'
import type { DmaKey } from '../../generated/host/mm.ts'
import { readArguments } from '../../generated/launcher/arguments.ts'
import { DeviceTable } from '../../generated/launcher/devices.ts'
import { NetFile, SLOTS } from '../../generated/launcher/net-file.ts'
import { NetPlaces } from '../../generated/launcher/net-places.ts'
import { openSharedFile } from '../../generated/launcher/node/shared-file.ts'
import { PlatformError } from '../../generated/launcher/platform.ts'
import { setupSharenet } from '../../generated/launcher/sharenet.ts'
import { makeGuest, makeWorld } from '../H-host/guest-world.ts'
import type { TestGuest, World } from '../H-host/guest-world.ts'
import { fakeGuest, fakeMemory, FakePlatform } from '../L-launcher/fakes.ts'
import { pause } from '../e2e/launching.ts'

const PAGE = 4096
const RING = PAGE + 65536
let folder = ''
let count = 0
let path = ''
const said: string[] = []
const closers: (() => void)[] = []

beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'lguest-ring-')) })
beforeEach(() => { path = join(folder, `net${count++}`) })
afterEach(() => {
  for (const close of closers.splice(0)) close()
  said.length = 0
})
afterAll(() => rmSync(folder, { recursive: true }))

/** A Launcher's view of the file, as another process would have it. */
function launcher(from = path): NetFile {
  const file = new NetFile(openSharedFile(from), from, (line) => { said.push(line) })
  closers.push(() => file.close())
  return file
}

const to = (file: NetFile, slot: number): DmaKey => sharedKey(file, 0, slot * 4)
const bytes = (length: number, seed = 1) => Uint8Array.from({ length }, (_, i) => i * 7 + seed & 255)

describe('D:098 slots', () => {
  test('the file is made, for us alone, with a page of zeroes (B-L-096)', () => {
    launcher()
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readFileSync(path).subarray(0, PAGE).every((byte) => byte === 0)).toBe(true)
  })

  test.each([
    ['a letter', 'Dear Sir,\n'], ['a page of something else', 'x'.repeat(PAGE)],
    ['a long file', `${'\0'.repeat(PAGE)}and then more`], ['a few zeroes', '\0'.repeat(100)],
  ])('%s is no network, and is left as it was (B-L-096)', (_, text) => {
    writeFileSync(path, text)
    expect(() => new NetFile(openSharedFile(path), path, () => {})).toThrow('it is something else')
    expect(readFileSync(path, 'latin1')).toBe(text)
  })

  test('each Launcher gets the lowest that is free, and no two the same (B-L-097, B-L-102)', () => {
    const [a, b, c] = [launcher(), launcher(), launcher()]
    expect([a.takeSlot(), b.takeSlot(), a.takeSlot(), c.takeSlot()]).toEqual([0, 1, 2, 3])
    a.freeSlot(2)
    b.freeSlot(1)
    expect([c.takeSlot(), c.takeSlot(), c.takeSlot()]).toEqual([1, 2, 4])
  })

  test('are 682; then there are none (B-L-097, B-L-098)', () => {
    const [a, b] = [launcher(), launcher()]
    for (let i = 0; i < 682; i++) a.takeSlot()
    expect(SLOTS).toBe(682)
    expect(() => b.takeSlot()).toThrow(`No free slots in network file ${path}`)
    expect(() => a.takeSlot()).toThrow('No free slots')
    a.freeSlot(500)
    expect(b.takeSlot()).toBe(500)
  })

  test('who takes one finds neither the address nor the letters of who had it (B-L-099)', () => {
    const [a, b] = [launcher(), launcher()]
    expect([a.takeSlot(), b.takeSlot()]).toEqual([0, 1])
    const raw = openSharedFile(path)
    raw.writeAt(6, Uint8Array.of(2, 0, 1, 2, 3, 4))
    a.carry(to(a, 1), bytes(50))
    b.freeSlot(1)
    raw.writeAt(6, Uint8Array.of(2, 0, 1, 2, 3, 4))
    a.carry(to(a, 1), bytes(50))
    const c = launcher()
    expect(c.takeSlot()).toBe(1)
    expect(c.take(1)).toEqual([])
    expect([...readFileSync(path).subarray(0, 12)]).toEqual(new Array(12).fill(0))
    raw.close()
  })
})

describe('D:098 a ring', () => {
  test('gives what was put, in order, once', () => {
    const [a, b] = [launcher(), launcher()]
    a.takeSlot()
    b.takeSlot()
    expect([a.carry(to(a, 1), bytes(0)), a.carry(to(a, 1), bytes(1514)), a.carry(to(a, 1), bytes(9))])
      .toEqual([true, true, true])
    expect(b.take(1)).toEqual([bytes(0), bytes(1514), bytes(9)])
    expect(b.take(1)).toEqual([])
    expect(b.take(0)).toEqual([])
  })

  test('agrees with a queue for thousands of records, round and round', () => {
    const seed = Date.now() & 0xffff
    console.log(`the seed of the ring's records is ${seed}`)
    let state = seed
    const random = (most: number) => (state = state * 1103515245 + 12345 & 0x7fffffff) % most
    const [a, b] = [launcher(), launcher()]
    a.takeSlot()
    b.takeSlot()
    let queue: Uint8Array[] = []
    for (let i = 0; i < 3000; i++) {
      const letter = bytes(random(random(5) === 0 ? 65000 : 3000), i)
      const held = queue.reduce((sum, each) => sum + each.length + 4, 0)
      expect(a.carry(to(a, 1), letter)).toBe(held + letter.length + 4 <= 65536)
      if (held + letter.length + 4 <= 65536) queue.push(letter)
      if (random(4) > 0) continue
      expect(Buffer.compare(Buffer.concat(b.take(1)), Buffer.concat(queue))).toBe(0)
      queue = []
    }
  }, 60000)

  test('of nobody, of no slot, or of another page takes nothing', () => {
    const a = launcher()
    a.takeSlot()
    expect(a.carry(to(a, 1), bytes(9))).toBe(false)
    expect(a.carry(sharedKey(a, 0, 4092), bytes(9))).toBe(false)
    expect(a.carry(sharedKey(a, 1, 0), bytes(9))).toBe(false)
  })

  test('a sender that stopped in the middle costs its neighbours frames and no more', () => {
    const [a, b] = [launcher(), launcher()]
    a.takeSlot()
    b.takeSlot()
    const stopped = openSharedFile(path)
    expect(stopped.lock(PAGE + RING)).toBe(true)
    stopped.writeAt(PAGE + RING + PAGE, bytes(5000))
    expect(a.carry(to(a, 1), bytes(9))).toBe(false)
    expect(b.take(1)).toEqual([])
    stopped.close()
    expect(a.carry(to(a, 1), bytes(9))).toBe(true)
    expect(b.take(1)).toEqual([bytes(9)])
  })
})

describe('D:098 a file that comes to grief', () => {
  /** Two at a network, and a vandal. */
  function scene() {
    const [a, b] = [launcher(), launcher()]
    a.takeSlot()
    b.takeSlot()
    const vandal = openSync(path, 'r+')
    closers.push(() => closeSync(vandal))
    const scribble = (offset: number, ...words: number[]) => {
      const raw = openSharedFile(path)
      raw.writeAt(offset, new Uint8Array(Uint32Array.from(words).buffer))
      raw.close()
    }
    return { a, b, vandal, scribble }
  }
  const damaged = () => `lguest: network file ${path} is damaged; what was under way is lost`
  const COUNTERS = PAGE + RING + 16

  test.each([
    ['counters that cannot be', [0xffffffff, 5]], ['one byte', [1, 0]], ['a ring that is too full', [65537, 0]],
    ['records of no record', [70, 0]],
  ])('%s: said once, lost, and on it goes', (_, counters) => {
    const { a, b, scribble } = scene()
    scribble(PAGE + RING + PAGE, 0x7fffffff)
    for (let i = 0; i < 3; i++) {
      scribble(COUNTERS, ...counters)
      expect(b.take(1)).toEqual([])
    }
    expect(said).toEqual([damaged()])
    expect(a.carry(to(a, 1), bytes(30))).toBe(true)
    expect(b.take(1)).toEqual([bytes(30)])
  })

  test('cut short, be it by a ring: said once, the page is zeroes, and nothing comes or goes', () => {
    const { a, b, vandal } = scene()
    const page = new Int32Array(new WebAssembly.Memory({ initial: 1 }).buffer, 4 * PAGE, PAGE / 4)
    b.mapAt(page)
    page[3] = 77
    b.look()
    ftruncateSync(vandal, PAGE + RING + 20)
    for (let i = 0; i < 3; i++) b.look()
    expect(said).toEqual([`lguest: network file ${path} has been cut short; nobody is on this network now`])
    expect(page[3]).toBe(0)
    ftruncateSync(vandal, 0)
    page[3] = 1
    expect([b.take(1), b.carry(to(b, 0), bytes(9))]).toEqual([[], false])
    expect(a.carry(to(a, 1), bytes(9))).toBe(false)
    b.freeSlot(1)
  })

  test('removed: said once, and those who have it go on', () => {
    const { a, b } = scene()
    unlinkSync(path)
    for (let i = 0; i < 3; i++) a.look()
    expect(said).toEqual([`lguest: network file ${path} has been removed; whoever comes now meets nobody`])
    expect(a.carry(to(a, 1), bytes(9))).toBe(true)
    expect(b.take(1)).toEqual([bytes(9)])
  })

  test('a disk that fails is the end of the network and not of the Guest', () => {
    const file = openSharedFile(path)
    const a = new NetFile(file, path, (line) => { said.push(line) })
    closers.push(() => a.close())
    a.takeSlot()
    file.writeAt = () => { throw new PlatformError('no space left') }
    for (let i = 0; i < 3; i++) expect(a.carry(to(a, 0), bytes(9))).toBe(false)
    expect(said).toEqual([`lguest: network file ${path} fails: no space left; nobody is on this network now`])
  })
})

describe('D:098 between Hosts', () => {
  const [KEY, ARRAY, SEND] = [0x1004, 0x3000, 0x4000]
  let world: World
  let from: TestGuest
  let listener: TestGuest
  let carried: { key: DmaKey, bytes: Uint8Array }[]
  let willing = true
  let owner: object

  function record(guest: TestGuest, at: number, used: number, sections: [number, number][]) {
    const view = new DataView(new ArrayBuffer(100))
    view.setUint32(0, used, true)
    sections.forEach(([address, length], i) => {
      view.setUint32(4 + i * 4, address, true)
      view.setUint16(68 + i * 2, length, true)
    })
    guest.mm.writeBytes(at, new Uint8Array(view.buffer))
  }

  beforeEach(() => {
    world = makeWorld()
    from = makeGuest(world, 16, 0)
    listener = makeGuest(world, 16, 1)
    carried = []
    willing = true
    owner = { carry: (key: DmaKey, what: Uint8Array) => { carried.push({ key, bytes: what }); return willing } }
    const frame = world.frames.alloc()
    from.mm.mapShared(0x1000, frame, owner, 0)
    listener.mm.mapShared(0x1000, frame, owner, 0)
  })

  test('what nobody here listens to is carried away, all its sections, and counted', () => {
    from.mm.writeBytes(0x5ff0, bytes(16))
    from.mm.writeBytes(0x7000, bytes(5, 9))
    record(from, SEND, 0, [[0x5ff0, 16], [0x7000, 5]])
    sendDma(from.lg.cpu, KEY, SEND)
    expect(carried).toEqual([{ key: from.mm.identity(KEY), bytes: Uint8Array.of(...bytes(16), ...bytes(5, 9)) }])
    expect(from.get(SEND)).toBe(21)
    expect(from.lg.dead).toBe(null)
  })

  test('what could not be carried is not counted', () => {
    willing = false
    record(from, SEND, 0, [[0x5000, 16]])
    sendDma(from.lg.cpu, KEY, SEND)
    expect(carried).toHaveLength(1)
    expect(from.get(SEND)).toBe(0)
  })

  test('who listens here gets it here', () => {
    bindDma(listener.lg.cpu, KEY, ARRAY, 1, 3)
    record(listener, ARRAY, 0, [[0x6000, 100]])
    record(from, SEND, 0, [[0x5000, 16]])
    sendDma(from.lg.cpu, KEY, SEND)
    expect(carried).toEqual([])
    expect(listener.get(ARRAY)).toBe(16)
  })

  test('a bad list kills its owner before anything is carried', () => {
    record(from, SEND, 0, [[0x5ff0, 17]])
    sendDma(from.lg.cpu, KEY, SEND)
    expect(from.lg.dead).toMatch(/^bad DMA entry: 17@0x5ff0/)
    expect(carried).toEqual([])
  })

  test('what comes is moved into a free record, and the interrupt is raised', () => {
    bindDma(listener.lg.cpu, KEY, ARRAY, 2, 3)
    record(listener, ARRAY, 5, [[0x6000, 100]])
    record(listener, ARRAY + 100, 0, [[0x6ff8, 8], [0x8000, 100]])
    expect(deliver(world.host, sharedKey(owner, 0, 4), bytes(20))).toBe(true)
    expect(listener.get(ARRAY + 100)).toBe(20)
    expect(listener.mm.readBytes(0x6ff8, 8)).toEqual(bytes(20).slice(0, 8))
    expect(listener.mm.readBytes(0x8000, 12)).toEqual(bytes(20).slice(8))
    expect(listener.lg.cpu.irqsPending).not.toBe(0)
  })

  test('with no free record it is to wait, and the interrupt is raised all the same', () => {
    bindDma(listener.lg.cpu, KEY, ARRAY, 1, 3)
    record(listener, ARRAY, 5, [[0x6000, 100]])
    expect(deliver(world.host, sharedKey(owner, 0, 4), bytes(20))).toBe(false)
    expect(listener.lg.cpu.irqsPending).not.toBe(0)
  })

  test('with nobody bound there it is lost', () => {
    expect(deliver(world.host, sharedKey(owner, 0, 4), bytes(20))).toBe(true)
  })

  test('a record that is none kills its owner, and nobody else', () => {
    bindDma(listener.lg.cpu, KEY, ARRAY, 1, 3)
    record(listener, ARRAY, 0, [[0x6ff8, 9]])
    expect(deliver(world.host, sharedKey(owner, 0, 4), bytes(20))).toBe(true)
    expect(listener.lg.dead).toMatch(/^bad DMA entry/)
    expect(from.lg.dead).toBe(null)
  })
})

describe('D:098 the card', () => {
  /** Places in a file, on a platform that has shared files. */
  function places() {
    const world = makeWorld()
    const platform = Object.assign(new FakePlatform(), { openShared: openSharedFile })
    return { world, platform, places: new NetPlaces(platform, world.host) }
  }

  test('type, one page, slot and no checksums; neither output nor input (B-L-100)', async () => {
    const { world, places: net } = places()
    const other = launcher()
    other.takeSlot()
    const place = await net.place({ path })
    const devices = new DeviceTable(fakeMemory(1), () => {})
    setupSharenet(devices, place, world.host)
    const at = (1 << 20) + deviceDescriptor.type
    expect([0, 2, 4, 6].map((offset) => devices.memory.read16(at + offset))).toEqual([2, 1 | 0x4000, 0, 1])
    expect(devices.memory.read32(at + 8)).toBe(257)
    expect(devices.records).toEqual([{ name: 'net', outputKey: null }])
    net.leave([])
  })

  test('what is in the ring rouses, and is kept while the Guest has no room (B-L-101)', async () => {
    const { world, places: net } = places()
    const listener = makeGuest(world, 16, 1)
    const wanted = { path }
    const place = await net.place(wanted)
    listener.mm.mapShared(0x1000, place.frame, place.file, 0)
    const devices = new DeviceTable(fakeMemory(1), () => {})
    setupSharenet(devices, place, world.host)
    const [input] = devices.inputs
    let roused = 0
    input.listen!(() => { roused++ })
    const sender = launcher()
    sender.takeSlot()
    sender.carry(to(sender, 0), bytes(30))
    for (let i = 0; i < 100 && roused === 0; i++) await pause(10)
    expect(roused).toBeGreaterThan(0)
    bindDma(listener.lg.cpu, 0x1000, 0x3000, 1, 3)
    listener.mm.write32(0x3000, 9)
    const guest = fakeGuest().guest
    expect([input.ready(), input.handle(guest), input.ready()]).toEqual([true, true, false])
    listener.mm.write32(0x3000, 0)
    listener.mm.write32(0x3004, 0x5000)
    listener.mm.writeBytes(0x3044, Uint8Array.of(100, 0))
    input.afterTurn!(guest)
    expect([input.ready(), input.handle(guest), input.ready()]).toEqual([true, true, false])
    expect(listener.mm.readBytes(0x5000, 30)).toEqual(bytes(30))
    expect(listener.get(0x3000)).toBe(30)
    net.leave([wanted])
  })

  test('two of one Launcher have one frame, by whatever names, and give it back whole', async () => {
    const { world, places: net } = places()
    const free = world.frames.inUse
    const [one, two] = [{ path }, { path: join(folder, '.', path.slice(folder.length + 1)) }]
    const [first, second] = await Promise.all([net.place(one), net.place(two)])
    expect([first.slot, second.slot, (await net.place(one)).slot]).toEqual([0, 1, 0])
    expect(first.frame).toBe(second.frame)
    world.host.physical.write32(first.frame, 0x01020304)
    expect(readFileSync(path).readUInt32LE(0)).toBe(0x01020304)
    net.leave([one])
    expect(world.frames.inUse).toBe(free + 1)
    net.leave([two])
    expect(world.frames.inUse).toBe(free)
    expect(readFileSync(path).subarray(0, PAGE).every((byte) => byte === 0)).toBe(true)
  })

  test('a file that cannot be had is one line (B-L-096, B-L-101)', async () => {
    const { platform, places: net } = places()
    await expect(net.place({ path: folder })).rejects.toThrow(`cannot open net file '${folder}': it is a directory`)
    writeFileSync(path, 'precious')
    await expect(net.place({ path })).rejects.toThrow(`cannot open net file '${path}': it is something else`)
    truncateSync(path, 0)
    platform.openShared = (name) => Object.assign(openSharedFile(name), {
      map: () => { throw new PlatformError('mapping it: not here') },
    })
    await expect(net.place({ path })).rejects.toThrow(`could not mmap '${path}': mapping it: not here`)
  })

  test('--sharenet=FILE', () => {
    expect(readArguments(['--sharenet=/tmp/lan', '--sharenet', 'other'])).toMatchObject({
      devices: [{ kind: 'share', path: '/tmp/lan' }, { kind: 'share', path: 'other' }],
    })
    expect(() => readArguments(['--sharenet=x', '--mac=02:00:00:00:00:01'])).toThrow('stands right behind it')
  })
})
