/**
 * A driver of the virtio disk of 2013 on a file, with no Guest around it: it
 * writes sectors one after the other, flushes, and says when that is done.
 * To be killed. Arguments: the disk, and how many sectors it has.
 */
import { writeSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { NodePlatform } from '../../generated/launcher/node/platform.ts'
import { virtioBlock } from '../../generated/launcher/virtio/block.ts'
import { busFixture, Driver } from '../D-devices/virtio-driver.ts'

const [disk, sectors] = process.argv.slice(2)
const [HEADER, DATA, STATUS] = [0x4000, 0x5000, 0x6000]
const [WRITE, FLUSH] = [1, 4]
const SECTOR = 512
const ABOVE_MEMORY = 1 << 20
const RING = ABOVE_MEMORY + 0x1000

const { bus, guest, memory } = busFixture()
bus.add(virtioBlock(disk, new NodePlatform().open(disk, 'read-write')))
const driver = new Driver(memory, RING, 256)

/** A request, served in turns, as the Launcher does; its status must be "done". */
async function request(type: number, sector: number, data: [number, number][]): Promise<void> {
  memory.write32(HEADER, type)
  memory.write32(HEADER + 8, sector)
  memory.write(STATUS, Uint8Array.of(255))
  driver.add([[HEADER, 16], ...data], [[STATUS, 1]])
  for (const _price of bus.serve(guest, Uint32Array.of(RING, 0))) await setImmediate()
  if (driver.collect().length !== 1 || memory.read(STATUS, 1)[0] !== 0) throw new Error(`request ${type} failed`)
}

for (let n = 1; ; n++) {
  memory.write(DATA, new Uint8Array(new Uint32Array(SECTOR / 4).fill(n).buffer))
  await request(WRITE, n % Number(sectors), [[DATA, SECTOR]])
  await request(FLUSH, 0, [])
  writeSync(1, `kept ${n}\n`)
}
