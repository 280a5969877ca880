import { describe, expect, it } from 'vitest'
import { PlatformError } from '../../generated/launcher/platform.ts'
import { BytesFile } from '../../generated/launcher/bytes-file.ts'
import { dice } from '../L-launcher/fakes.ts'
import { makeKennel, readKennel } from '../support/kennel.ts'
import type { Kennel } from '../support/kennel.ts'
import { BareKernel, lines, session } from '../support/puppy.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const filled = (length: number, roll = dice(length)): Uint8Array => Uint8Array.from({ length }, () => 32 + roll(90))
const on = (image: Uint8Array, ...texts: string[]) => session(lines(...texts), ['--block', 'disk'], new BytesFile(image))
const DAMAGED = 'the disk is damaged: its directory contradicts itself\n'

describe('G:777 what may be wrong', () => {
  it.each([
    ['blank', new Uint8Array(5120), 'the disk is blank; format makes it ours\n'],
    ['a stranger\'s', filled(5120), 'the disk is not ours; format yes makes it so, and empty\n'],
    ['too small', new Uint8Array(4 * 512), 'there is no room for that\n'],
    ['cut short', makeKennel({}).subarray(0, 99 * 512), DAMAGED],
  ])('a disk that is %s is refused, and as it was', async (_what, image, text) => {
    const before = image.slice()
    const { answers, status } = await on(image, 'cat a', 'rm a', 'echo x | write a', 'ls')
    expect(answers.slice(0, 3)).toEqual([text, text, text])
    expect(answers[3]).toContain(text)
    expect(status).toBe(0)
    expect(image).toEqual(before)
  })

  it('agrees with a reader of our own about 1,500 spoilt directories (seed 777)', () => {
    const bare = new BareKernel()
    const roll = dice(777)
    const verdicts = new Set<boolean>()
    for (let round = 0; round < 1500; round++) {
      const sectors = 20 + roll(30)
      const image = makeKennel({ a: filled(1 + roll(2000)), bc: filled(roll(600)), d: new Uint8Array(0) }, 50)
      new DataView(image.buffer).setUint32(8, sectors, true)
      for (let n = roll(4); n > 0; n--) image[512 + roll(3) * 32 + roll(28)] = roll(3) ? roll(12) : roll(256)
      if (roll(8) === 0) image.set(image.slice(512, 544), 512 + 32 * roll(64))
      const verdict = readKennel(image)
      bare.machine.physical.writeBytes(bare.at('directory') - 0xc0000000, image.subarray(512, 512 + 2048))
      bare.set('kennel_sectors', sectors)
      const sane = bare.call('check_directory').eax === 0
      verdicts.add(sane)
      expect(sane, `round ${round}: ${verdict}`).toBe(typeof verdict !== 'string' || verdict.startsWith('the sum'))
    }
    expect(verdicts.size).toBe(2)
  })

  it('lives with any damage, and says so (seed 2007)', async () => {
    const roll = dice(2007)
    for (let round = 0; round < 6; round++) {
      const image = makeKennel({ a: filled(700), b: filled(100) })
      for (let n = 1 + roll(6); n > 0; n--) image[roll(2) ? roll(2560) : 512 + roll(64)] = roll(256)
      const { answers, status, out } = await on(image, 'ls', 'cat a', 'echo x | write c', 'rm b', 'cat c', 'echo alive')
      expect(out).not.toContain('panic')
      expect(answers[5], `round ${round}`).toBe('alive\n')
      expect(status).toBe(0)
    }
  })

  it('a file that is not what was written is not shown', async () => {
    const image = makeKennel({ a: bytes('one'), b: bytes('two') })
    image[5 * 512 + 1] ^= 1
    const { answers } = await on(image, 'cat a && echo no', 'cat b')
    expect(answers.slice(0, 2)).toEqual(['the file is damaged: it is not what was written\n', 'two'])
  })

  it('a disk that fails is said, and the directory read again', async () => {
    const image = makeKennel({ a: bytes('one') })
    const disk = new BytesFile(image)
    let failing = false
    const failingDisk = Object.create(disk, {
      readAt: { value: (at: number, into: Uint8Array) => disk.readAt(at, into) },
      size: { value: () => disk.size() },
      close: { value: () => {} },
      writeAt: { value: (at: number, data: Uint8Array) => {
        if (failing) throw new PlatformError('input/output error')
        disk.writeAt(at, data)
        failing = true
      } },
    })
    const { answers } = await session(lines('echo x | write b', 'cat b', 'cat a'), ['--block', 'disk'], failingDisk)
    expect(answers.slice(0, 3)).toEqual(['the disk could not be read or written\n', 'there is no such file\n', 'one'])
  })
})

describe('G:778 files', () => {
  it.each([0, 1, 511, 512, 513, 4096, 4097])('%i bytes come back, also to another reader', async (length) => {
    const image = makeKennel({ old: filled(900), given: filled(length) })
    const { answers } = await on(image, 'cat given | write copy', 'cat copy', 'rm old', 'cat given | write given')
    const given = new TextDecoder().decode(filled(length))
    expect(answers[1]).toBe(given)
    const { files } = readKennel(image) as Kennel
    expect([...files.keys()].sort()).toEqual(['copy', 'given'])
    for (const data of files.values()) expect(new TextDecoder().decode(data)).toBe(given)
  })

  it('format makes one of a blank disk, and needs a yes for any other', async () => {
    const image = new Uint8Array(40 * 512)
    const first = await on(image, 'format', 'echo a | write x', 'format', 'ls')
    expect(first.answers[2]).toBe('there is a file system already; format yes empties it\n')
    expect(first.answers[3]).toMatch(/\n {7}2 bytes {2}x\n$/)
    const second = await on(image, 'format yes', 'cat x')
    expect(second.answers[1]).toBe('there is no such file\n')
    expect(readKennel(image)).toEqual({ sectors: 40, files: new Map() })
    const stranger = filled(5120)
    const third = await on(stranger, 'format', 'format yes', 'echo b | write y')
    expect(third.answers[0]).toBe('the disk is not ours; format yes makes it so, and empty\n')
    expect((readKennel(stranger) as Kennel).files.get('y')).toEqual(bytes('b\n'))
  })

  it('a full disk, a full directory and bad names are refused', async () => {
    const image = makeKennel(Object.fromEntries(Array.from({ length: 63 }, (_, i) => [`f${i}`, filled(10)])), 70)
    const { answers } = await on(image, 'help | write big', 'echo | write one', 'echo | write two', 'rm f7', 'help | write big',
      'echo | write', 'echo | write "a b"', 'echo | write sixteen-letters!', 'rm', 'echo | write fifteen-letters')
    expect(answers.slice(0, 9)).toEqual(['there is no room for that\n', '', 'there is no room for that\n', '', 'there is no room for that\n',
      ...Array(3).fill('a name has 1 to 15 letters, and no spaces\n'), 'there is no such file\n'])
    expect((readKennel(image) as Kennel).files.size).toBe(64)
    expect((readKennel(image) as Kennel).files.has('fifteen-letters')).toBe(true)
  })

  it('a gap is used again, and random work agrees with a map (seed 778)', async () => {
    const roll = dice(778)
    const image = makeKennel({}, 60)
    const files = new Map<string, string>()
    const typed: string[] = []
    for (let i = 0; i < 30; i++) {
      const name = `n${roll(6)}`
      if (roll(4) === 0) {
        typed.push(`rm ${name}`)
        files.delete(name)
      } else {
        const text = 'x'.repeat(1 + roll(300))
        typed.push(`echo ${text} | write ${name}`)
        files.set(name, `${text}\n`)
      }
    }
    await on(image, ...typed)
    const found = [...(readKennel(image) as Kennel).files].map(([name, data]) => [name, new TextDecoder().decode(data)])
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(files))
  })

  it('whenever the power fails, each file is the old or the new one', async () => {
    const image = makeKennel({ a: bytes('old a\n'), b: filled(3000) }, 60)
    const before = image.slice()
    const log: [at: number, sector: Uint8Array][] = []
    const disk = new BytesFile(image)
    const { writeAt } = disk
    disk.writeAt = (at, data) => {
      for (let i = 0; i < data.length; i += 512) log.push([at + i, data.slice(i, i + 512)])
      return writeAt.call(disk, at, data)
    }
    await session(lines('help | write a', 'rm b', 'help | write c', 'echo new | write a'), ['--block', 'disk'], disk)
    expect(log.length).toBeGreaterThan(8)
    const seen = { a: new Set<number>(), b: new Set<unknown>(), c: new Set<unknown>() }
    for (const [at, sector] of [[0, before.subarray(0, 512)] as [number, Uint8Array], ...log]) {
      before.set(sector, at)
      const now = readKennel(before)
      if (typeof now === 'string') throw new Error(now)
      seen.a.add(now.files.get('a')!.length)
      seen.b.add(now.files.get('b')?.length)
      seen.c.add(now.files.get('c')?.length)
    }
    expect(seen.a.size).toBe(3)
    expect([...seen.b]).toEqual([3000, undefined])
    expect(seen.c.size).toBe(2)
  })
})
