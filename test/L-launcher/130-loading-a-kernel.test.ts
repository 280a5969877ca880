import { describe, expect, it } from 'vitest'
import { findGzip, gzipHeaderLength, intuitPageOffset } from
  '../../generated/launcher/bzimage.ts'
import { BytesFile } from '../../generated/launcher/bytes-file.ts'
import { Farewell } from '../../generated/launcher/farewell.ts'
import { openOrDie } from '../../generated/launcher/files.ts'
import type { Breather } from '../../generated/launcher/platform.ts'
import { loadKernel } from '../../generated/launcher/load-kernel.ts'
import { bytes, elf, fakeMemory, FakePlatform, gzip, text } from './fakes.ts'

const BASE = 0xc0000000
const platform = new FakePlatform()
const load = (file: BytesFile, megabytes = 4) => {
  const memory = fakeMemory(megabytes)
  return loadKernel(file, memory, platform).then((kernel) =>
    ({ kernel, memory }))
}
const code = (before: string, after = 'CODE') =>
  bytes(`${before}GenuineLguest${after}`)

describe('L:130 an ELF kernel', () => {
  const good = () => elf([
    { virtual: BASE + 0x100000, physical: 0x100000, data: code('xy') },
    { type: 4, virtual: 0, physical: 0, data: bytes('a note') },
    { virtual: BASE + 0x200000, physical: 0x200000, data: bytes('data'),
      memorySize: 0x5000 },
  ])

  it('puts file bytes at physical addresses (B-L-022, B-L-024)', async () => {
    const { memory, kernel } = await load(good())
    expect(text(memory.read(0x100000, 19))).toBe('xyGenuineLguestCODE')
    expect(text(memory.read(0x200000, 5))).toBe('data\0')
    expect(text(memory.read(0, 6))).toBe('\0'.repeat(6))
    expect(kernel.end).toBe(0x205000)
  })

  it('enters right after the mark (B-L-023, B-L-029)', async () => {
    const { kernel } = await load(good())
    expect(kernel.pageOffset).toBe(BASE)
    expect(kernel.entry).toBe(BASE + 0x100000 + 2 + 13)
  })

  it('can be written, even where the header says not (B-L-025)', async () => {
    const { memory } = await load(good())
    memory.write(0x100000, bytes('patched'))
    expect(text(memory.read(0x100000, 7))).toBe('patched')
  })

  it('leaves the file alone when memory is written (B-L-026)', async () => {
    const file = good()
    const { memory } = await load(file)
    memory.write(0x100000, bytes('patched'))
    expect(text(file.bytes)).not.toContain('patched')
  })

  it('searches from lowest to highest file byte (B-L-027)', async () => {
    const high = elf([
      { virtual: 0x300000, physical: 0x300000, data: code('') },
      { virtual: 0x100000, physical: 0x100000, data: bytes('first') },
    ])
    expect((await load(high)).kernel.entry).toBe(0x300000 + 13)
  })

  it.each([
    ['type', (h: DataView) => h.setUint16(16, 3, true)],
    ['machine', (h: DataView) => h.setUint16(18, 62, true)],
    ['entry size', (h: DataView) => h.setUint16(42, 56, true)],
    ['no headers', (h: DataView) => h.setUint16(44, 0, true)],
    ['2049 headers', (h: DataView) => h.setUint16(44, 2049, true)],
  ])('refuses a header with a bad %s (B-L-020)', async (_what, patch) => {
    const file = elf([{ virtual: 0, physical: 0, data: code('') }], patch)
    await expect(load(file)).rejects.toThrow('Malformed elf header')
  })

  it('wants the whole table (B-L-021)', async () => {
    const far = elf([{ virtual: 0, physical: 0, data: code('') }],
      (h) => h.setUint32(28, 0xfffffff0, true))
    await expect(load(far)).rejects.toThrow('Reading program headers')
  })

  it('wants one page offset (B-L-023)', async () => {
    const file = elf([
      { virtual: BASE, physical: 0, data: code('') },
      { virtual: BASE, physical: 0x1000, data: bytes('x') },
    ])
    await expect(load(file)).rejects.toThrow(
      'Page offset of section 1 different')
  })

  it('refuses what lies outside memory (B-L-028)', async () => {
    const outside = (physical: number, memorySize = 4) => load(elf([
      { virtual: physical, physical, data: bytes('abcd'), memorySize },
    ]))
    await expect(outside(0x400000)).rejects.toThrow('does not fit')
    await expect(outside(0xfffffffc)).rejects.toThrow('does not fit')
    await expect(outside(0x100000, 0x400000)).rejects.toThrow('does not fit')
    await expect(outside(0x3ffffc)).rejects.toThrow('genuine')
  })

  it('refuses a segment beyond the end of its file', async () => {
    const file = elf([{ virtual: 0, physical: 0, data: code('') }])
    file.bytes = file.bytes.subarray(0, file.size() - 1)
    await expect(load(file)).rejects.toThrow('past the end')
  })

  it('refuses a kernel without the mark (B-L-030)', async () => {
    const file = elf([{ virtual: 0, physical: 0, data:
      bytes('GenuineLgues GenuineIntel') }])
    await expect(load(file)).rejects.toThrow(
      'Is this image a genuine lguest?')
  })

  it('finds the mark wherever the pieces are cut', async () => {
    for (const before of [65536 - 12, 65536 - 1, 65536, 2 * 65536 - 5]) {
      const { kernel } = await load(elf([{ virtual: 0, physical: 0, data: code('x'.repeat(before)) }]))
      expect(kernel.entry).toBe(before + 13)
    }
  })

  it('reads no more than the memory holds, however many segments say the same', async () => {
    const file = elf(new Array(2047).fill({ virtual: 0, physical: 0, data: code('') }))
    const table = new DataView(file.bytes.buffer)
    for (let i = 0; i < 2047; i++) table.setUint32(52 + i * 32 + 16, 3 << 20, true)
    file.bytes = Uint8Array.from({ length: 4 << 20 }, (_, i) => file.bytes[i])
    let read = 0
    const readAt = file.readAt.bind(file)
    file.readAt = (offset, into) => { read += into.length; return readAt(offset, into) }
    await expect(load(file)).rejects.toThrow('The sections lie on top of each other')
    expect(read).toBeLessThan(70_000)
  })

  it('lets the others breathe after each piece', async () => {
    const image = new Uint8Array(1 << 20)
    image.set(code(''))
    let breaths = 0
    const breather = Object.assign(new FakePlatform(), { async breathe() { breaths++ } })
    await loadKernel(elf([{ virtual: 0, physical: 0, data: image }]), fakeMemory(4), breather)
    expect(breaths).toBe(16)
    breaths = 0
    image.set(image.subarray(0, 20), image.length - 20)
    image.fill(0, 0, 20)
    const bzImage = Uint8Array.from([...new Uint8Array(65536 - 9), ...gzip(Uint8Array.from(
      { length: 1 << 20 }, (_, i) => image[i] || [0xa1, 0, 0, 0, 0xc0][i % 5]))])
    await loadKernel(new BytesFile(bzImage), fakeMemory(4), breather)
    expect(breaths).toBeGreaterThan(16)
  })

  it('survives any header at all', async () => {
    let seed = 0x2007
    const random = () => {
      seed = Math.imul(seed, 1103515245) + 12345 >>> 0
      return seed >>> 16
    }
    for (let round = 0; round < 300; round++) {
      const file = good()
      for (let i = 0; i < 8; i++) {
        file.bytes[4 + random() % 120] = random() & 0xff
      }
      await load(file).catch((error) =>
        expect(error, `round ${round}`).toBeInstanceOf(Farewell))
    }
  })
})

describe('L:140 two kinds of kernel', () => {
  it('wants at least an ELF header (B-L-018)', async () => {
    await expect(load(new BytesFile(new Uint8Array(51)))).rejects.toThrow(
      'Reading kernel')
  })

  it('tries all else as a bzImage (B-L-019, B-L-034)', async () => {
    await expect(load(new BytesFile(new Uint8Array(5000)))).rejects.toThrow(
      'Could not find kernel in bzImage')
  })

  it('names a file that cannot be opened (B-L-014)', () => {
    expect(() => openOrDie(platform, '/nowhere', 'read')).toThrow(
      'Failed to open /nowhere: no such file')
  })
})

describe('L:150 the scan for gzip', () => {
  const head = [0x1f, 0x8b, 1, 2, 3, 4, 5, 6, 7, 3]

  it('finds seven free bytes between (B-L-032)', () => {
    expect(findGzip(Uint8Array.from([9, 9, ...head]), 0)).toBe(2)
    expect(findGzip(Uint8Array.from([...head, ...head]), 1)).toBe(10)
    expect(findGzip(Uint8Array.from(head.slice(0, 9)), 0)).toBe(-1)
  })

  it('goes on after a wrong tenth byte (B-L-033, X-02)', () => {
    const wrong = [...head.slice(0, 9), 11]
    expect(findGzip(Uint8Array.from([...wrong, ...head]), 0)).toBe(10)
  })

  it('is not fooled by 1F 1F 8B (X-02)', () => {
    expect(findGzip(Uint8Array.from([0x1f, ...head]), 0)).toBe(1)
  })

  it('starts behind the 52 bytes already read (X-03)', async () => {
    const file = new BytesFile(Uint8Array.from(
      [...head, ...new Uint8Array(100)]))
    await expect(load(file)).rejects.toThrow('Could not find kernel')
  })
})

describe('L:160 unpacking', () => {
  const votes = [0xa1, 0x18, 0x60, 0x47, 0xc0]
  const image = Uint8Array.from(
    [...votes, ...votes, ...votes, ...code('ab'), ...new Uint8Array(70000)])
  const bzImage = (inside: Uint8Array) => new BytesFile(
    Uint8Array.from([...new Uint8Array(600), ...inside]))

  it('enters it at 1 MB, its unpacker unused (B-L-031, B-L-035, B-L-037)', async () => {
    const { memory, kernel } = await load(bzImage(gzip(image)))
    expect(memory.read(0x100000, image.length)).toEqual(image)
    expect(kernel.pageOffset).toBe(BASE)
    expect(kernel.entry).toBe(BASE + 0x100000 + 15 + 2 + 13)
    expect(kernel.end).toBe(0x100000 + image.length)
  })

  it('never brings the unpacking code into memory (B-L-031)', async () => {
    const { memory } = await load(new BytesFile(Uint8Array.from(
      [...bytes('UNPACKER'.repeat(100)), ...gzip(image)])))
    const all = text(memory.read(0, memory.size))
    expect(all).not.toContain('UNPACKER')
  })

  it('reads over a file name in the header', async () => {
    const named = gzip(image, 'vmlinux.bin')
    expect(gzipHeaderLength(named)).toBe(10 + 12)
    expect((await load(bzImage(named))).kernel.pageOffset).toBe(BASE)
  })

  it('counts every optional field', () => {
    const all = Uint8Array.from([0x1f, 0x8b, 8, 2 | 4 | 8 | 16, 0, 0, 0, 0, 0,
      3, 2, 0, 77, 77, 65, 0, 66, 67, 0, 1, 1])
    expect(gzipHeaderLength(all)).toBe(21)
  })

  it('does not look for the end of a name for ever', async () => {
    const name = (length: number) => gzip(image, 'n'.repeat(length))
    expect(gzipHeaderLength(name(60_000))).toBe(10 + 60_001)
    await expect(load(bzImage(name(70_000)))).rejects.toThrow('reading image from bzImage')
  })

  it('ends on damage and on bombs (B-L-036)', async () => {
    const damaged = gzip(image)
    damaged.fill(0xff, 12, 40)
    await expect(load(bzImage(damaged))).rejects.toThrow(
      'reading image from bzImage')
    const bomb = gzip(new Uint8Array(4 << 20))
    await expect(load(bzImage(bomb))).rejects.toThrow(
      'reading image from bzImage')
  })
})

describe('L:170 guessing the page offset', () => {
  const vote = (top: number) => [0xa1, 0x18, 0x60, 0x47, top]
  const intuit = (image: number[] | Uint8Array, breather: Breather = platform) => {
    const memory = fakeMemory(16)
    memory.write(0x100000, Uint8Array.from(image))
    return intuitPageOffset(memory, 0x100000, 0x100000 + image.length, breather)
  }

  it('breathes on the way, and sees what lies across two pieces', async () => {
    const image = new Uint8Array(8 << 20)
    for (const [i, top] of [0xc1, 0xc2, 0xc0, 0xc0, 0xc0].entries()) image.set(vote(top), (i + 1) * 0x100000 - i)
    let breaths = 0
    expect(await intuit(image, { breathe: async () => { breaths++ } })).toBe(BASE)
    expect(breaths).toBeGreaterThan(40)
  })

  it('takes the first to be seen three times (B-L-038 to 040, B-L-042, X-01)', async () => {
    const image = [vote(0xc1), vote(0xc1), vote(0xc0), vote(0xc0),
      vote(0xc0), vote(0xc1)].flat()
    expect(await intuit(image)).toBe(BASE)
  })

  it('is not led astray by a few 0xC1 of a large kernel (B-L-042)', async () => {
    const image = [vote(0xc0), vote(0xc1), vote(0xc0), vote(0xc1),
      vote(0xc0), vote(0xc1), vote(0xc1)].flat()
    expect(await intuit(image)).toBe(BASE)
  })

  it('counts overlapping places (B-L-038)', async () => {
    const image = [0xa1, 0xa1, 0xa1, 1, 0x80, 0x80, 0x80]
    expect(await intuit(image)).toBe(0x80000000)
  })

  it('gives up if none reaches three (B-L-041)', async () => {
    const image = [vote(0xc0), vote(0xc0), [0xa1, 0, 0, 0]].flat()
    await expect(intuit(image)).rejects.toThrow(
      'could not determine page offset')
  })
})
