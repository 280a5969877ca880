/** Images for the loaders, and books for the tools. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Random } from '../../conformance/random.ts'
import { BytesFile } from '../../generated/launcher/bytes-file.ts'
import { Farewell } from '../../generated/launcher/farewell.ts'
import { loadKernel } from '../../generated/launcher/load-kernel.ts'
import { proposeEra } from '../../generated/launcher/propose-era.ts'
import { elf, fakeMemory, FakePlatform, gzip } from '../../test/L-launcher/fakes.ts'
import { fuzzTangle } from '../../test/tools/fuzz.ts'
import type { EdgeClass } from './class.ts'

const MEGABYTES = 4

/** An image of either kind, good before it is spoiled. */
function image(random: Random): Uint8Array {
  const data = Uint8Array.from({ length: random.below(3000) }, () => random.below(256))
  const text = new TextEncoder().encode(`Linux version ${random.pick(['2.6.23', '3.11.10', '4.13.0', '9.9', '2..6'])} GenuineLguest`)
  const segment = () => ({ virtual: random.pick([0, 0xc0100000, 0xfffff000, random.int() >>> 0]), physical: random.pick([0, 0x100000, 0x3ff000, random.int() >>> 0]), data })
  if (random.chance(0.5)) return elf([segment(), { ...segment(), data: text }]).bytes
  const bytes = new Uint8Array(0x2000 + data.length)
  const view = new DataView(bytes.buffer)
  bytes.set(new TextEncoder().encode('HdrS'), 0x202)
  view.setUint8(0x1f1, random.pick([1, 4, random.below(256)]))
  view.setUint16(0x1fe, 0xaa55, true)
  view.setUint16(0x206, random.pick([0x200, 0x207, 0x20c, random.below(65536)]), true)
  view.setUint16(0x20e, random.pick([0x300, random.below(65536)]), true)
  bytes.set(text, 0x500)
  const packed = gzip(data, random.chance(0.3) ? 'vmlinux' : '')
  bytes.set(packed.subarray(0, bytes.length - 0x1400), 0x1400)
  return bytes
}

/** Some bytes become others, or are cut off. */
function spoiled(random: Random, bytes: Uint8Array): Uint8Array {
  const spoilt = bytes.slice(0, random.chance(0.2) ? random.below(bytes.length) : bytes.length)
  const header = random.chance(0.7) ? Math.min(spoilt.length, 0x300) : spoilt.length
  for (let n = random.below(12); n > 0 && header > 0; n--) {
    spoilt[random.below(header)] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)])
  }
  return spoilt
}

async function load(random: Random): Promise<void> {
  const file = new BytesFile(spoiled(random, image(random)))
  const platform = new FakePlatform()
  const memory = fakeMemory(MEGABYTES)
  try {
    await proposeEra(file, MEGABYTES << 20, platform)
    await loadKernel(file, memory, platform)
  } catch (error) {
    if (!(error instanceof Farewell)) throw error
    if (/\n/.test(error.message)) throw new Error(`more than a line: ${error.message}`)
  }
}

async function tangleAndBack(random: Random): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-'))
  try {
    await fuzzTangle(folder, random.below(2 ** 31), 1, () => {})
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export const files: readonly EdgeClass[] = [
  { name: 'loader', what: 'ELF images and bzImages, spoiled, through the loaders', run: load },
  { name: 'tangle', what: 'chapters and edits by chance, through tangle and untangle', run: tangleAndBack },
]
