import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readArguments } from '../../generated/launcher/arguments.ts'
import { BytesFile } from '../../generated/launcher/bytes-file.ts'
import { capturedWire } from '../../generated/launcher/captured-wire.ts'
import { Cards } from '../../generated/launcher/cards.ts'
import { NodePlatform } from '../../generated/launcher/node/platform.ts'
import type { WantedWire } from '../../generated/launcher/plan.ts'
import { PlatformError } from '../../generated/launcher/platform.ts'
import type { Wire } from '../../generated/launcher/platform.ts'
import { LguestBus } from '../../generated/launcher/virtio/bus.ts'
import { virtioNet } from '../../generated/launcher/virtio/net.ts'
import { done, fakeGuest, FakePlatform } from '../L-launcher/fakes.ts'
import { Driver } from './virtio-driver.ts'

const MB = 1 << 20
const MAC = Uint8Array.of(2, 0, 0, 0, 0, 0x15)

let folder = ''
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'lguest-pcap-')); })
afterAll(() => rmSync(folder, { recursive: true }))

/** Who has 10.0.0.2, asks 10.0.0.1. */
const ARP = Uint8Array.of(255, 255, 255, 255, 255, 255, ...MAC, 8, 6,
  0, 1, 8, 0, 6, 4, 0, 1, ...MAC, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2)

class Loop implements Wire {
  waiting: Uint8Array[] = []
  closed = false
  onReady = () => {}
  send(frame: Uint8Array) { this.waiting.push(frame); this.onReady(); }
  ready() { return this.waiting.length > 0; }
  receive() { return this.waiting.shift() ?? null; }
  close() { this.closed = true; }
}

const said = (...args: string[]) => {
  const plan = readArguments([...args, '32', 'k'])
  if ('text' in plan) throw new Error(plan.text)
  return plan.devices
}

describe('D:096 more about a card', () => {
  it('is said behind the network that it is about', () => {
    const [first, second] = said('--wire=1-2', '--mac=02:00:00:00:00:15', '--mtu=1400',
      '--socketnet=unix:/x', '--pcap=f')
    expect(first).toMatchObject({ ends: { kind: 'udp' }, mac: MAC, mtu: 1400 })
    expect(second).toEqual({ kind: 'wire', ends: { kind: 'stream', path: '/x' }, pcap: 'f' })
  })

  it('needs a network', () => {
    expect(() => said('--mtu=1400')).toThrow('stands right behind it')
    expect(() => said('--wire=1-2', '--block=d', '--pcap=f')).toThrow('stands right behind it')
  })

  it('refuses what is no address, and what is no length', () => {
    for (const mac of ['', '02:00:00:00:00', '03:00:00:00:00:15', '02-00-00-00-00-15', '02:00:00:00:00:150']) {
      expect(() => said('--wire=1-2', `--mac=${mac}`)).toThrow('is no address of a card')
    }
    for (const mtu of ['', '67', '65508', '1e3', '-100']) {
      expect(() => said('--wire=1-2', `--mtu=${mtu}`)).toThrow('is no length of a packet')
    }
  })

  it('is what the Guest reads of its card, and holds whether it reads or not', () => {
    const { guest, memory } = fakeGuest(1)
    const wire = new Loop()
    const bus = new LguestBus(guest, () => {})
    bus.add(virtioNet({ wire, mac: MAC, mtu: 100 }, 10))
    expect([...memory.read(MB + 2, 2)]).toEqual([4, 12])
    expect([...memory.read(MB + 21, 20)]).toEqual([
      0x28, 0, 0, 0x10, 0, 0, 0, 0, ...MAC, 0, 0, 0, 0, 100, 0])
    const sent = new Driver(memory, MB + 0x4000, 256)
    sent.add([[0x4000, 10 + 118]], [])
    sent.add([[0x4000, 10 + 119]], [])
    done(bus.serve(guest, Uint32Array.of(MB + 0x4000, 0)))
    expect(wire.waiting.map((frame) => frame.length)).toEqual([118])
    const received = new Driver(memory, MB + 0x1000, 256)
    received.add([], [[0x8000, 2000]])
    wire.waiting = [new Uint8Array(119), new Uint8Array(118)]
    for (const input of bus.inputs) while (input.ready()) input.handle(guest)
    expect(received.collect().map(({ length }) => length)).toEqual([128])
  })
})

const tcpdump = (file: string) =>
  execFileSync('tcpdump', ['-nttr', file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })

const hasTcpdump = (() => {
  try {
    execFileSync('tcpdump', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

describe('D:096 a file of frames', () => {
  it.skipIf(!hasTcpdump)('is read by tcpdump, with the times and both directions', async () => {
    const platform = Object.assign(new FakePlatform(), {
      openWire: async () => new Loop(),
      open: NodePlatform.prototype.open,
    })
    const pcap = join(folder, 'frames')
    const wanted: WantedWire = { kind: 'wire', ends: { kind: 'stream', path: '/x' }, pcap }
    const cards = new Cards(platform)
    const { wire } = await cards.card(wanted, platform)
    let roused = 0
    wire.onReady = () => roused++
    platform.time = 1191888000e6 + 250_000
    wire.send(ARP)
    expect(tcpdump(pcap), 'whole before anything is closed').toContain('who-has 10.0.0.2 tell 10.0.0.1')
    platform.time += 1_500_000
    expect([wire.ready(), [...wire.receive()!], wire.receive(), roused]).toEqual([true, [...ARP], null, 1])
    cards.close()
    expect(tcpdump(pcap).trim().split('\n').map((line) => line.slice(0, 47))).toEqual([
      '1191888000.250000 ARP, Request who-has 10.0.0.2',
      '1191888001.750000 ARP, Request who-has 10.0.0.2'])
  })

  it('is begun anew, and refused in one line where there is no place', async () => {
    const platform = new NodePlatform()
    const path = join(folder, 'old')
    const first = platform.open(path, 'create')
    first.writeAt(0, new Uint8Array(100))
    first.close()
    platform.open(path, 'create').close()
    expect(readFileSync(path).length).toBe(0)
    expect(() => platform.open(folder, 'create')).toThrow('it is a directory')
    expect(() => platform.open(join(folder, 'none', 'x'), 'create')).toThrow('no such file')
  })

  it('ends with one line when the disk is full, and the wire goes on', () => {
    class Full extends BytesFile {
      override writeAt(offset: number, bytes: Uint8Array) {
        if (offset + bytes.length > 100) throw new PlatformError('no space left')
        return super.writeAt(offset, bytes)
      }
    }
    const platform = new FakePlatform()
    const loop = new Loop()
    const file = new Full(new Uint8Array(0))
    const wire = capturedWire(loop, file, platform)
    for (let i = 0; i < 5; i++) wire.send(ARP)
    expect(loop.waiting.length).toBe(5)
    expect(file.bytes.length).toBe(24 + 16 + ARP.length)
    expect(platform.err).toEqual(['lguest: the capture ends here: no space left'])
    wire.close()
    expect(loop.closed).toBe(true)
  })
})
