import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { LHREQ_IRQ } from '../../generated/abi/common.ts'
import { readArguments } from '../../generated/launcher/arguments.ts'
import { Cards, freshMac } from '../../generated/launcher/cards.ts'
import { handleInput } from '../../generated/launcher/dispatch.ts'
import { NodePlatform } from '../../generated/launcher/node/platform.ts'
import type { Wire } from '../../generated/launcher/platform.ts'
import { LguestBus } from '../../generated/launcher/virtio/bus.ts'
import { virtioNet } from '../../generated/launcher/virtio/net.ts'
import { done, FakePlatform, fakeGuest } from '../L-launcher/fakes.ts'
import { Driver } from './virtio-driver.ts'

const MB = 1 << 20
const MAC = Uint8Array.of(2, 1, 2, 3, 4, 5)
const FRAME = Uint8Array.from({ length: 60 }, (_, i) => i)

class FakeWire implements Wire {
  sent: number[][] = []
  waiting: Uint8Array[] = []
  closed = false
  onReady = () => {}
  send(frame: Uint8Array) { this.sent.push([...frame]); }
  ready() { return this.waiting.length > 0; }
  receive() { return this.waiting.shift() ?? null; }
  close() { this.closed = true; }
}

function card() {
  const fake = fakeGuest(1)
  const wire = new FakeWire()
  const bus = new LguestBus(fake.guest, () => {})
  bus.add(virtioNet({ wire, mac: MAC, mtu: null }, 10))
  const received = new Driver(fake.memory, MB + 0x1000, 256)
  const sent = new Driver(fake.memory, MB + 0x4000, 256)
  return { ...fake, wire, bus, received, sent,
    kick: () => done(bus.serve(fake.guest, Uint32Array.of(MB + 0x4000, 0))),
    look: () => handleInput(fake.guest, bus),
    irqs: () => fake.device.sent(LHREQ_IRQ).map(([irq]) => irq) }
}

describe('D:092 a card', () => {
  it('describes itself: an address, tables of descriptors, nothing else', () => {
    const { memory } = card()
    expect([...memory.read(MB, 5)]).toEqual([1, 2, 4, 8, 0])
    expect([...memory.read(MB + 21, 16)]).toEqual([
      0x20, 0, 0, 0x10, 0, 0, 0, 0, ...MAC, 0, 0])
  })

  it('sends frames without the ten bytes in front, from any pieces', () => {
    const { memory, sent, kick, wire, irqs } = card()
    memory.write(0x5000, FRAME)
    sent.add([[0x4000, 10], [0x5000, 60]], [])
    memory.write(0x6000 + 10, FRAME)
    sent.add([[0x6000, 30], [0x6000 + 30, 40]], [])
    kick()
    expect(wire.sent).toEqual([[...FRAME], [...FRAME]])
    expect(sent.collect().map(({ length }) => length)).toEqual([0, 0])
    expect(irqs()).toEqual([2, 2])
  })

  it('lets the receiver pay for the descriptors of its buffer, whether a frame fits or not', () => {
    const { received, wire, look, guest: { account } } = card()
    received.add([], Array.from({ length: 200 }, (_, i) => [0x4000 + i * 16, i < 199 ? 0 : 200]))
    wire.waiting.push(new Uint8Array(1514), FRAME)
    const before = account.spent.launcher
    look()
    expect(wire.waiting.length).toBe(0)
    expect(account.spent.launcher - before).toBeGreaterThanOrEqual(2 * 200 * 50)
  })

  it('does not send what is no frame', () => {
    const { sent, kick, wire } = card()
    sent.add([[0x4000, 10]], [])
    sent.add([[0x4000, 4]], [])
    sent.add([[0x4000, 23]], [])
    sent.add([[0x4000, 70000]], [])
    kick()
    expect(wire.sent).toEqual([])
    expect(sent.collect().length).toBe(4)
  })

  it('fills what the Guest put out, behind ten zero bytes', () => {
    const { memory, received, wire, look, irqs } = card()
    wire.waiting.push(FRAME)
    look()
    expect(wire.waiting.length).toBe(1)
    memory.write(0x4000, new Uint8Array(100).fill(0xee))
    received.add([], [[0x4000, 10], [0x5000, 1518]])
    look()
    expect([...memory.read(0x4000, 11)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xee])
    expect([...memory.read(0x5000, 60)]).toEqual([...FRAME])
    expect(received.collect().map(({ length }) => length)).toEqual([70])
    expect(irqs()).toEqual([1])
  })

  it('drops a frame for which there is no room, and keeps the buffer', () => {
    const { received, wire, look, irqs } = card()
    received.add([], [[0x4000, 64]])
    wire.waiting.push(FRAME, new Uint8Array(3), FRAME.subarray(0, 54))
    look()
    expect(wire.waiting.length).toBe(0)
    expect(received.collect().map(({ length }) => length)).toEqual([64])
    expect(irqs()).toEqual([1])
  })

  it('is quiet if the Guest asked for quiet', () => {
    const { received, wire, look, irqs } = card()
    received.suppress(true)
    received.add([], [[0x4000, 1528]])
    wire.waiting.push(FRAME)
    look()
    expect(received.collect().length).toBe(1)
    expect(irqs()).toEqual([])
  })

  it('has an address of its own, and lets go of the wire', () => {
    const mac = freshMac({ random: (into) => { into.fill(0xff); } })
    expect(mac[0] & 3).toBe(2)
  })

  it('stays the same card, on the same wire, until the Launcher ends', async () => {
    const wire = new FakeWire()
    const platform = Object.assign(new FakePlatform(), { openWire: async () => wire })
    const cards = new Cards(platform)
    const wanted = { kind: 'wire' as const, ends: { kind: 'stream' as const, path: '/x' } }
    const first = await cards.card(wanted, platform)
    expect(await cards.card(wanted, platform)).toBe(first)
    expect(await cards.card({ ...wanted }, platform)).not.toBe(first)
    expect(wire.closed).toBe(false)
    cards.close()
    expect(wire.closed).toBe(true)
  })
})

describe('D:094 --wire', () => {
  const ends = (text: string) => {
    const plan = readArguments([`--wire=${text}`, '32', 'k'])
    if ('text' in plan) throw new Error(plan.text)
    return plan.devices
  }

  it('names two ports, and perhaps a host', () => {
    expect(ends('7001-7002')).toEqual([{ kind: 'wire',
      ends: { kind: 'udp', port: 7001, peerHost: '127.0.0.1', peerPort: 7002 } }])
    expect(ends('1-far.example:2')).toEqual([{ kind: 'wire',
      ends: { kind: 'udp', port: 1, peerHost: 'far.example', peerPort: 2 } }])
  })

  it('refuses what is no wire', () => {
    for (const text of ['7001', '0-5', '5-70000', 'a-b', '']) {
      expect(() => ends(text)).toThrow('is no wire')
    }
  })
})

describe('D:090 a wire of datagrams', () => {
  it('carries frames both ways, and has ports of its own', async () => {
    const platform = new NodePlatform()
    const [here, there] = [20000 + process.pid % 20000, 40001 + process.pid % 20000]
    const a = await platform.openWire({ kind: 'udp', port: here, peerHost: '127.0.0.1', peerPort: there })
    const b = await platform.openWire({ kind: 'udp', port: there, peerHost: '127.0.0.1', peerPort: here })
    const arrives = (wire: Wire) => new Promise<void>((resolve) => { wire.onReady = resolve; })
    const atB = arrives(b)
    a.send(FRAME)
    await atB
    expect([...b.receive()!]).toEqual([...FRAME])
    expect([b.ready(), b.receive()]).toEqual([false, null])
    const atA = arrives(a)
    b.send(FRAME.subarray(0, 20))
    await atA
    expect(a.receive()!.length).toBe(20)
    await expect(platform.openWire({ kind: 'udp', port: here, peerHost: '127.0.0.1', peerPort: there }))
      .rejects.toThrow(`UDP port ${here}: another program has it`)
    a.close()
    b.close()
  })

  it.each(['127.0.0.1', 'localhost', '127.1'])(
    'to %s is open to its other end alone', async (peerHost) => {
      const [here, there] = [20000 + process.pid % 20000, 40001 + process.pid % 20000]
      const wire = await new NodePlatform().openWire({ kind: 'udp', port: here, peerHost, peerPort: there })
      const elsewhere = await bound(here, '127.0.0.2')
      const [peer, stranger, cousin] = [await bound(there, '127.0.0.1'),
        await bound(0, '127.0.0.1'), await bound(there, '127.0.0.2')]
      try {
        for (const socket of [stranger, cousin, peer]) {
          const frame = socket === peer ? FRAME : FRAME.subarray(0, 20)
          await new Promise((sent) => { socket.send(frame, here, '127.0.0.1', sent); })
        }
        while (!wire.ready()) await new Promise((later) => { setTimeout(later, 5); })
        expect([...wire.receive()!]).toEqual([...FRAME])
        expect(wire.ready()).toBe(false)
      } finally {
        for (const open of [wire, elsewhere, peer, stranger, cousin]) open.close()
      }
    })

  it('to nobody is refused', async () => {
    const ends = { kind: 'udp' as const, port: 20000, peerHost: 'no such host', peerPort: 20001 }
    await expect(new NodePlatform().openWire(ends)).rejects.toThrow("a host 'no such host'")
    for (const peerHost of ['0.0.0.0', '0']) {
      await expect(new NodePlatform().openWire({ ...ends, peerHost })).rejects.toThrow(`a host '${peerHost}'`)
    }
  })
})

/** A socket at a port and address of its own: nobody may have both. */
async function bound(port: number, address: string) {
  const socket = createSocket('udp4')
  socket.bind(port, address)
  await once(socket, 'listening')
  return socket
}
