import { describe, expect, it } from 'vitest'
import { LHREQ_INITIALIZE } from '../../generated/abi/common.ts'
import { eraA, LGUEST_DEVICE_T_BLOCK, LGUEST_DEVICE_T_CONSOLE } from
  '../../generated/abi/era-a.ts'
import { BytesFile } from '../../generated/launcher/bytes-file.ts'
import { Farewell } from '../../generated/launcher/farewell.ts'
import { leave } from '../../generated/launcher/house.ts'
import type { House } from '../../generated/launcher/house.ts'
import { hex, u16, u32, u64, u8 } from '../../generated/launcher/ints.ts'
import { GuestMemory } from '../../generated/launcher/memory.ts'
import { prepareWithDma } from '../../generated/launcher/prepare.ts'
import { verboseSwitch } from '../../generated/launcher/verbose.ts'
import {
  bytes, elf, fakeGuest, fakeMemory, FakePlatform, FakeSpace, text,
} from './fakes.ts'

const MB = 1 << 20
const BASE = 0xc0000000

describe('L:100 Guest memory', () => {
  it('reads as zero before anything is loaded (B-L-012)', () => {
    const memory = fakeMemory(2)
    expect(memory.read(0, 2 << 20).every((byte) => byte === 0)).toBe(true)
  })

  it('is the Launcher\'s at the same addresses (B-L-001)', () => {
    const space = new FakeSpace(600)
    const memory = new GuestMemory(space, 2 << 20)
    memory.write(0x1234, bytes('same'))
    expect(text(space.readBytes(0x1234, 4))).toBe('same')
    memory.write32(0x2001, 0xfedcba98)
    expect(memory.read32(0x2001)).toBe(0xfedcba98)
    expect(memory.read16(0x2002)).toBe(0xdcba)
    memory.write16(0x2fff, 0x1234)
    expect(memory.read16(0x2fff)).toBe(0x1234)
    memory.write32(0x4000, 0xfedcba98)
    expect(memory.read32(0x4000)).toBe(0xfedcba98)
    for (const [at, half] of [[0, 0xba98], [1, 0xdcba], [2, 0xfedc]]) {
      expect(memory.read16(0x4000 + at)).toBe(half)
    }
    expect(memory.read32(0x3ffe)).toBe(0xba980000)
  })

  it('grows at the top, by zeroed pages (B-L-006, B-L-119)', () => {
    const memory = fakeMemory(2)
    expect(memory.top).toBe(2 << 20)
    expect(memory.addPages(3)).toBe(2 << 20)
    expect(memory.top).toBe((2 << 20) + 3 * 4096)
    expect(memory.read32(memory.top - 4)).toBe(0)
    expect(memory.size).toBe(2 << 20)
  })

  it('says when the machine has no more', () => {
    expect(() => new GuestMemory(new FakeSpace(4), 1 << 20)).toThrow(
      'not enough memory')
  })

  it('refuses pointers outside, and at the edge (B-L-064, X-08)', () => {
    const memory = fakeMemory(1)
    const { top } = memory
    expect(memory.check(0, 16)).toBe(0)
    expect(memory.check(top - 2, 1)).toBe(top - 2)
    for (const [at, length] of [[top, 0], [top - 1, 1], [top - 16, 16],
      [top + 4096, 4], [0xffffffff, 1]]) {
      expect(() => memory.check(at, length)).toThrow('Invalid address')
    }
  })

  it('is not fooled by sums that wrap (B-L-065)', () => {
    const memory = fakeMemory(1)
    expect(() => memory.check(4096, 0xfffff100)).toThrow('Invalid address')
  })
})

describe('L:110 short integers', () => {
  it('wrap at their width (B-L-003)', () => {
    expect([u8(256), u8(-1), u16(65537), u32(2 ** 32), u32(-1)])
      .toEqual([0, 255, 1, 0, 0xffffffff])
    expect(u64(-1n)).toBe(0xffffffffffffffffn)
    expect(hex(3221225472)).toBe('0xc0000000')
  })
})

describe('L:120 the verbose switch', () => {
  it('speaks only if asked (B-L-004)', () => {
    const lines: string[] = []
    verboseSwitch(false, (line) => lines.push(line))('quiet')
    verboseSwitch(true, (line) => lines.push(line))('loud')
    expect(lines).toEqual(['lguest: loud'])
  })
})

function world() {
  const fake = fakeGuest(4)
  const platform = new FakePlatform()
  platform.files.set('disk', new BytesFile(new Uint8Array(1024)))
  platform.files.set('rd', new BytesFile(bytes('ramdisk')))
  const house = { platform, verbose: () => {}, plan: {
    devices: [{ kind: 'block', path: 'disk' }, { kind: 'block', path: 'disk' }],
    initrd: 'rd', kernelArguments: ['quiet'],
  } } as unknown as House
  const kernel = elf([{ virtual: BASE + MB, physical: MB,
    data: bytes('GenuineLguest!') }])
  const prepare = () => prepareWithDma(house, fake.guest, kernel, eraA)
  return { ...fake, prepare }
}

describe('L:100 the order of a boot', () => {
  it('has everything in place at INITIALIZE (B-L-013)', async () => {
    const { device, memory, prepare } = world()
    const at: string[] = []
    const write = device.write.bind(device)
    device.write = (words, task) => {
      if (words[0] === LHREQ_INITIALIZE) {
        at.push(text(memory.read(MB, 13)), text(memory.read(4096, 7)),
          text(memory.read(4 * MB - 4096, 7)),
          String(memory.read32(words[2] + 768 * 4) & 7),
          String(memory.read32(0x228)))
      }
      return write(words, task)
    }
    await prepare()
    expect(at).toEqual(['GenuineLguest', 'quiet \0', 'ramdisk', '7', '4096'])
    expect(device.written).toEqual([[LHREQ_INITIALIZE,
      (4 * MB + 3 * 4096) / 4096, 4 * MB - 2 * 4096, BASE + MB + 13, BASE]])
  })

  it('makes the console after all other devices (B-L-011)', async () => {
    const { memory, prepare } = world()
    await prepare()
    const types = [0, 1, 2, 3].map((i) => memory.read16(4 * MB + i * 12))
    expect(types).toEqual([LGUEST_DEVICE_T_BLOCK, LGUEST_DEVICE_T_BLOCK,
      LGUEST_DEVICE_T_CONSOLE, 0])
  })

  it('is undone by an exception when its user leaves', () => {
    let thrown: unknown
    try {
      leave()
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(Farewell)
    expect(thrown).toMatchObject({ status: 2, message: '' })
  })
})
