/** Puppies that live at the same time and hear of each other. */
import { eraA, LGUEST_DEVICE_T_NET } from '../../generated/abi/era-a.ts'
import { Machine } from '../../generated/emulator/index.ts'
import { RealClock } from '../../generated/host/clock.ts'
import { Host, HOST_AREA } from '../../generated/host/host.ts'
import { LauncherMemory } from '../../generated/host/mm.ts'
import { writeBootPage, writeCommandLine } from '../../generated/launcher/boot-data.ts'
import { BytesFile } from '../../generated/launcher/bytes-file.ts'
import { setupConsole } from '../../generated/launcher/console.ts'
import { DeviceTable } from '../../generated/launcher/devices.ts'
import { Guest } from '../../generated/launcher/guest.ts'
import { loadKernel } from '../../generated/launcher/load-kernel.ts'
import { main } from '../../generated/launcher/main.ts'
import { GuestMemory } from '../../generated/launcher/memory.ts'
import { realPace } from '../../generated/launcher/pace.ts'
import { setupPagetables } from '../../generated/launcher/page-tables.ts'
import type { Wire } from '../../generated/launcher/platform.ts'
import { QueuedWire } from '../../generated/launcher/queued-wire.ts'
import { runGuest } from '../../generated/launcher/run.ts'
import { tellKernel } from '../../generated/launcher/tell-kernel.ts'
import { Waker } from '../../generated/launcher/waker.ts'
import { puppyImage } from '../../generated/puppy/index.ts'
import { FakePlatform } from '../L-launcher/fakes.ts'
import { PROMPT } from './puppy.ts'

/** A platform on which time passes, and which may hold the end of a wire. */
export class LivePlatform extends FakePlatform {
  wire: Wire | null = null
  watch: () => void = () => {}
  override readonly now = (): number => performance.now() * 1000
  override readonly wallClock = this.now

  override async openWire(): Promise<Wire> {
    if (!this.wire) throw new Error('this test has no wire')
    return this.wire
  }

  override print(bytes: Uint8Array): number {
    const length = super.print(bytes)
    this.watch()
    return length
  }

  override breathe(): Promise<void> {
    return new Promise((resolve) => { setImmediate(resolve) })
  }

  override after(microseconds: number, callback: () => void): () => void {
    const timer = setTimeout(callback, microseconds / 1000)
    return () => clearTimeout(timer)
  }
}

/** A Puppy and who types to it. */
export class Neighbour {
  readonly platform = new LivePlatform()
  life: Promise<unknown> = Promise.resolve()
  #seen = 0

  /** Starts it with one card, at that end of a wire. */
  static on(wire: Wire): Neighbour {
    const neighbour = new Neighbour()
    neighbour.platform.wire = wire
    neighbour.life = main(['--wire', '1-2'], neighbour.platform)
    return neighbour
  }

  /** All that is printed until `wanted`, which has not been seen before. */
  see(wanted: string): Promise<string> {
    return new Promise((resolve) => {
      const look = () => {
        const at = this.platform.out.indexOf(wanted, this.#seen)
        if (at < 0) return
        this.platform.watch = () => {}
        const text = this.platform.out.slice(this.#seen, at)
        this.#seen = at + wanted.length
        resolve(text)
      }
      this.platform.watch = look
      look()
    })
  }

  type(text: string): void { this.platform.console.type(text) }

  /** Types a line; what is printed until the next prompt. */
  async ask(line: string): Promise<string> {
    this.type(`${line}\r`)
    const answer = await this.see(PROMPT)
    return answer.slice(answer.indexOf('\n') + 1).replaceAll('\r', '')
  }

  async halt(): Promise<unknown> {
    this.type('halt\r')
    return this.life
  }
}

/** One end of a wire within a test. */
export class TestWire extends QueuedWire {
  other: TestWire | null = null
  /** Frames sent, in order. */
  readonly sent: Uint8Array[] = []

  send(frame: Uint8Array): void {
    this.sent.push(frame.slice())
    const { other } = this
    if (other) setImmediate(() => other.arrived(frame.slice()))
  }

  /** A frame comes from outside. */
  hear(frame: Uint8Array): void { this.arrived(frame) }

  close(): void {}
}

export function linkedWires(): [TestWire, TestWire] {
  const [one, two] = [new TestWire(), new TestWire()]
  one.other = two
  two.other = one
  return [one, two]
}

const RAM = 8 << 20

/** Puppies of one Host whose cards share a page, slots 0, 1 and so on. */
export async function sharing(count: number): Promise<Neighbour[]> {
  const machine = new Machine({ ramBytes: HOST_AREA + count * (RAM + (2 << 20)), retainContexts: true })
  const now = (): number => performance.now() * 1000
  const clock = new RealClock(now, now, machine.cpu)
  const host = new Host(machine, { clock, random: Math.random })
  const page = host.frames.alloc()
  const file = {}
  const neighbours = []
  for (let slot = 0; slot < count; slot++) {
    const neighbour = new Neighbour()
    const { platform } = neighbour
    const space = new LauncherMemory(host.physical, host.frames)
    const memory = new GuestMemory(space, RAM)
    const guest = new Guest(host.open(space), memory)
    const devices = new DeviceTable(memory, platform.complain)
    space.mapShared(devices.newDescriptor(LGUEST_DEVICE_T_NET, slot, 1), page, file, 0)
    setupConsole(devices, platform, () => {})
    const kernel = await loadKernel(new BytesFile(puppyImage()), memory, platform)
    const pgdir = setupPagetables(memory, 0, kernel.pageOffset, kernel.end)
    writeBootPage(memory, 0)
    writeCommandLine(memory, [])
    tellKernel(guest, eraA, kernel, pgdir)
    const waker = new Waker(guest, devices.inputs, platform)
    neighbour.life = runGuest(guest, devices, waker, realPace(guest, devices.inputs, waker, platform))
    neighbours.push(neighbour)
  }
  return neighbours
}
