import { deflateRawSync } from 'node:zlib'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { PageConsole } from '../../generated/launcher/browser/console.ts'
import { keptDisk } from '../../generated/launcher/browser/kept-disk.ts'
import type { SyncHandle } from '../../generated/launcher/browser/kept-disk.ts'
import { PagePlatform } from '../../generated/launcher/browser/platform.ts'
import { Session } from '../../generated/launcher/browser/session.ts'
import type { News, Order } from '../../generated/launcher/browser/session.ts'
import { Shelf } from '../../generated/launcher/browser/shelf.ts'
import { PageTime } from '../../generated/launcher/browser/time.ts'
import { BytesFile } from '../../generated/launcher/bytes-file.ts'
import { PlatformError } from '../../generated/launcher/platform.ts'
import { bytes, inflated, text } from '../L-launcher/fakes.ts'

const pause = (milliseconds: number) =>
  new Promise((resolve) => { setTimeout(resolve, milliseconds) })

/** A session's news and its screen, once it has ended. */
async function played(order: Partial<Order>, meanwhile = (_: Session, __: () => string) => {}) {
  const news: News[] = []
  const screen = () => text(Uint8Array.from(news.flatMap((one) => 'printed' in one ? [...one.printed] : [])))
  const session = new Session(
    { plan: { deterministic: true }, script: [], closing: true, ...order }, (one) => {
      news.push(one)
      if ('printed' in one) meanwhile(session, screen)
    })
  const status = await session.run()
  return { news, status, screen: screen() }
}

describe('D:400 the console of a page', () => {
  it('keeps chunks apart, and wakes whoever waits', () => {
    const console = new PageConsole()
    let woken = 0
    console.onReady = () => { woken++ }
    expect(console.ready()).toBe(false)
    console.type('ab\r')
    console.type('\x03')
    console.type('')
    expect(woken).toBe(2)
    expect(text(console.read(2))).toBe('ab')
    expect(text(console.read(100))).toBe('\n')
    expect([...console.read(100)]).toEqual([3])
    expect(console.ready()).toBe(false)
    console.end()
    expect(console.ready()).toBe(true)
    expect(console.read(1)).toHaveLength(0)
  })
})

describe('D:410 files of a page', () => {
  it('are those that were given', () => {
    const shelf = new Shelf()
    shelf.files.set('vmlinuz', new BytesFile(bytes('kernel')))
    const platform = new PagePlatform(shelf, { printed() {}, complained() {}, idle() {} })
    expect(platform.open('vmlinuz').size()).toBe(6)
    expect(() => platform.open('other')).toThrow(new PlatformError('no such file'))
  })

  it('kept by the browser read and write at offsets, and are flushed when closed', () => {
    const did: string[] = []
    const store = new BytesFile(bytes('0123456789'))
    const handle: SyncHandle = {
      getSize: () => store.size(),
      read: (into, { at }) => store.readAt(at, into),
      write: (data, { at }) => store.writeAt(at, data),
      flush: () => { did.push('flush') },
      close: () => { did.push('close') },
    }
    const disk = keptDisk(handle)
    const into = new Uint8Array(4)
    expect(disk.readAt(8, into)).toBe(2)
    expect(disk.writeAt(9, bytes('abc'))).toBe(3)
    expect(disk.size()).toBe(12)
    disk.close()
    expect(did).toEqual(['flush'])
  })

  it('that are full say so', () => {
    const disk = keptDisk({ write() { throw new DOMException('', 'QuotaExceededError') } } as never)
    expect(() => disk.writeAt(0, bytes('x'))).toThrow(new PlatformError('the browser gives no more space'))
  })
})

describe('D:420 a wire of a page', () => {
  it('carries frames both ways, and loses the newest when nobody fetches', async () => {
    const { port1, port2 } = new MessageChannel()
    const shelf = new Shelf()
    shelf.wires.set(1, port1)
    shelf.wires.set(2, port2)
    const ends = (port: number) => ({ kind: 'udp' as const, port, peerHost: '', peerPort: 0 })
    const [here, there] = [shelf.wire(ends(1)), shelf.wire(ends(2))]
    const arrived = new Promise<void>((resolve) => { there.onReady = resolve })
    here.send(bytes('frame'))
    await arrived
    expect(text(there.receive()!)).toBe('frame')
    expect(there.receive()).toBe(null)
    for (let i = 0; i < 600; i++) there.send(Uint8Array.of(i >> 8, i))
    port2.postMessage('no frame')
    await pause(50)
    const frames = []
    while (here.ready()) frames.push(here.receive()!)
    expect(frames).toHaveLength(512)
    expect([...frames[511]]).toEqual([1, 255])
    here.close()
    there.close()
    port1.close()
    expect(() => shelf.wire(ends(3))).toThrow('no wire at 3')
    expect(() => shelf.wire({ kind: 'stream', path: '/x' })).toThrow('a page has no sockets')
  })
})

describe('D:430 time that can stop', () => {
  it('stands while it is stopped, and nobody notices', async () => {
    const time = new PageTime()
    time.stop()
    const before = time.now()
    let rang = false
    let breathed = false
    time.after(1000, () => { rang = true })
    time.breathe().then(() => { breathed = true })
    const cancel = time.after(1000, () => { throw new Error('it was cancelled') })
    await pause(60)
    expect(time.now()).toBe(before)
    expect([rang, breathed]).toEqual([false, false])
    cancel()
    time.goOn()
    expect(time.now() - before).toBeLessThan(20_000)
    await pause(60)
    expect([rang, breathed]).toEqual([true, true])
    expect(time.now() - before).toBeGreaterThan(40_000)
    time.close()
  })

  it('lets others have a turn, and cancels timers', async () => {
    const time = new PageTime()
    const order: string[] = []
    setTimeout(() => order.push('other'), 0)
    time.after(0, () => order.push('cancelled'))()
    while (order.length === 0) await time.breathe()
    await pause(20)
    expect(order).toEqual(['other'])
    time.close()
  })
})

describe('D:440 the platform of a page', () => {
  it('gathers what is printed, and complains after it', () => {
    const heard: string[] = []
    const platform = new PagePlatform(new Shelf(), {
      printed: (data) => { heard.push(text(data)) },
      complained: (line) => { heard.push(`! ${line}`) },
      idle: () => {},
    })
    platform.print(bytes('ab'))
    platform.print(bytes('c'))
    platform.complain('oh')
    platform.flush()
    platform.print(bytes('d'))
    platform.flush()
    expect(heard).toEqual(['abc', '! oh', 'd'])
    platform.time.close()
  })

  it('inflates what is followed by other things, within limits', async () => {
    const platform = new PagePlatform(new Shelf(), { printed() {}, complained() {}, idle() {} })
    const trailing = Uint8Array.from([...deflateRawSync(bytes('kernel'.repeat(100))), 1, 2, 3])
    expect(await inflated(platform, trailing, 600)).toBe('kernel'.repeat(100))
    await expect(inflated(platform, trailing, 599)).rejects.toThrow('too long')
    await expect(inflated(platform, bytes('no deflate'), 600)).rejects.toThrow()
    const random = new Uint8Array(200_000)
    platform.random(random)
    expect(random.subarray(-64).some((byte) => byte !== 0)).toBe(true)
    platform.time.close()
  })
})

describe('D:450 a session', () => {
  it('boots Puppy, types its script, and ends with the input', async () => {
    const { screen, status, news } = await played({ script: ['echo one\necho two\n', 'echo three | upper\n'] })
    expect(screen).toContain('puppy> echo one\none\npuppy> echo two\ntwo\npuppy> echo three | upper\nTHREE\n')
    expect(status).toBe(0)
    expect(news.at(-1)).toEqual({ ended: 0 })
  })

  it('repeats to the letter', async () => {
    const script = ['spin 20\nps\n', 'uptime\nbench\n']
    expect((await played({ script })).screen).toBe((await played({ script })).screen)
  })

  it('types a chunk only once the Guest has nothing to do', async () => {
    const { screen } = await played({ script: ['sleep 5000\n', '\x03', 'echo awake\n'] })
    expect(screen).toContain('awake')
    const { screen: slept } = await played({ script: ['sleep 50\n', 'uptime\n'] })
    expect(slept).toMatch(/up 0\.\d+ seconds/)
  })

  it('tells of a Guest that dies, after its last words', async () => {
    const { news, status } = await played({ script: ['crash panic\n'] })
    expect(status).toBe(1)
    expect(news.at(-1)).toEqual({ ended: 1 })
    expect(news.at(-2)).toMatchObject({ complained: expect.stringContaining('lguest: ') })
  })

  it('says in a line what was not on the shelf', async () => {
    const { news, status } = await played({ plan: { kernel: 'vmlinux' } })
    expect(status).toBe(1)
    expect(news).toEqual([{ complained: "lguest: Failed to open vmlinux: no such file" }, { ended: 1 }])
  })

  it('in real time answers keys, and stands still while it is paused', async () => {
    let step = 0
    const { screen, status } = await played({ plan: {}, closing: false, script: ['echo up\n'] }, (session, seen) => {
      if (step === 0 && seen().includes('\nup\n')) {
        step = 1
        session.pause(true)
        session.type('echo keys that waited\r')
        const before = seen()
        setTimeout(() => {
          if (seen() === before) step = 2
          session.pause(false)
        }, 60)
      } else if (step === 2 && seen().includes('\nkeys that waited\n')) {
        step = 3
        session.type('halt\r')
      }
    })
    expect(screen).toContain('keys that waited')
    expect([step, status]).toEqual([3, 0])
  })

  it.each([[], ['halt\n']])('keeps what a reader types until the script is through: %j', async (...after) => {
    let typing = true
    const { screen, status } = await played({ plan: {}, closing: false, script: ['echo one\n', 'echo two\n'] }, (session, seen) => {
      if (typing && seen().includes('puppy>')) {
        typing = false
        for (const key of 'echo three\r') session.type(key)
        for (const keys of after) session.type(keys)
      }
      if (after.length === 0 && seen().includes('\nthree\n')) session.type('halt\r')
    })
    expect(screen).toContain('puppy> echo one\none\npuppy> echo two\ntwo\npuppy> echo three\nthree\n')
    expect(status).toBe(0)
  })

  it('but not ^C', async () => {
    let stopped = false
    const { screen } = await played({ plan: {}, closing: false, script: ['spin 20000\n', 'halt\n'] }, (session, seen) => {
      if (stopped || !seen().includes('spin 20000\n')) return
      stopped = true
      session.type('\x03')
    })
    expect(screen, 'long before twenty seconds').toMatch(/spin 20000\n+puppy> halt/)
  })
})

describe('D:460 counts', () => {
  it('are told at the end at the latest, and agree with one another', async () => {
    const { news } = await played({ script: ['ps\n'], counting: true })
    const last = news.findLast((one) => 'counted' in one)
    expect(last).toBeDefined()
    const { instructions, switches, traps, calls, interrupts } = (last as { counted: any }).counted
    expect(instructions).toBeGreaterThan(100_000)
    expect(switches).toBe(traps.reduce((sum: number, [, times]: [string, number]) => sum + times, 0))
    expect(traps.find(([name]: [string]) => name === 'page fault')[1]).toBeGreaterThan(10)
    expect(calls.find(([name]: [string]) => name === 'SEND_DMA')[1]).toBeGreaterThan(2)
    expect(interrupts.length).toBeGreaterThan(0)
  })
})

describe('D:470 the Worker', () => {
  it('is made for a browser: no part of it wants Node', async () => {
    const { warnings, metafile } = await build({ entryPoints: ['generated/launcher/browser/worker.ts'],
      bundle: true, write: false, metafile: true, platform: 'browser', logLevel: 'silent' })
    expect(warnings).toEqual([])
    const packages = Object.keys(metafile.inputs).filter((path) => path.startsWith('node_modules/'))
    expect(packages.every((path) => path.startsWith('node_modules/fflate/'))).toBe(true)
  })
})
