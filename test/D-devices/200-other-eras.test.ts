import { eras } from '../../generated/abi/eras.ts'
import { describe, expect, it } from 'vitest'
import { loadByProtocol, writeProtocolPage } from
  '../../generated/launcher/boot-protocol.ts'
import { BytesFile } from '../../generated/launcher/bytes-file.ts'
import type { House } from '../../generated/launcher/house.ts'
import { chooseEra, isBefore, proposeEra } from
  '../../generated/launcher/propose-era.ts'
import { bytes, elf, fakeMemory, FakePlatform, text } from '../L-launcher/fakes.ts'

const MB = 1 << 20

/** A bzImage whose header says what it is told to say. */
function bzImage(options: { release?: string; protocol?: number
  sectors?: number; initSize?: number } = {}): BytesFile {
  const { release = '3.11.10 (somebody@host)', protocol = 0x20c } = options
  const { sectors = 2, initSize = 0x200000 } = options
  const image = new Uint8Array((sectors + 1) * 512 + 5000)
  const view = new DataView(image.buffer)
  view.setUint8(0x1f1, sectors)
  view.setUint8(0x201, 0x66)
  image.set(bytes('HdrS'), 0x202)
  view.setUint16(0x206, protocol, true)
  view.setUint16(0x20e, 0x280 - 0x200, true)
  view.setUint32(0x214, 0x100000, true)
  view.setUint32(0x218, 0x12345678, true)
  view.setUint32(0x260, initSize, true)
  image.set(bytes(`${release}\0`), 0x280)
  image.set(bytes('UNPACK'), (sectors + 1) * 512)
  return new BytesFile(image)
}

const kernel = (banner: string) => elf([
  { type: 4, virtual: 0, physical: 0, data: bytes('note') },
  { virtual: 0xc1000000, physical: 0x1000000, data: bytes(`..${banner}..`) },
], (h) => h.setUint32(24, 0x1000002, true))

const platform = new FakePlatform()
const propose = (file: BytesFile) => proposeEra(file, 32 * MB, platform)

describe('D:200 the age of a kernel', () => {
  it('compares releases by their numbers', () => {
    expect(isBefore('4.9', '4.10')).toBe(true)
    expect(isBefore('4.10.0', '4.10')).toBe(false)
    expect(isBefore('2.6.23', '2.6.24')).toBe(true)
    expect(isBefore('3.11.10', '3.11')).toBe(false)
  })

  it.each([
    ['2.6.23.17', 'A'], ['2.6.24', 'B1'], ['2.6.32.9', 'B2'],
    ['3.11.10.5', 'B3'], ['3.19', 'B3'], ['4.0.1', 'C0'], ['4.9', 'C1'],
    ['4.10', 'C2'], ['4.13.16', 'C2'],
  ])('Linux %s is of era %s', async (release, era) => {
    expect((await propose(kernel(`Linux version ${release} (x)`))).era).toBe(era)
    expect((await propose(bzImage({ release: `${release} #1` }))).era).toBe(era)
  })

  it('knows when lguest was over', async () => {
    await expect(propose(bzImage({ release: '4.14.2' }))).rejects.toThrow(
      'Linux 4.14.2 is too new')
  })

  it('takes the very old and the nameless for era A', async () => {
    expect((await propose(bzImage({ protocol: 0x206 }))).era).toBe('A')
    expect(await propose(kernel('GenuineLguest'))).toEqual(
      { era: 'A', release: '' })
    expect((await propose(new BytesFile(bytes('what?')))).era).toBe('A')
  })
})

describe('D:200 looking, piece by piece', () => {
  it('finds a banner wherever the pieces are cut', async () => {
    for (const before of [65536 - 20, 65536 - 3, 65536, 2 * 65536 - 9]) {
      const found = await propose(kernel(`${'x'.repeat(before)}Linux version 3.11.10 (x)`))
      expect(found.release, String(before)).toBe('3.11.10')
    }
  })

  it('reads no more than the memory could hold, and breathes', async () => {
    const segment = { virtual: 0, physical: 0, data: new Uint8Array(8 * MB) }
    const file = elf(new Array(3).fill(segment))
    for (let i = 1; i < 3; i++) file.bytes.copyWithin(52 + i * 32, 52, 84)
    let [read, breaths] = [0, 0]
    const counting = Object.assign(new BytesFile(file.bytes), {
      readAt(offset: number, into: Uint8Array) {
        read += into.length
        return file.readAt(offset, into)
      },
    })
    const found = await proposeEra(counting, 10 * MB, { async breathe() { breaths++ } })
    expect(found.era).toBe('A')
    expect(read).toBeLessThan(10.1 * MB)
    expect(breaths).toBeGreaterThan(100)
  })
})

describe('D:220 loading by the boot protocol', () => {
  it('enters an ELF where its header says', async () => {
    const memory = fakeMemory(32)
    const loaded = await loadByProtocol(kernel('code'), memory, platform)
    expect(loaded.entry).toBe(0x1000002)
    expect(text(memory.read(0x1000002, 4))).toBe('code')
  })

  it('puts the rest of a bzImage at 1 MB', async () => {
    const memory = fakeMemory(32)
    const loaded = await loadByProtocol(bzImage(), memory, platform)
    expect(loaded.entry).toBe(MB)
    expect(loaded.end).toBe(0x1200000)
    expect(text(memory.read(MB, 6))).toBe('UNPACK')
    expect(memory.read(MB + 4999, 1)[0]).toBe(0)
  })

  it('takes no sectors for four', async () => {
    const file = bzImage({ sectors: 4 })
    file.bytes[0x1f1] = 0
    const memory = fakeMemory(32)
    await loadByProtocol(file, memory, platform)
    expect(text(memory.read(MB, 6))).toBe('UNPACK')
  })

  it('refuses a bzImage that lost its tail, or has none', async () => {
    const file = bzImage()
    const header = new DataView(file.bytes.buffer)
    header.setUint32(0x1f4, Math.floor(5000 / 16), true)
    await loadByProtocol(file, fakeMemory(32), platform)
    header.setUint32(0x1f4, Math.floor(5000 / 16) + 2, true)
    await expect(loadByProtocol(file, fakeMemory(32), platform)).rejects.toThrow('too short')
    header.setUint32(0x1f4, 0, true)
    const cut = new BytesFile(file.bytes.slice(0, 3 * 512))
    await expect(loadByProtocol(cut, fakeMemory(32), platform)).rejects.toThrow('too short')
  })

  it('says how much memory unpacking takes', async () => {
    await loadByProtocol(bzImage({ initSize: 0x1000000 }), fakeMemory(32), platform)
    await expect(loadByProtocol(bzImage({ initSize: 0x1000001 }), fakeMemory(32), platform)).rejects.toThrow('at least 34 MB')
    await expect(loadByProtocol(new BytesFile(new Uint8Array(4096)), fakeMemory(32), platform)).rejects.toThrow('This is no kernel')
  })

  it('leaves a boot page such kernels accept', async () => {
    const memory = fakeMemory(32)
    const loaded = await loadByProtocol(bzImage(), memory, platform)
    writeProtocolPage(memory, loaded, 0)
    expect(memory.read16(0x206)).toBe(0x207)
    expect(memory.read(0x210, 2)).toEqual(Uint8Array.of(0, 0x40))
    expect(memory.read32(0x218)).toBe(0)
    expect(memory.read32(0x228)).toBe(4096)
    expect(memory.read32(0x230)).toBe(0x1000000)
    expect(memory.read32(0x23c)).toBe(1)
    expect(memory.read32(0x260)).toBe(0x200000)
    expect(memory.read(0x1e8, 1)[0]).toBe(1)
    expect(memory.read(0x1ef, 1)[0]).toBe(0)
    writeProtocolPage(memory, loaded, 8192)
    expect(memory.read(0x210, 2)).toEqual(Uint8Array.of(0xff, 0x40))
    expect(memory.read32(0x218)).toBe(32 * MB - 8192)
  })
})

describe('D:240 choosing', () => {
  const house = (era: string | null) => ({ plan: { era, memory: 32 * MB }, platform, verbose: () => {} }
  ) as unknown as House

  it('follows the proposal, or the user', async () => {
    expect((await chooseEra(house(null), kernel('GenuineLguest'))).name).toBe('A')
    expect((await chooseEra(house('A'), bzImage())).name).toBe('A')
    expect((await chooseEra(house('b2-pae'), bzImage())).name).toBe('B2-PAE')
  })

  it('says what the Host serves when it cannot', async () => {
    await expect(chooseEra(house('Z9'), bzImage())).rejects.toThrow(
      /^no era 'Z9'; this Host serves A \(2\.6\.23\)/)
    for (const { kernels } of eras.filter((era) => era.name !== 'A' && !era.pae)) {
      const [release] = kernels.split(' ')
      expect((await chooseEra(house(null), bzImage({ release }))).kernels).toBe(kernels)
    }
  })
})
