/**
 * The Launcher of a hostile Guest, as far as it serves devices: the real
 * tables and buses of its era, and work that goes on turn by turn.
 */
import type { Era } from '../generated/abi/common.ts'
import { setupBlockFile } from '../generated/launcher/block.ts'
import { BytesFile } from '../generated/launcher/bytes-file.ts'
import { setupConsole } from '../generated/launcher/console.ts'
import { DeviceTable } from '../generated/launcher/devices.ts'
import type { DeviceModel } from '../generated/launcher/devices.ts'
import { handleInput } from '../generated/launcher/dispatch.ts'
import { Farewell } from '../generated/launcher/farewell.ts'
import { Guest } from '../generated/launcher/guest.ts'
import type { Device } from '../generated/launcher/guest.ts'
import { GuestMemory } from '../generated/launcher/memory.ts'
import type { AddressSpace } from '../generated/launcher/memory.ts'
import { setupNet } from '../generated/launcher/net.ts'
import { PciBus } from '../generated/launcher/pci/bus.ts'
import { FENCED } from '../generated/launcher/virtio/block.ts'
import type { RequestSizes } from '../generated/launcher/virtio/block.ts'
import { LguestBus } from '../generated/launcher/virtio/bus.ts'
import { TAGGED } from '../generated/launcher/virtio/tagged.ts'
import type { Work } from '../generated/launcher/work.ts'
import type { Task } from '../generated/host/mm.ts'
import { Random } from '../conformance/random.ts'
import { FakePlatform } from '../test/L-launcher/fakes.ts'
import { devices, DISK_BYTES, ENTRIES, ringsBehind, scribble, wireOf } from './edges/devices.ts'
import { object } from './finding.ts'
import { RAM, RINGS_OF_PCI, WINDOWS } from './places.ts'

/** Bytes before a frame: in 2.6.24, on the lguest bus since, and since virtio 1.0. */
const [TAGGED_HEADER, BUS_HEADER, PCI_HEADER] = [8, 10, 12]
const TAGGED_REQUESTS: RequestSizes = { request: 24, pieces: 126 }
/** Units of a piece of work: what copying 64 KiB takes is the most, and the descriptors of a chain. */
const MOST_PIECE = 20_000
/** What comes from outside is the same each time. */
const SEED = 7

export class Server {
  readonly memory: GuestMemory
  readonly model: DeviceModel
  /** Why the Launcher will serve no more. */
  farewell: string | null = null
  /** Units of the last piece of work in this read. */
  piece = 0
  readonly #guest: Guest
  readonly #platform = new FakePlatform()
  readonly #era: Era
  #work: Work | null = null

  constructor(era: Era, device: Device, space: AddressSpace, task: Task) {
    this.#era = era
    this.memory = new GuestMemory(space, RAM)
    this.#guest = new Guest(device, this.memory, task)
    this.model = this.#furnish(new Random(SEED))
  }

  /** First page behind what the Guest may use, and behind its windows. */
  get limits(): { pfnLimit: number; deviceLimit: number } {
    const pfnLimit = this.memory.top / 4096
    return { pfnLimit, deviceLimit: this.model instanceof PciBus ? this.model.deviceLimit : pfnLimit }
  }

  /** Is it at work, so that the Guest has to wait? */
  get busy(): boolean { return this.#work !== null }

  /** The Guest wants something. */
  begin(words: Uint32Array, count: number): void {
    this.#unlessFarewell(() => { this.#work = this.model.serve(this.#guest, words, count) })
    this.goOn()
  }

  /** Works on, as long as the Guest can pay. */
  goOn(): void {
    const { account } = this.#guest
    this.#unlessFarewell(() => {
      while (this.#work !== null && !account.exhausted) {
        const { done, value } = this.#work.next()
        if (done === true) this.#work = null
        else account.charge('launcher', this.piece = price(value))
      }
    })
  }

  /** Something has come from outside, or somebody broke in. */
  lookAtInput(): void {
    this.#unlessFarewell(() => {
      handleInput(this.#guest, this.model)
      this.#guest.breakOut(false)
    })
  }

  /** Keys are typed; the Launcher will look. */
  arrive(text: string): void {
    this.#platform.console.type(text)
    this.#guest.breakOut(true)
  }

  /** Fills all rings, wherever this era has them. */
  scribble(seed: number): void {
    const random = new Random(seed)
    const { model, memory } = this
    if (model instanceof PciBus) scribble(memory, random, RINGS_OF_PCI)
    else if (model instanceof LguestBus) scribble(memory, random, ringsBehind(RAM, this.#entries), this.#entries)
  }

  get #entries(): number { return this.#era.tables === 'named' ? ENTRIES.tagged : ENTRIES.usual }

  #unlessFarewell(act: () => void): void {
    try {
      act()
    } catch (reason) {
      if (!(reason instanceof Farewell)) throw reason
      this.farewell = reason.message
    }
  }

  #furnish(random: Random): DeviceModel {
    const era = this.#era
    if (era.devices === 'dma') return this.#table(random)
    if (era.devices === 'virtio-pci') return this.#filled(new PciBus(this.#guest, WINDOWS), random, PCI_HEADER)
    const print = (text: Uint8Array) => { this.#platform.print(text) }
    if (era.tables === 'named') return this.#filled(new LguestBus(this.#guest, print, TAGGED), random, TAGGED_HEADER, TAGGED_REQUESTS)
    return this.#filled(new LguestBus(this.#guest, print), random, BUS_HEADER, era.tables === 'made' ? FENCED : undefined)
  }

  #filled<Bus extends LguestBus | PciBus>(bus: Bus, random: Random, header: number, request?: RequestSizes): Bus {
    for (const kind of devices(this.#platform, random, header, request)) bus.add(kind)
    return bus
  }

  #table(random: Random): DeviceTable {
    const table = new DeviceTable(this.memory, () => {})
    setupBlockFile(table, 'disk', new BytesFile(new Uint8Array(DISK_BYTES)))
    setupNet(table, wireOf(random), new Uint8Array(6), { warn: () => {}, verbose: () => {} })
    setupConsole(table, this.#platform, () => {})
    this.#platform.console.type('keys')
    return table
  }
}

function price(units: number): number {
  object('bounds', units <= MOST_PIECE, () => `a piece of work for ${units} units`)
  return units
}
