/** Guests that use the devices of their era, in every wrong way and in some right ones. */
import type { Random } from '../../conformance/random.ts'
import type { Era } from '../../generated/abi/common.ts'
import { WINDOW } from '../../generated/launcher/pci/virtio-configuration.ts'
import { ENTRIES, ringsBehind } from '../edges/devices.ts'
import type { Start, Step } from '../case.ts'
import { baseOf, storesCode, word } from '../machine-code.ts'
import { PAGE_OFFSET, RAM, RINGS_OF_PCI, VARIABLES, WINDOWS } from '../places.ts'
import { hexOf, physical, value } from '../values.ts'
import type { GuestClass } from './class.ts'
import { call, dmaRecord } from './talk.ts'

export const devices: GuestClass = {
  name: 'devices', what: 'the devices of each era under the Host: DMA, the lguest bus, PCI with its ports and windows', most: 24,
  starts: ['two', 'pae', 'two', 'pae', 'linear'], devices: true,
  step(random, era, start) {
    if (random.chance(0.15)) return [['scribble', random.int() >>> 0]]
    if (random.chance(0.1)) return [['arrive', random.below(2000)]]
    if (random.chance(0.05)) return [['irq', random.below(32)]]
    if (era.devices === 'dma') return withDma(random, era, start)
    return era.devices === 'virtio-pci' ? withPci(random, start) : onTheBus(random, era, start)
  },
}

const baseFor = (start: Start) => baseOf({ start } as Parameters<typeof baseOf>[0])

/** The pages of disk and card behind the list of devices; the console's key is 0. */
const [DISK, CARD] = [RAM + 0x1000, RAM + 0x2000]

function withDma(random: Random, era: Era, start: Start): Step[] {
  const key = random.pick([DISK, DISK, CARD, CARD + 4, 0, 0, RAM, physical(random)])
  const record = VARIABLES + random.below(4) * 100
  switch (random.below(5)) {
    case 0: return call(era, 'BIND_DMA', key, record, (random.pick([1, 2, 4, 300]) << 8 | random.below(32)) >>> 0)
    case 1: return dmaRecord(random, baseFor(start) + record, [random.pick([0x31000, 0x31ff0, RAM - 16, DISK, physical(random)]), value(random)])
    case 2: {
      const request = [random.below(3), random.pick([0, 1, 15, 16, 0x7fffff, 0x800000, value(random)]), random.pick([512, 4096, value(random)])]
      return [['code', storesCode(request.map((words, i) => [baseFor(start) + DISK + i * 4, words]))]]
    }
    default: return call(era, 'SEND_DMA', key, record)
  }
}

function onTheBus(random: Random, era: Era, start: Start): Step[] {
  const entries = era.tables === 'named' ? ENTRIES.tagged : ENTRIES.usual
  const ring = random.pick(ringsBehind(RAM, entries))
  const available = baseFor(start) + ring + entries * 16
  switch (random.below(6)) {
    case 5: return [...request(random, baseFor(start) + ring, available), ...call(era, 'NOTIFY', ring)]
    case 0: return [['store', baseFor(start) + RAM + random.below(0x200), value(random)]]
    case 1: return [['code', storesCode([[baseFor(start) + ring + random.below(16) * 16, random.pick([0x1000, 0x4000, RAM - 8, RAM, value(random)])],
      [available, random.below(4) << 16], [available + 4, random.below(8)]])]]
    case 2: return [['load', baseFor(start) + random.pick([RAM, ring])]]
    default: return call(era, 'NOTIFY', random.pick([ring, ring, ring, ring + 0x800, RAM, RAM + random.below(0x100), physical(random)]))
  }
}

/** A request that a device should serve, in three descriptors: a header, data, a byte for the status. */
function request(random: Random, ring: number, available: number): Step[] {
  const [at, data] = [0x48000, random.pick([0x49000, 0x49000, 0x49ff0, RAM - 0x200])]
  const [type, length] = [random.pick([0, 0, 1, 4, 8, 0x80000001]), random.pick([512, 512, 4096, 60, 0x10000])]
  const flags = type === 1 || random.chance(0.2) ? 1 : 3
  const base = ring >= PAGE_OFFSET ? PAGE_OFFSET : 0
  return [
    ['code', storesCode([[base + at, type], [base + at + 8, random.below(20)], [ring, at], [ring + 8, 16], [ring + 12, 0x10001], [ring + 16, data]])],
    ['code', storesCode([[ring + 24, length], [ring + 28, 0x20000 | flags], [ring + 32, at + 64], [ring + 40, 1], [ring + 44, 2],
      [available, random.pick([1, 1, 2, 3]) << 16], [available + 4, 0]])],
  ]
}

/** Looks into configuration space, or writes there, by way of its two ports. */
function configure(random: Random): Step[] {
  const address = (0x80000000 | random.below(7) << 11 | random.below(64) << 2) >>> 0
  const access = random.pick([[0xed], [0xef], [0x66, 0xed], [0x66, 0xef], [0xec], [0xee]])
  return [['code', hexOf([0xb8, ...word(address), 0xba, ...word(0xcf8), 0xef, 0xb8, ...word(value(random)), 0xba, ...word(0xcfc + random.below(4)), ...access])]]
}

const PORTS = [[0xed], [0xef], [0xec], [0xee], [0x66, 0xed], [0x66, 0xef], [0xe4, 0x64], [0xe5, 0xcf], [0xe6, 0x80], [0x6c], [0x6f]]
/** Moves between EBX's place and a register. */
const MOVES = [[0x8a, 0x03], [0x88, 0x0b], [0x8b, 0x13], [0x89, 0x0b], [0x66, 0x8b, 0x03], [0x66, 0x89, 0x0b], [0x0f, 0xb6, 0x03], [0x0f, 0xbf, 0x03], [0x8b, 0x43, 0x08], [0xc6, 0x03, 0x0f]]

function withPci(random: Random, start: Start): Step[] {
  const window = baseFor(start) + WINDOWS + random.below(6) * 4096
  switch (random.below(8)) {
    case 7: return [['code', hexOf(random.chance(0.7) ? [0xa0, ...word(window + WINDOW.isr)] : move(window + 0x14, 1, 0))]]
    case 6: return configure(random)
    case 5: {
      const ring = baseFor(start) + random.pick(RINGS_OF_PCI)
      return [...request(random, ring, ring + 0x1000), ...kick(random, window)]
    }
    case 0: return drive(random, window)
    case 1: return [pciRegisters(random, window), ['code', hexOf(random.pick(PORTS))]]
    case 2: return kick(random, window)
    default: return [pciRegisters(random, window), ['code', hexOf(random.pick(MOVES))]]
  }
}

function pciRegisters(random: Random, window: number): Step {
  const eax = random.pick([0x80000000 | random.below(6) << 11 | random.below(64) << 2, ...RINGS_OF_PCI, 1, 4, 15, random.int()]) >>> 0
  const edx = random.pick([0xcf8, 0xcf8, 0xcfc, 0xcfc, 0xcfd, 0xcff, 0x64, random.below(65536)])
  const at = (window + random.pick([random.below(64), random.below(64) & ~3, random.below(4096)])) >>> 0
  return ['registers', eax, value(random), edx, at, VARIABLES, 0, VARIABLES, VARIABLES]
}

/** Stores EAX's 1, 2 or 4 bytes to a window, as the Launcher performs it. */
function move(at: number, width: 1 | 2 | 4, words: number): number[] {
  const store = width === 1 ? [0xa2] : width === 2 ? [0x66, 0xa3] : [0xa3]
  return [0xb8, ...word(words), ...store, ...word(at)]
}

/** Sets a device up as a driver does, nearly always. */
function drive(random: Random, window: number): Step[] {
  const ring = random.pick(RINGS_OF_PCI)
  const place = (at: number) => random.chance(0.97) ? at : random.int() >>> 0
  const groups = [
    [move(window + 0x08, 4, 1), move(window + 0x0c, 4, 1), move(window + 0x14, 1, 0x0b), move(window + 0x16, 2, random.below(3))],
    [move(window + 0x18, 2, random.pick([8, 8, 256, 0, random.below(65536)])), move(window + 0x20, 4, place(ring)), move(window + 0x28, 4, place(ring + 0x1000))],
    [move(window + 0x30, 4, place(ring + 0x2000)), move(window + 0x1c, 2, 1), move(window + 0x14, 1, 0x0f)],
  ]
  return [...groups.map((group): Step => ['code', hexOf(group.flat())]), ...kick(random, window)]
}

const kick = (random: Random, window: number): Step[] =>
  [['code', hexOf(move(window + WINDOW.notify + random.below(4) * 2, 2, random.below(3)))]]
