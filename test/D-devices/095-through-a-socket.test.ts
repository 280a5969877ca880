import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readArguments } from '../../generated/launcher/arguments.ts'
import { framed, Unframer } from '../../generated/launcher/framing.ts'
import { NodePlatform } from '../../generated/launcher/node/platform.ts'
import { openStreamWire } from '../../generated/launcher/node/stream-wire.ts'
import type { StreamEnds, Wire } from '../../generated/launcher/platform.ts'
import { pause } from '../e2e/launching.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lguest-socket-'))
  chmodSync(folder, 0o755)
})
afterAll(() => rmSync(folder, { recursive: true }))

const frame = (length: number, byte = 1) => new Uint8Array(length).fill(byte)

/** Bytes as QEMU's documentation has them: big end first. */
const qemu = (...frames: Uint8Array[]) => Buffer.concat(frames.map((each) => {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(each.length)
  return Buffer.concat([length, each])
}))

async function until(what: () => boolean, most = 5000) {
  for (const end = Date.now() + most; !what();) {
    if (Date.now() > end) throw new Error(`waited in vain: ${String(what)}`)
    await pause(5)
  }
}

describe('D:095 frames in a stream', () => {
  it('stand behind their lengths', () => {
    expect([...framed(frame(14, 7))]).toEqual([0, 0, 0, 14, ...frame(14, 7)])
    expect(Buffer.from(framed(frame(65535)))).toEqual(qemu(frame(65535)))
  })

  it('come out whole, in whatever portions they came', () => {
    const seed = Date.now() % 1e9
    let state = seed
    const below = (most: number) => {
      state = Math.imul(state, 1103515245) + 12345 >>> 0
      return (state >>> 8) % most
    }
    const sent = Array.from({ length: 60 }, (_, i) => frame(14 + below(i % 7 ? 1500 : 60000), i))
    const bytes = qemu(...sent)
    const unframer = new Unframer()
    const found: Uint8Array[] = []
    for (let at = 0; at < bytes.length;) {
      const portion = bytes.subarray(at, at += 1 + below(at % 2 ? 9 : 4000))
      found.push(...unframer.take(portion)!)
    }
    expect(found.map((f) => Buffer.from(f).toString('hex')), `seed ${seed}`)
      .toEqual(sent.map((f) => Buffer.from(f).toString('hex')))
  })

  it.each([0, 13, 65536, 0xffffffff])('are none if one is %d bytes long', (length) => {
    const bytes = Buffer.concat([qemu(frame(20)), Buffer.alloc(4)])
    bytes.writeUInt32BE(length, 24)
    expect(new Unframer().take(bytes)).toBe(null)
  })
})

/** A peer of our own, and a wire to it. */
async function connected(said: string[] = []) {
  const server = createServer()
  const path = join(folder, `peer-${Math.random()}`)
  await new Promise<void>((resolve) => { server.listen(path, resolve); })
  const accepted = new Promise<Socket>((resolve) => { server.once('connection', resolve); })
  const wire = await openStreamWire({ kind: 'stream', path }, (line) => said.push(line))
  const peer = await accepted
  const close = () => { wire.close(); peer.destroy(); server.close(); }
  return { wire, peer, path, close }
}

describe('D:095 a wire through a socket', () => {
  it('carries frames both ways', async () => {
    const { wire, peer, close } = await connected()
    const came: Buffer[] = []
    peer.on('data', (data: Buffer) => came.push(data))
    let roused = 0
    wire.onReady = () => roused++
    wire.send(frame(60, 3))
    wire.send(frame(1514, 4))
    peer.write(qemu(frame(42, 5), frame(14, 6)).subarray(0, 50))
    await until(() => wire.ready() && Buffer.concat(came).length >= 1582)
    expect(Buffer.concat(came)).toEqual(qemu(frame(60, 3), frame(1514, 4)))
    expect(roused).toBe(1)
    expect([...wire.receive()!]).toEqual([...frame(42, 5)])
    expect([wire.ready(), wire.receive()]).toEqual([false, null])
    peer.write(qemu(frame(42, 5), frame(14, 6)).subarray(50))
    await until(() => wire.ready())
    expect([...wire.receive()!]).toEqual([...frame(14, 6)])
    close()
  })

  it('loses nothing when the Guest is slow, and keeps little', async () => {
    const { wire, peer, close } = await connected()
    const MANY = 20000
    for (let i = 0; i < MANY; i++) {
      const each = frame(1000)
      new DataView(each.buffer).setUint32(0, i)
      peer.write(qemu(each))
    }
    await until(() => wire.ready())
    await pause(200)
    const held = peer.writableLength
    expect(held, 'the other end waits').toBeGreaterThan(MANY * 1000 / 2)
    for (let i = 0; i < MANY; i++) {
      if (!wire.ready()) await until(() => wire.ready())
      const got = wire.receive()!
      if (new DataView(got.buffer, got.byteOffset).getUint32(0) !== i) throw new Error(`frame ${i}`)
    }
    close()
  })

  it('loses what the other end does not take, and keeps little', async () => {
    const { wire, peer, close } = await connected()
    peer.pause()
    const before = process.memoryUsage().arrayBuffers
    for (let i = 0; i < 20000; i++) wire.send(frame(10000))
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20e6)
    close()
  })

  it('says once that the other end has gone, and goes on', async () => {
    const said: string[] = []
    const { wire, peer, path, close } = await connected(said)
    peer.end()
    await until(() => said.length > 0)
    for (let i = 0; i < 100; i++) wire.send(frame(60))
    await pause(20)
    expect(said).toEqual([`lguest: the wire to ${path}: the other end has closed it`])
    expect(wire.receive()).toBe(null)
    close()
  })

  it('closes on somebody who speaks no frames', async () => {
    const said: string[] = []
    const { wire, peer, path, close } = await connected(said)
    const closed = new Promise((resolve) => { peer.on('close', resolve); })
    peer.on('error', () => {})
    peer.write('GET / HTTP/1.1\r\n\r\n')
    await closed
    wire.send(frame(60))
    expect(said).toEqual([`lguest: the wire to ${path}: `
      + 'what comes is no Ethernet in frames of QEMU'])
    close()
  })

  it('is refused in one line if nobody listens', async () => {
    const platform = new NodePlatform()
    writeFileSync(join(folder, 'file'), '')
    const to = (ends: object) => platform.openWire({ kind: 'stream', ...ends } as StreamEnds)
    await expect(to({ path: join(folder, 'none') })).rejects.toThrow(/none: no such file$/)
    await expect(to({ path: join(folder, 'file') })).rejects.toThrow(/file: (it is no socket|nobody listens there)$/)
    const server: Server = createServer()
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); })
    const { port } = server.address() as AddressInfo
    const wire = await to({ host: '127.0.0.1', port })
    wire.close()
    await new Promise((resolve) => { server.close(resolve); })
    await expect(to({ host: '127.0.0.1', port }))
      .rejects.toThrow(`127.0.0.1, port ${port}: nobody listens there`)
  })
})

const has = (program: string, ...args: string[]) => {
  try {
    execFileSync(program, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Asks the other end who has an address; the answer's frame. */
async function resolved(wire: Wire, ours: number[], wanted: number[]): Promise<Uint8Array> {
  const MAC = [2, 1, 2, 3, 4, 5]
  wire.send(Uint8Array.of(255, 255, 255, 255, 255, 255, ...MAC, 8, 6,
    0, 1, 8, 0, 6, 4, 0, 1, ...MAC, ...ours, 0, 0, 0, 0, 0, 0, ...wanted))
  for (;;) {
    await until(() => wire.ready())
    const answer = wire.receive()!
    if (answer[12] === 8 && answer[13] === 6 && answer[21] === 2) return answer
  }
}

async function behindSocket(
  program: string, args: string[], path: string, use: (wire: Wire) => Promise<void>,
) {
  const child: ChildProcess = spawn(program, args, { stdio: 'ignore' })
  try {
    await until(() => existsSync(path), 10000)
    await pause(100)
    const wire = await openStreamWire({ kind: 'stream', path }, () => {})
    await use(wire)
    wire.close()
  } finally {
    child.kill('SIGKILL')
  }
}

describe('D:095 in company', () => {
  it.skipIf(!has('qemu-system-i386', '--version'))(
    'finds the router that QEMU brings along', async () => {
      const path = join(folder, 'qemu')
      const port = (id: string, of: string) => ['-netdev', `hubport,hubid=0,id=${id},netdev=${of}`]
      await behindSocket('qemu-system-i386', ['-M', 'none', '-display', 'none', '-monitor', 'none',
        '-serial', 'none', '-netdev', 'user,id=user', '-netdev',
        `stream,id=wire,server=on,addr.type=unix,addr.path=${path}`,
        ...port('one', 'user'), ...port('other', 'wire')], path, async (wire) => {
        const answer = await resolved(wire, [10, 0, 2, 15], [10, 0, 2, 2])
        expect([...answer.subarray(0, 6)]).toEqual([2, 1, 2, 3, 4, 5])
        expect([...answer.subarray(28, 32)]).toEqual([10, 0, 2, 2])
      })
    }, 20000)

  it.skipIf(!has('passt', '--version'))('finds the router that is passt', async () => {
    const path = join(folder, 'passt')
    const root = process.getuid?.() === 0 ? ['--runas', '0'] : []
    await behindSocket('passt', [...root, '--foreground', '--quiet', '--socket', path,
      '--address', '10.9.8.2', '--netmask', '24', '--gateway', '10.9.8.1', '--ipv4-only'],
    path, async (wire) => {
      const answer = await resolved(wire, [10, 9, 8, 2], [10, 9, 8, 1])
      expect([...answer.subarray(0, 6)]).toEqual([2, 1, 2, 3, 4, 5])
      expect([...answer.subarray(28, 32)]).toEqual([10, 9, 8, 1])
    })
  }, 20000)
})

describe('D:095 --socketnet', () => {
  const ends = (text: string) => {
    const plan = readArguments([`--socketnet=${text}`, '32', 'k'])
    if ('text' in plan) throw new Error(plan.text)
    return plan.devices
  }

  it('names a path, or a host and a port', () => {
    expect(ends('unix:/tmp/a:b')).toEqual([
      { kind: 'wire', ends: { kind: 'stream', path: '/tmp/a:b' } }])
    expect(ends('tcp:far.example:7')).toEqual([
      { kind: 'wire', ends: { kind: 'stream', host: 'far.example', port: 7 } }])
    expect(ends('tcp:::1:7')).toEqual([
      { kind: 'wire', ends: { kind: 'stream', host: '::1', port: 7 } }])
  })

  it('refuses what is no socket', () => {
    for (const text of ['', '/tmp/x', 'unix:', 'tcp:7', 'tcp:h:0', 'tcp:h:70000', 'udp:h:7']) {
      expect(() => ends(text)).toThrow('is no socket')
    }
  })
})
