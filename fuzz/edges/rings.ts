/** Rings, descriptors and registers of bytes by chance, before real devices. */
import { LHREQ_GETREG } from '../../generated/abi/common.ts'
import { ptRegs } from '../../generated/abi/era-c.ts'
import type { ReadResult } from '../../generated/host/lguest-user.ts'
import { handleInput } from '../../generated/launcher/dispatch.ts'
import { Farewell } from '../../generated/launcher/farewell.ts'
import { Guest } from '../../generated/launcher/guest.ts'
import type { Device } from '../../generated/launcher/guest.ts'
import { PciBus } from '../../generated/launcher/pci/bus.ts'
import { WINDOW } from '../../generated/launcher/pci/virtio-configuration.ts'
import { LguestBus } from '../../generated/launcher/virtio/bus.ts'
import type { Random } from '../../conformance/random.ts'
import { done, fakeGuest, fakeMemory, FakePlatform, SLICE } from '../../test/L-launcher/fakes.ts'
import type { EdgeClass } from './class.ts'
import { devices, ringsBehind, scribble } from './devices.ts'

const MB = 1 << 20
/** Bytes before a frame: on the lguest bus, and since virtio 1.0. */
const LEGACY_HEADER = 10
const HEADER = 12
const RINGS = ringsBehind(MB)

/** How a life with such rings ended, and what was served before. */
export interface Life {
  readonly farewell: string | null
  readonly served: number
}

/** Does `serve` so often, or until a farewell; anything else that is thrown goes on. */
function untilFarewell(times: number, serve: () => void): Life {
  let served = 0
  try {
    for (; served < times; served++) serve()
    return { farewell: null, served }
  } catch (reason) {
    if (!(reason instanceof Farewell)) throw reason
    return { farewell: reason.message, served }
  }
}

/** Devices on the lguest bus, kicked here and there. */
export function legacyRings(random: Random): Life {
  const { guest, memory } = fakeGuest(1)
  const bus = new LguestBus(guest, () => {})
  for (const kind of devices(new FakePlatform(), random, LEGACY_HEADER)) bus.add(kind)
  scribble(memory, random, RINGS)
  memory.write(MB + 4, Uint8Array.of(random.pick([0, 3, 4, 128])))
  return untilFarewell(6, () => {
    handleInput(guest, bus)
    const address = random.pick([...RINGS, MB + 0x10000, MB, 0x1000, random.int() >>> 0])
    done(bus.serve(guest, Uint32Array.of(address, 0)))
  })
}

/** A Guest that consists of its registers. */
class Registers implements Device {
  readonly values = new Map<number, number>()
  #asked = 0

  write(words: Uint32Array): number {
    if (words[0] === LHREQ_GETREG) this.#asked = words[1]
    else if (words.length === 3) this.values.set(words[1], words[2])
    return 0
  }

  read(buffer: Uint8Array | null): ReadResult {
    new DataView(buffer!.buffer, buffer!.byteOffset).setUint32(0, this.values.get(this.#asked) ?? 0, true)
    return { kind: 'bytes', count: 4 }
  }

  close(): 0 { return 0 }
}

/** Where rings are in memory. */
const PLACES = [0x10000, 0x14000, 0x18000]
const MOVES = [
  [0x8a, 0x03], [0x88, 0x03], [0x8b, 0x03], [0x89, 0x03], [0x66, 0x8b, 0x03], [0x66, 0x89, 0x03], [0xa1, 0, 0, 0, 0], [0xa3, 0, 0, 0, 0],
  [0xc7, 0x03, 1, 0, 0, 0], [0x0f, 0xb6, 0x03], [0x0f, 0xb7, 0x03], [0xc6, 0x03, 0x0f],
]
const PORTS = [[0xed], [0xef], [0xec], [0xee], [0x66, 0xed], [0x66, 0xef], [0xe4, 0x64], [0xe5, 0xcf], [0xe6, 0x80], [0x6c], [0x6f]]

/** Devices on PCI: configuration space, windows, and rings wherever they are told to be. */
export function pciRegisters(random: Random): Life {
  const memory = fakeMemory(1)
  const device = new Registers()
  const guest = new Guest(device, memory)
  guest.account.slice = SLICE
  guest.account.renew()
  const bus = new PciBus(guest, MB)
  for (const kind of devices(new FakePlatform(), random, HEADER)) bus.add(kind)
  scribble(memory, random, PLACES)
  let slot = 0
  return untilFarewell(40, () => {
    if (++slot < 5) drive(random, bus, MB + slot * 4096)
    else oneAccess(random, guest, bus, device)
    handleInput(guest, bus)
  })
}

/** Sets a device up as a driver does, nearly always, and kicks its queues. */
function drive(random: Random, bus: PciBus, window: number): void {
  const write = (at: number, width: 1 | 2 | 4, value: number) => {
    const work = random.chance(0.98) ? bus.writeWindow(window + at, width, value) : null
    if (work !== null) done(work)
  }
  write(0x08, 4, 1)
  write(0x0c, 4, 1)
  write(0x14, 1, 0x0b)
  for (let queue = 0; queue < 2; queue++) {
    const at = random.pick(PLACES)
    write(0x16, 2, queue)
    write(0x18, 2, random.pick([8, 8, 256, 0, random.below(65536)]))
    for (const [register, place] of [[0x20, at], [0x28, at + 0x1000], [0x30, at + 0x2000]]) write(register, 4, random.chance(0.97) ? place : random.int() >>> 0)
    write(0x1c, 2, 1)
  }
  write(0x14, 1, 0x0f)
  for (let kick = 0; kick < 4; kick++) write(WINDOW.notify + random.below(8) * 2, 2, random.below(3))
}

function oneAccess(random: Random, guest: Guest, bus: PciBus, device: Registers): void {
  const set = (name: keyof typeof ptRegs, value: number) => device.values.set(ptRegs[name]!, value >>> 0)
  set('edx', random.pick([0xcf8, 0xcf8, 0xcfc, 0xcfc, 0xcfd, 0xcff, 0x64, random.below(65536)]))
  set('eax', random.pick([0x80000000 | random.below(6) << 11 | random.below(64) << 2, 0x10000, 0x14000, 0x18000, 1, 4, 15, random.int()]))
  const ports = random.chance(0.3)
  const bytes = random.chance(0.05) ? [0, 0, 0, 0].map(() => random.below(256)) : random.pick(ports ? PORTS : MOVES)
  const record = new Uint8Array(12)
  record[0] = ports ? 13 : 14
  record.set(bytes.slice(0, 6), 1)
  const window = MB + random.below(6) * 4096 + random.pick([random.below(64), random.below(64) & ~3, random.below(4096)])
  new DataView(record.buffer).setUint32(8, random.chance(0.95) ? window : random.int() >>> 0, true)
  done(bus.serve(guest, new Uint32Array(record.buffer)))
}

export const rings: readonly EdgeClass[] = [
  { name: 'virtio', what: 'descriptor rings of bytes by chance, before every device on the lguest bus', run: (random) => { legacyRings(random) } },
  { name: 'pci', what: 'configuration space, windows and rings of the devices on PCI', run: (random) => { pciRegisters(random) } },
]
