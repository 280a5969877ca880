import { describe, expect, it } from 'vitest'
import { LHREQ_INITIALIZE } from '../../generated/abi/common.ts'
import {
  eraA, LGUEST_DEVICE_T_BLOCK, LGUEST_DEVICE_T_CONSOLE,
} from '../../generated/abi/era-a.ts'
import { concat, writeBootPage, writeCommandLine } from
  '../../generated/launcher/boot-data.ts'
import { BytesFile } from '../../generated/launcher/bytes-file.ts'
import type { DeviceTable } from '../../generated/launcher/devices.ts'
import type { House } from '../../generated/launcher/house.ts'
import { loadInitrd, pageAlign } from '../../generated/launcher/initrd.ts'
import type { GuestMemory } from '../../generated/launcher/memory.ts'
import { setupPagetables } from '../../generated/launcher/page-tables.ts'
import { prepareWithDma } from '../../generated/launcher/prepare.ts'
import { tellKernel } from '../../generated/launcher/tell-kernel.ts'
import { bytes, elf, fakeGuest, fakeMemory, FakePlatform, text } from
  './fakes.ts'

const BASE = 0xc0000000
const platform = new FakePlatform()
const MB = 1 << 20

describe('L:180 the initial RAM disk', () => {
  it('rounds up to pages (B-L-043)', () => {
    expect([0, 1, 4095, 4096, 4097].map(pageAlign))
      .toEqual([0, 4096, 4096, 4096, 8192])
  })

  it('ends at the top of RAM (B-L-044, B-L-045)', async () => {
    const memory = fakeMemory(2)
    const file = new BytesFile(bytes('x'.repeat(5000)))
    expect(await loadInitrd(file, memory, MB, platform)).toBe(8192)
    const start = 2 * MB - 8192
    expect(text(memory.read(start, 5001))).toBe(`${'x'.repeat(5000)}\0`)
  })

  it('does not run into the kernel', async () => {
    const file = new BytesFile(new Uint8Array(MB))
    expect(await loadInitrd(file, fakeMemory(2), MB, platform)).toBe(MB)
    await expect(loadInitrd(file, fakeMemory(2), MB + 1, platform)).rejects.toThrow(
      'does not fit')
  })
})

describe('L:180 the first page tables', () => {
  it('map all of a small memory (B-L-047 to B-L-052)', () => {
    const memory = fakeMemory(6)
    const directory = setupPagetables(memory, 8192, BASE, MB)
    expect(directory).toBe(6 * MB - 8192 - 4096)
    const first = directory - 2 * 4096
    for (let n = 0; n < 1536; n++) {
      expect(memory.read32(first + n * 4)).toBe((n * 4096 | 7) >>> 0)
    }
    expect(memory.read32(first + 1536 * 4)).toBe(0)
    for (let i = 0; i < 1024; i++) {
      const expected = i === 768 || i === 769
        ? first + (i - 768) * 4096 | 7 : 0
      expect(memory.read32(directory + i * 4)).toBe(expected)
    }
  })

  it('map no more than there are addresses for (B-L-047)', () => {
    const memory = fakeMemory(16)
    const offset = 0xff800000
    const directory = setupPagetables(memory, 0, offset, 0)
    const first = directory - 2 * 4096
    expect(memory.read32(directory + 1022 * 4)).toBe(first | 7)
    expect(memory.read32(directory + 1023 * 4)).toBe(first + 4096 | 7)
    expect(memory.read32(first + 2047 * 4)).toBe(0x7ff000 | 7)
  })

  it('need room above the kernel', () => {
    expect(() => setupPagetables(fakeMemory(2), 0, BASE, 2 * MB - 4096))
      .toThrow('no room for page tables')
  })
})

describe('L:100 boot data', () => {
  it('has one stretch of RAM in its map (B-L-053)', () => {
    const memory = fakeMemory(3)
    memory.addPages(2)
    writeBootPage(memory, 0)
    expect(memory.read(0x1e8, 1)[0]).toBe(1)
    expect(memory.read32(0x2d0)).toBe(0)
    expect(memory.read32(0x2d4)).toBe(0)
    expect(memory.read32(0x2d8)).toBe(3 * MB)
    expect(memory.read32(0x2dc)).toBe(0)
    expect(memory.read32(0x2e0)).toBe(1)
    expect(memory.read32(0x2e4)).toBe(0)
  })

  it('names the initrd only if there is one (B-L-046)', () => {
    const memory = fakeMemory(3)
    writeBootPage(memory, 0)
    expect(memory.read32(0x210)).toBe(0)
    expect(memory.read32(0x218)).toBe(0)
    writeBootPage(memory, 8192)
    expect(memory.read(0x210, 1)[0]).toBe(0xff)
    expect(memory.read32(0x218)).toBe(3 * MB - 8192)
    expect(memory.read32(0x21c)).toBe(8192)
  })

  it('points at command line and Guest type (B-L-054 to B-L-056)', () => {
    const memory = fakeMemory(3)
    writeBootPage(memory, 0)
    writeCommandLine(memory, ['root=/dev/lgba', 'quiet'])
    expect(memory.read32(0x228)).toBe(4096)
    expect(text(memory.read(4096, 22))).toBe('root=/dev/lgba quiet \0')
    expect(memory.read32(0x23c)).toBe(1)
  })

  it('joins arguments, each with a space (B-L-054)', () => {
    expect(concat([])).toBe('')
    expect(concat(['a', 'b'])).toBe('a b ')
  })

  it('refuses a command line the kernel would cut', () => {
    const memory = fakeMemory(1)
    writeCommandLine(memory, ['x'.repeat(2046)])
    expect(() => writeCommandLine(memory, ['x'.repeat(2047)])).toThrow(
      'too long')
  })
})

describe('L:180 telling the Host', () => {
  const kernel = { entry: 0xc010000d, pageOffset: BASE, end: MB }

  it('is one write of five words (B-L-057)', () => {
    const { guest, device } = fakeGuest(1)
    guest.memory.addPages(2)
    tellKernel(guest, eraA, kernel, 0xfd000)
    expect(device.written).toEqual(
      [[LHREQ_INITIALIZE, 258, 0xfd000, 0xc010000d, BASE]])
  })

  it('ends the Launcher if refused (B-L-057)', () => {
    const { guest, device } = fakeGuest(1)
    device.initialized = -28
    expect(() => tellKernel(guest, eraA, kernel, 0)).toThrow(
      'Writing to /dev/lguest')
  })
})

describe('L:100 the order of a boot', () => {
  it('makes options\' devices, the console, memory, and last INITIALIZE (B-L-011, B-L-013)', async () => {
    const { guest, device, memory } = fakeGuest(4)
    const platform = new FakePlatform()
    platform.files.set('disk', new BytesFile(new Uint8Array(512)))
    platform.files.set('rd', new BytesFile(bytes('ramdisk')))
    const kernel = elf([{ virtual: BASE + MB, physical: MB,
      data: bytes('GenuineLguestCODE') }])
    const seen: string[] = []
    device.write = (words) => {
      seen.push(text(memory.read(MB, 7)), text(memory.read(4 * MB - 4096, 7)),
        text(memory.read(4096, 6)), `${memory.read32(0x23c)}`)
      return words.length
    }
    const plan = { devices: [{ kind: 'block', path: 'disk' }], initrd: 'rd',
      kernelArguments: ['quiet'] }
    const house = { plan, platform, verbose: () => {} } as unknown as House
    const devices = await prepareWithDma(house, guest, kernel, eraA)
    expect(seen).toEqual(['Genuine', 'ramdisk', 'quiet ', '1'])
    expect((devices as DeviceTable).records.map((r) => r.name))
      .toEqual(['disk', 'console'])
    expect([memory.read16(4 * MB), memory.read16(4 * MB + 12)])
      .toEqual([LGUEST_DEVICE_T_BLOCK, LGUEST_DEVICE_T_CONSOLE])
  })
})

describe('L:180 room for all memory', () => {
  const asked = (megabytes: number, ...args: string[]) => {
    let line = ''
    writeCommandLine({
      size: megabytes * MB, write: (_at, written) => { line = text(written) },
    } as GuestMemory, args)
    return line.replace(/ \0$|\0$/, '')
  }

  it('is asked for where a kernel would see less than there is', () => {
    expect(asked(888, 'quiet')).toBe('quiet')
    expect(asked(889, 'quiet')).toBe('vmalloc=96M quiet')
    expect(asked(896)).toBe('vmalloc=96M')
    expect(asked(897)).toBe('')
  })

  it('is the business of a user who speaks of it', () => {
    expect(asked(896, 'quiet', 'vmalloc=64M')).toBe('quiet vmalloc=64M')
  })
})
