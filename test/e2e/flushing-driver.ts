/**
 * A driver of the virtio disk on a file, with no Guest around it: it writes
 * sectors one after the other, flushes, and says when that is done. To be
 * killed. Arguments: the disk, how many sectors it has, and whether it is
 * on the bus of 2013 (B3) or on PCI (C).
 */
import { writeSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { NodePlatform } from '../../generated/launcher/node/platform.ts'
import { virtioBlock } from '../../generated/launcher/virtio/block.ts'
import type { Width } from '../../generated/launcher/pci/operand.ts'
import { VirtioWindow } from '../../generated/launcher/pci/virtio-window.ts'
import { busFixture, Driver } from '../D-devices/virtio-driver.ts'
import { done, fakeGuest } from '../L-launcher/fakes.ts'

const [disk, sectors, era] = process.argv.slice(2)
const [HEADER, DATA, STATUS] = [0x4000, 0x5000, 0x6000]
const [WRITE, FLUSH] = [1, 4]
const SECTOR = 512
const FEATURE_FLUSH = 9
const ABOVE_MEMORY = 1 << 20
const RING = ABOVE_MEMORY + 0x1000

const kind = virtioBlock(disk, new NodePlatform().open(disk, 'read-write'))
const { memory, driver, kick } = era === 'C' ? onPci() : onBus()

function onBus() {
  const { bus, guest, memory } = busFixture()
  bus.add(kind)
  return { memory, driver: new Driver(memory, RING, 256), kick: () => bus.serve(guest, Uint32Array.of(RING, 0)) }
}

/** Status, features, the places of one ring, and "go", register by register. */
function onPci() {
  const { guest, memory } = fakeGuest(1)
  const window = new VirtioWindow(guest, kind, 5)
  const ring = new Driver(memory, 0x10000, 256)
  const steps: [at: number, width: Width, value: number][] = [
    [0x14, 1, 0], [0x14, 1, 3], [8, 4, 0], [12, 4, 1 << FEATURE_FLUSH], [8, 4, 1], [12, 4, 1], [0x14, 1, 0x0b], [0x16, 2, 0],
    [0x18, 2, 256], [0x20, 4, ring.ring], [0x28, 4, ring.available], [0x30, 4, ring.used], [0x1c, 2, 1], [0x14, 1, 0x0f],
  ]
  for (const [at, width, value] of steps) done(window.write(at, width, value))
  return { memory, driver: ring, kick: () => window.write(0x38, 2, 0) }
}

/** A request, served in turns, as the Launcher does; its status must be "done". */
async function request(type: number, sector: number, data: [number, number][]): Promise<void> {
  memory.write32(HEADER, type)
  memory.write32(HEADER + 8, sector)
  memory.write(STATUS, Uint8Array.of(255))
  driver.add([[HEADER, 16], ...data], [[STATUS, 1]])
  for (const _price of kick()) await setImmediate()
  if (driver.collect().length !== 1 || memory.read(STATUS, 1)[0] !== 0) throw new Error(`request ${type} failed`)
}

for (let n = 1; ; n++) {
  memory.write(DATA, new Uint8Array(new Uint32Array(SECTOR / 4).fill(n).buffer))
  await request(WRITE, n % Number(sectors), [[DATA, SECTOR]])
  await request(FLUSH, 0, [])
  writeSync(1, `kept ${n}\n`)
}
