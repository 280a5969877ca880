/** The PCI bus: configuration space through two ports, from outside and from machine code. */
import { describe, expect, test } from 'vitest'
import { eraC1 } from '../../generated/abi/era-c.ts'
import { dx, eax, ebx, ecx, edx, mem } from '../../generated/assembler/index.ts'
import { PciBus } from '../../generated/launcher/pci/bus.ts'
import type { Width } from '../../generated/launcher/pci/operand.ts'
import type { VirtioKind } from '../../generated/launcher/virtio/kind.ts'
import { done, fakeGuest } from '../L-launcher/fakes.ts'
import { LateGuest, runServed, WINDOWS } from './late-guest.ts'

const WINDOW = WINDOWS * 4096
const kind = (type: number, configBytes: number): VirtioKind =>
  ({ name: 'it', type, features: new Uint8Array(0), config: new Uint8Array(configBytes).fill(0x5a), queues: [null] })

function fixture() {
  const { guest } = fakeGuest(1)
  const bus = new PciBus(guest, WINDOW)
  for (const [type, bytes] of [[3, 12], [1, 8], [2, 16], [4, 0]]) bus.add(kind(type, bytes))
  const address = (slot: number, at: number) => 0x80000000 | slot << 11 | at & 0xfc
  const choose = (slot: number, at: number) => done(bus.writePort(0xcf8, 4, address(slot, at) >>> 0))
  return { bus,
    read(slot: number, at: number, width: Width) {
      choose(slot, at)
      return bus.readPort(0xcfc + (at & 3), width)
    },
    write(slot: number, at: number, width: Width, value: number) {
      choose(slot, at)
      done(bus.writePort(0xcfc + (at & 3), width, value))
    } }
}

describe('D:270 what a device says of itself', () => {
  const { read, write } = fixture()

  test('who it is, of which class, on which line', () => {
    expect([1, 2, 3, 4].map((slot) => read(slot, 0, 4).toString(16)))
      .toEqual(['10431af4', '10411af4', '10421af4', '10441af4'])
    expect([0, 1, 2, 3, 4].map((slot) => read(slot, 0x0a, 2).toString(16))).toEqual(['600', '700', '200', '180', 'ff00'])
    expect([1, 2, 3, 4].map((slot) => read(slot, 0x3c, 1))).toEqual([1, 2, 3, 4])
    expect(read(1, 0x06, 2)).toBe(0x10)
    expect(read(1, 0x0e, 1)).toBe(0)
  })

  test('nothing is read of what is not there', () => {
    expect(read(5, 0, 4)).toBe(0xffffffff)
    expect(read(1, 0x98, 4)).toBe(0xffffffff)
    expect(read(31, 0x0a, 2)).toBe(0xffff)
  })

  test('a window tells its size, and its address is put back', () => {
    const before = read(2, 0x10, 4)
    expect(before).toBe(WINDOW + 2 * 4096)
    write(2, 0x10, 4, 0xffffffff)
    expect(read(2, 0x10, 4)).toBe(0xfffff000)
    write(2, 0x10, 4, before)
    expect(read(2, 0x10, 4)).toBe(before)
    for (const at of [0x14, 0x18, 0x1c, 0x20, 0x24, 0x30]) {
      write(2, at, 4, 0xffffffff)
      expect(read(2, at, 4)).toBe(0)
    }
  })

  test('ids and classes cannot be written, commands lead to nothing', () => {
    write(1, 0, 4, 0)
    write(1, 0x04, 2, 0xffff)
    write(1, 0x0a, 1, 0)
    expect([read(1, 0, 4), read(1, 4, 2), read(1, 0x0a, 2)]).toEqual([0x10431af4, 0, 0x700])
  })

  test('capabilities: a list, in which every part of the window has its place', () => {
    const walk = (slot: number) => {
      const found: number[][] = []
      for (let at = read(slot, 0x34, 1); at !== 0; at = read(slot, at + 1, 1)) {
        found.push([at, read(slot, at, 1), read(slot, at + 2, 1), read(slot, at + 3, 1), read(slot, at + 8, 4), read(slot, at + 12, 4)])
      }
      return found
    }
    const common = [[0x40, 9, 16, 1, 0, 56], [0x50, 9, 20, 2, 56, 2], [0x64, 9, 16, 3, 58, 1], [0x84, 9, 20, 5, 0, 0]]
    expect(walk(1)).toEqual([...common, [0x74, 9, 16, 4, 60, 12]])
    expect(walk(4)).toEqual(common)
    expect(read(1, 0x60, 4)).toBe(0)
  })
})

describe('D:272 the side door', () => {
  test('reaches the window from configuration space', () => {
    const { read, write } = fixture()
    write(1, 0x88, 1, 0)
    write(1, 0x8c, 4, 60)
    write(1, 0x90, 4, 4)
    expect(read(1, 0x94, 4)).toBe(0x5a5a5a5a)
    write(1, 0x8c, 4, 0x16)
    write(1, 0x90, 4, 2)
    write(1, 0x94, 4, 7)
    expect(read(1, 0x94, 4)).toBe(7)
  })

  test('is shut to senseless numbers', () => {
    const { read, write } = fixture()
    for (const [bar, at, width] of [[1, 60, 4], [0, 61, 4], [0, 60, 3], [0, 60, 0], [0, 61, 2], [0, 60, 8]]) {
      write(1, 0x88, 1, bar)
      write(1, 0x8c, 4, at)
      write(1, 0x90, 4, width)
      write(1, 0x94, 4, 0x1234)
      expect(read(1, 0x94, 4), `${bar} ${at} ${width}`).toBe(0x1234)
    }
  })
})

describe('D:274 the bus', () => {
  test('the address port keeps what it is told, byte by byte', () => {
    const { bus } = fixture()
    done(bus.writePort(0xcfb, 1, 1))
    done(bus.writePort(0xcf8, 4, 0x80000000))
    expect(bus.readPort(0xcf8, 4)).toBe(0x80000000)
    done(bus.writePort(0xcf9, 1, 0x12))
    done(bus.writePort(0xcfa, 2, 0x8034))
    expect(bus.readPort(0xcf8, 4)).toBe(0x80341200)
    expect(bus.readPort(0xcfa, 2)).toBe(0x8034)
  })

  test('without the enable bit, on another bus, as another function: nothing', () => {
    const { bus } = fixture()
    for (const address of [0x00000800, 0x80010800, 0x80000900]) {
      done(bus.writePort(0xcf8, 4, address))
      expect(bus.readPort(0xcfc, 4)).toBe(0xffffffff)
    }
  })

  test('accesses that stick out, and other ports, float', () => {
    const { bus } = fixture()
    done(bus.writePort(0xcf8, 4, 0x80000800))
    expect(bus.readPort(0xcff, 2)).toBe(0xffff)
    expect(bus.readPort(0xcfb, 4)).toBe(0xffffffff)
    expect([bus.readPort(0x3f8, 1), bus.readPort(0x64, 1)]).toEqual([0xff, 1])
  })

  test('has room for 31 devices', () => {
    const bus = new PciBus(fakeGuest(1).guest, WINDOW)
    for (let i = 0; i < 31; i++) bus.add(kind(4, 0))
    expect(bus.deviceLimit).toBe(WINDOWS + 32)
    expect(() => bus.add(kind(4, 0))).toThrow('too many devices')
  })

  test('machine code finds every device, and its windows answer', () => {
    const made = new LateGuest((k) => {
      k.hcall('NEW_PGTABLE', LateGuest.tables)
      k.mov(ecx, 0)
      const next = k.label()
      k.bind(next)
      k.mov(eax, ecx)
      k.shl(eax, 11)
      k.or(eax, 0x80000000 | 0)
      k.mov(edx, 0xcf8)
      k.out(dx, eax)
      k.mov(edx, 0xcfc)
      k.in_(eax, dx)
      k.mov(ebx, ecx)
      k.shl(ebx, 2)
      k.add(ebx, 0x30000)
      k.mov(mem(ebx), eax)
      k.inc(ecx)
      k.cmp(ecx, 32)
      k.jb(next)
      k.mov(eax, mem(WINDOW + 0x1000 + 60))
      k.mov(mem(0x31000), eax)
      k.hcall('HALT')
    }, eraC1, { byLauncher: true })
    const guest = made.launched()
    const bus = new PciBus(guest, WINDOW)
    bus.add(kind(3, 12))
    const end = runServed(guest, (words) => bus.serve(guest, words))
    expect(end).toBe('halted')
    const ids = Array.from({ length: 32 }, (_, i) => made.mm.read32(0x30000 + i * 4))
    expect(ids).toEqual([0, 0x10431af4, ...Array(30).fill(0xffffffff)])
    expect(made.mm.read32(0x31000)).toBe(0x5a5a5a5a)
  })

  test('a trap that is nobody\'s ends the Guest, and says where', () => {
    const made = new LateGuest((k) => { k.hlt() }, eraC1, { byLauncher: true })
    const guest = made.launched()
    const bus = new PciBus(guest, WINDOW)
    expect(() => runServed(guest, (words) => bus.serve(guest, words))).toThrow(/^unhandled trap 13 at 0x100/)
  })
})
