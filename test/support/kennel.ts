/** Puppy's file system as seen by another: reads, judges and makes images. */
export interface Kennel { sectors: number; files: Map<string, Uint8Array> }

const SECTOR = 512
const ENTRIES = 64
const FIRST = 5

/** What is in an image; a string says what is wrong with it. */
export function readKennel(image: Uint8Array): Kennel | string {
  const view = new DataView(image.buffer, image.byteOffset, image.length)
  if (new TextDecoder().decode(image.subarray(0, 8)) !== 'Kennel 1') return 'no mark'
  const sectors = view.getUint32(8, true)
  if (sectors > Math.floor(image.length / SECTOR) || sectors < FIRST) return 'cut short'
  const files = new Map<string, Uint8Array>()
  const owner = new Map<number, string>()
  let spoilt = ''
  for (let at = SECTOR; at < SECTOR + 32 * ENTRIES; at += 32) {
    if (image[at] === 0) continue
    const end = image.indexOf(0, at)
    if (end >= at + 16) return 'a name without an end'
    const letters = image.subarray(at, end)
    if (letters.some((letter) => letter < 33 || letter > 126)) return 'an odd name'
    const name = new TextDecoder().decode(letters)
    if (files.has(name)) return 'two of a name'
    const [first, bytes, sum] = [16, 20, 24].map((offset) => view.getUint32(at + offset, true))
    const count = Math.ceil(bytes / SECTOR)
    if (bytes > 0x7fffffff || first < FIRST || first + count > sectors) return 'outside'
    for (let i = 0; i < count; i++) {
      if (owner.has(first + i)) return 'two in a sector'
      owner.set(first + i, name)
    }
    const data = image.slice(first * SECTOR, first * SECTOR + bytes)
    files.set(name, data)
    if (kennelSum(data) !== sum) spoilt = `the sum of ${name}`
  }
  if (spoilt) return spoilt
  return { sectors, files }
}

export function kennelSum(data: Uint8Array): number {
  return data.reduce((sum, byte) => ((sum << 1 | sum >>> 31) + byte) >>> 0, 0)
}

/** An image with these files, one behind the other. */
export function makeKennel(files: Record<string, Uint8Array>, sectors = 100): Uint8Array {
  const image = new Uint8Array(sectors * SECTOR)
  const view = new DataView(image.buffer)
  image.set(new TextEncoder().encode('Kennel 1'))
  view.setUint32(8, sectors, true)
  let first = FIRST
  Object.entries(files).forEach(([name, data], i) => {
    const at = SECTOR + 32 * i
    image.set(new TextEncoder().encode(name), at);
    [first, data.length, kennelSum(data)].forEach((word, n) => view.setUint32(at + 16 + 4 * n, word, true))
    image.set(data, first * SECTOR)
    first += Math.ceil(data.length / SECTOR)
  })
  return image
}
