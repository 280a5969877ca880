/** Several Guests: their command line, their networks, their terminal. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readGuests } from '../../generated/launcher/arguments.ts'
import { Farewell } from '../../generated/launcher/farewell.ts'
import { guestsFile, readGuestsFile } from '../../generated/launcher/guests-file.ts'
import { Hubs } from '../../generated/launcher/hubs.ts'
import { breakGround } from '../../generated/launcher/launch.ts'
import { PUPPY } from '../../generated/launcher/plan.ts'
import type { Plan } from '../../generated/launcher/plan.ts'
import type { ConsoleInput, Platform } from '../../generated/launcher/platform.ts'
import { Switchboard } from '../../generated/launcher/switchboard.ts'
import { Terminal, throughPipes } from '../e2e/launching.ts'
import { FakePlatform } from '../L-launcher/fakes.ts'

const plans = (line: string) => readGuests(line.split(' ').filter(Boolean)) as readonly Plan[]
const bytes = (text: string) => new TextEncoder().encode(text)
const text = (...all: Uint8Array[]) => new TextDecoder().decode(Buffer.concat(all))

describe('D:320 one command line for several', () => {
  test('one Guest without the word, several with it', () => {
    expect(plans('')).toHaveLength(1)
    expect(plans('--guest')).toHaveLength(1)
    const [puppy, linux] = plans('--guest -m 8 --guest --initrd=i 64 vmlinux quiet --block=x')
    expect([puppy.kernel, puppy.memory]).toEqual([null, 8 << 20])
    expect([linux.kernel, linux.initrd, linux.kernelArguments]).toEqual(['vmlinux', 'i', ['quiet', '--block=x']])
  })

  test('what stands before the first holds for all, and each has its own card of it', () => {
    const [a, b] = plans('--net=lan -v --guest --guest --net=other 64 k')
    expect([a.verbose, b.verbose]).toEqual([true, true])
    expect(a.devices).toEqual([{ kind: 'wire', ends: { kind: 'net', name: 'lan' } }])
    expect(b.devices).toHaveLength(2)
    expect(a.devices[0]).not.toBe(b.devices[0])
  })

  test.each([
    ['64 vmlinux --guest 64 other', 'KERNEL stands behind its --guest'],
    ['--deterministic --guest --guest', 'only one Guest at a time can be deterministic'],
    ['--guest 64 k --guest 64', "'64' alone is not enough"],
    ['--guest --nonsense', 'unknown option'],
  ])('%s', (line, complaint) => {
    expect(() => plans(line)).toThrow(complaint)
  })

  test('help and version are printed from wherever they stand', () => {
    expect(readGuests(['--help'])).toMatchObject({ text: expect.stringContaining('--guest') })
    expect(readGuests(['--guest', '--version'])).toHaveProperty('text')
  })

  test('a frame reaches all others on its network, once each, as a copy', () => {
    const hubs = new Hubs()
    const [a, b, c, d] = ['lan', 'lan', 'lan', 'other'].map((name) => hubs.join(name))
    const frame = bytes('a frame of some bytes')
    a.send(frame)
    frame[0] = 0
    expect([a, b, c, d].map((wire) => wire.ready())).toEqual([false, true, true, false])
    expect(text(b.receive()!)).toBe('a frame of some bytes')
    c.close()
    b.send(frame)
    c.receive()
    expect([a.ready(), c.ready()]).toEqual([true, false])
  })

  test('who never fetches its frames keeps no more than a few, and nobody from the rest', () => {
    const hubs = new Hubs()
    const [a, b] = [hubs.join('n'), hubs.join('n')]
    for (let i = 0; i < 2000; i++) a.send(Uint8Array.of(i & 255))
    let count = 0
    while (b.receive() !== null) count++
    expect(count).toBe(512)
  })
})

describe('D:322 a file of Guests', () => {
  const read = (text: string, ...others: string[]) => readGuestsFile('guests', text, others) as readonly Plan[]

  test('an option a line, its value to the end; the kernel line is cut; comments and blanks are nothing', () => {
    const [puppy, linux] = read('# three\n\n  --net=lan\n--guest\n--memory 16m\n\n--guest\r\n# a disk\n'
      + '--block a disk.img\n64  bzImage quiet a#b\n')
    expect([puppy.memory, puppy.kernel]).toEqual([16 << 20, null])
    expect(puppy.devices).toEqual([{ kind: 'wire', ends: { kind: 'net', name: 'lan' } }])
    expect(linux.devices[1]).toEqual({ kind: 'block', path: 'a disk.img' })
    expect([linux.kernel, linux.kernelArguments]).toEqual(['bzImage', ['quiet', 'a#b']])
  })

  test('is what the same words are on a command line; other words hold for all', () => {
    expect(read('--guest\n--guest\n64 k', '--verbose')).toEqual(plans('--verbose --guest --guest 64 k'))
    expect(read('--block=x\n64 k root=/dev/vda')).toEqual(plans('--block=x 64 k root=/dev/vda'))
    expect(read('')).toEqual(plans(''))
  })

  test.each([
    ['--net=lan\n--guest\n--nonsense=1\n', 'guests:3: unknown option'],
    ['# x\n64 kernel\n--guest\n', 'guests:3: KERNEL stands behind'],
    ['--guest\n64\n', "guests:2: '64' alone is not enough"],
    ['--guest\n--guest\n\n--memory lots', "guests:4: memory size 'lots'"],
    ['--guest\n--mtu=1500', 'guests:2: what is said of a network'],
    ['--guest\n--guests other', 'guests:2: --guests FILE stands before'],
    ['--deterministic\n--guest\n--guest', 'guests: only one Guest at a time'],
  ])('%j: %s', (text, complaint) => {
    expect(() => read(text)).toThrow(complaint)
  })

  test('is asked for first, in one word or two', () => {
    expect(guestsFile(['--guests', 'f', '-v'])).toEqual({ path: 'f', others: ['-v'] })
    expect(guestsFile(['--guests=f'])).toEqual({ path: 'f', others: [] })
    for (const words of [[], ['--guest'], ['64', 'k', '--guests=f'], ['--guests']]) expect(guestsFile(words)).toBe(null)
    expect(() => readGuests(['-v', '--guests=f'])).toThrow('--guests FILE stands before all other words')
  })

  test('boots what it says, or says in one line why not', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lguest-guests-'))
    const file = join(folder, 'two')
    writeFileSync(file, '# two Puppies\n--memory=4m\n--guest\n--guest\n')
    const { status, out } = await throughPipes(['--guests', file], 'halt\n')
    expect(status).toBe(0)
    expect(out).toMatch(/^1\| Puppy wakes in ring 1:\n(?:.*\n)*?1\| 4096 KiB/m)
    expect(out).toMatch(/^2\| Puppy wakes in ring 1:\n(?:.*\n)*?2\| 4096 KiB/m)
    writeFileSync(file, '--guest\n\n--memory=lots\n')
    expect(await throughPipes(['--guests', file])).toMatchObject({ status: 1, out: '',
      err: expect.stringMatching(/^lguest: .*two:3: memory size 'lots' .*\n$/) })
    expect((await throughPipes([`--guests=${folder}/none`])).err)
      .toBe(`lguest: Failed to open ${folder}/none: no such file\n`)
    rmSync(folder, { recursive: true })
  }, 60_000)
})

/** A board before a terminal that nobody sits at. */
function board(count: number, isTerminal = true) {
  const typedAhead: Uint8Array[] = []
  const printed: Uint8Array[] = []
  const complaints: string[] = []
  const console_ = {
    isTerminal, onReady: () => {}, setRaw: () => {}, request: () => {},
    ready: () => typedAhead.length > 0, read: () => typedAhead.shift()!, waiting: () => typedAhead, takeNews: () => [], hasNews: false,
    onResize: () => {}, size: () => ({ columns: 80, rows: 24 }),
  } as ConsoleInput
  let now = 0
  const platform = {
    console: console_, now: () => now,
    print: (b: Uint8Array) => { printed.push(b.slice()); return b.length },
    complain: (line: string) => { complaints.push(line) },
  } as unknown as Platform
  const made = new Switchboard(platform, Array.from({ length: count }, (_, i) => `k${i + 1}`))
  const guests = Array.from({ length: count }, (_, i) => made.platform(i))
  const type = (what: string) => { typedAhead.push(bytes(what)); console_.onReady() }
  const heard = (i: number) => {
    const all: Uint8Array[] = []
    while (guests[i].console.ready()) all.push(guests[i].console.read(100))
    return text(...all)
  }
  const screen = () => text(...printed.splice(0))
  const resize = () => { console_.onResize() }
  const prints = () => printed.length
  return { made, guests, type, heard, screen, prints, resize, complaints, later: (us: number) => { now += us } }
}

describe('D:324 one terminal for several', () => {
  test('who is in front hears and is seen; the others are kept', () => {
    const b = board(2)
    b.type('abc')
    expect([b.heard(0), b.heard(1)]).toEqual(['abc', ''])
    b.guests[0].print(bytes('one'))
    b.guests[1].print(bytes('two'))
    expect(b.screen()).toBe('one')
    b.type('x\x1d2y')
    expect(b.screen()).toBe('\r\n[Guest 2: k2]\r\ntwo')
    expect([b.heard(0), b.heard(1)]).toEqual(['x', 'y'])
  })

  test('all are told of a window that was drawn larger, and know its size', () => {
    const b = board(2)
    const told: number[] = []
    b.guests.forEach((guest, i) => { guest.console.onResize = () => { told.push(i) } })
    b.resize()
    expect(told).toEqual([0, 1])
    expect(b.guests[1].console.size()).toEqual({ columns: 80, rows: 24 })
  })

  test('the key and its command may come in two reads; ^] ^] is a ^]', () => {
    const b = board(3)
    b.type('\x1d')
    b.type('3')
    b.type('hello')
    expect(b.heard(2)).toBe('hello')
    b.type('\x1d\x1d')
    expect(b.heard(2)).toBe('\x1d')
    b.type('\x1dn')
    b.type('first')
    expect(b.heard(0)).toBe('first')
  })

  test('unknown commands, and Guests that are not there, change nothing', () => {
    const b = board(2)
    b.type('\x1d?')
    expect(b.screen()).toContain('leave')
    b.type('\x1d9')
    b.type('still')
    expect(b.heard(0)).toBe('still')
  })

  test('the oldest of what is kept goes first', () => {
    const b = board(2)
    for (let i = 0; i < 50; i++) b.guests[1].print(new Uint8Array(1000).fill(65 + i % 26))
    b.type('\x1d2')
    const kept = b.screen()
    expect(kept.length).toBeGreaterThan(30_000)
    expect(kept.length).toBeLessThan(35_000)
    expect(kept.endsWith(String.fromCharCode(65 + 49 % 26))).toBe(true)
  })

  test('what is kept is the end of it, in however small or large pieces it comes; nothing is kept of nothing', () => {
    const b = board(2)
    const all = new Uint8Array(200_000).map((_, i) => 65 + i % 26)
    b.guests[1].print(all.subarray(0, 100_000))
    for (let i = 100_000; i < all.length; i++) {
      b.guests[1].print(all.subarray(i, i + 1))
      b.guests[1].print(new Uint8Array(0))
    }
    b.type('\x1d2')
    expect(b.prints()).toBe(2)
    const kept = b.screen().replace(/.*\r\n/s, '')
    expect(kept.length).toBeGreaterThan(30_000)
    expect(text(all).endsWith(kept)).toBe(true)
  })

  test('three ^C throw out the one in front, wherever it reads next', () => {
    const b = board(2)
    b.type('\x1d2')
    for (let i = 0; i < 3; i++) b.type('\x03')
    expect(b.guests[0].console.ready()).toBe(false)
    expect(b.guests[1].console.ready()).toBe(true)
    expect(() => b.guests[1].console.read(1)).toThrow(Farewell)
    expect(b.guests[1].console.hasNews).toBe(true)
    expect(() => b.guests[1].console.takeNews()).toThrow(Farewell)
  })

  test('^] c is three ^C for the Guest; ^] x throws out everybody', () => {
    const b = board(2)
    b.type('\x1dc')
    expect(b.heard(0)).toBe('\x03\x03\x03')
    b.type('\x1dx')
    for (const guest of b.guests) expect(() => guest.console.read(1)).toThrow(Farewell)
  })

  test('a Guest that ends gives its place to the next', () => {
    const b = board(3)
    b.made.end(1, 'powered off')
    b.made.end(0, 'a reason')
    expect(b.complaints).toEqual(['lguest: Guest 2 (k2): powered off', 'lguest: Guest 1 (k1): a reason'])
    b.type('z')
    expect(b.heard(2)).toBe('z')
  })

  test('in a pipe every line has its Guest\'s number, and the last one its end', () => {
    const b = board(2, false)
    b.guests[0].print(bytes('on'))
    b.guests[1].print(bytes('a\nb'))
    b.guests[0].print(bytes('e\ntwo\n'))
    expect(b.screen()).toBe('2| a\n1| one\n1| two\n')
    b.made.end(1, 'left')
    expect(b.screen()).toBe('2| b\n')
  })

  test('sixty thousand lines in one piece are printed in one piece', () => {
    const b = board(2, false)
    b.guests[1].print(bytes('begun '))
    b.guests[1].print(bytes('\n'.repeat(60_000) + 'then'))
    expect(b.prints()).toBeLessThan(3)
    expect(b.screen()).toBe('2| begun \n' + '2| \n'.repeat(59_999))
  })

  test('a line without end is broken', () => {
    const b = board(2, false)
    b.guests[0].print(new Uint8Array(10_000).fill(65))
    expect(b.screen().match(/1\| /g)).toHaveLength(2)
  })
})

describe('D:328 all of them at once', () => {
  test('have together the turn of one, and each a least turn', async () => {
    const sliceOf = async (guests: number) => {
      const ground = await breakGround({ ...PUPPY, memory: 2 << 20 }, new FakePlatform(), guests)
      return ground.host.slice
    }
    expect([await sliceOf(1), await sliceOf(3), await sliceOf(16)]).toEqual([100_000, 33_334, 10_000])
  })

  test('three Puppies in a pipe: the first is told to end, the others end with their input', async () => {
    const { status, out, err } = await throughPipes(['--guest', '--guest', '--guest'], 'echo hello\nhalt\n')
    expect(status, err).toBe(0)
    expect(out).toMatch(/^1\| hello$/m)
    expect(err.match(/powered off/g)).toHaveLength(3)
  }, 60_000)

  test('one that cannot be booted ends in a line; the worst status is the Launcher\'s', async () => {
    const { status, err } = await throughPipes(['--guest', '--guest', '64', '/no/such/kernel', '--guest', '64', '/no/other/kernel'], 'halt\n')
    expect(status).toBe(1)
    expect(err).toMatch(/Guest 2 \(such\/kernel\): .*no such file/i)
    expect(err).toMatch(/Guest 3 \(other\/kernel\): .*no such file/i)
    expect(err).toContain('Guest 1 (Puppy): powered off')
  }, 60_000)

  test('sixteen Guests; the seventeenth is refused, and the sixteen live', async () => {
    const args = Array.from({ length: 17 }, () => ['--guest', '-m', '8']).flat()
    const { status, out, err } = await throughPipes(args, 'echo all here\nhalt\n')
    expect(err).toContain('Guest 17 (Puppy): Writing to /dev/lguest: error 28')
    expect(err.match(/powered off/g)).toHaveLength(16)
    expect(out).toContain('1| all here')
    expect(status).toBe(1)
  }, 120_000)

  test('at a terminal: switch, type, come back, leave', async () => {
    const terminal = new Terminal('node bin/lguest.mjs --guest --guest; echo status:$?')
    try {
      await terminal.see('puppy> ', 60)
      terminal.type('\x1d2')
      await terminal.see('[Guest 2: Puppy]')
      terminal.type('\recho in the second\r')
      await terminal.see('\nin the second')
      terminal.type('\x1d1\recho in the first\r')
      await terminal.see('\nin the first')
      terminal.type('halt\r')
      await terminal.see('Guest 1 (Puppy): powered off')
      await terminal.see('[Guest 2: Puppy]')
      terminal.type('\x1dx')
      await terminal.see('status:2')
    } finally {
      terminal.kill()
    }
  }, 90_000)

  test('one Guest at a terminal knows the key, too', async () => {
    const terminal = new Terminal('node bin/lguest.mjs; echo status:$?')
    try {
      await terminal.see('puppy> ', 60)
      terminal.type('echo a\x1d\x1d\r')
      await terminal.see('puppy> ')
      terminal.type('\x1dx')
      await terminal.see('status:2')
    } finally {
      terminal.kill()
    }
  }, 90_000)
})
