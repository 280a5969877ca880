import { execFileSync } from 'node:child_process'
import {
  closeSync, constants, mkdtempSync, openSync, readdirSync, readFileSync, readSync, rmSync, symlinkSync, writeFileSync,
  writeSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { BytesFile } from '../../generated/launcher/bytes-file.ts'
import { openFile } from '../../generated/launcher/node/files.ts'
import { Output } from '../../generated/launcher/node/output.ts'
import { NodePlatform } from '../../generated/launcher/node/platform.ts'
import { PlatformError } from '../../generated/launcher/platform.ts'
import { bytes, inflated, text } from './fakes.ts'

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>()
  return { ...fs, writeSync: vi.fn(fs.writeSync) }
})

const folder = mkdtempSync(join(tmpdir(), 'lguest-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('L:125 files', () => {
  const path = join(folder, 'file')
  const files = {
    'on a disk': (content: string) => {
      writeFileSync(path, content)
      return openFile(path, 'read-write')
    },
    'of bytes': (content: string) => new BytesFile(bytes(content)),
  }

  it.each(Object.entries(files))('%s read, write and grow', (_name, make) => {
    const file = make('0123456789')
    expect(file.size()).toBe(10)
    const into = new Uint8Array(4)
    expect(file.readAt(3, into)).toBe(4)
    expect(text(into)).toBe('3456')
    expect(file.readAt(8, into)).toBe(2)
    expect(file.readAt(100, into)).toBe(0)
    expect(file.writeAt(9, bytes('abc'))).toBe(3)
    expect(file.size()).toBe(12)
    const all = new Uint8Array(20)
    expect(text(all.subarray(0, file.readAt(0, all)))).toBe('012345678abc')
    file.close()
  })

  it('are in the file when a write returns', () => {
    writeFileSync(path, 'before')
    const file = openFile(path, 'read-write')
    file.writeAt(0, bytes('AFTER!'))
    expect(readFileSync(path, 'utf8')).toBe('AFTER!')
    file.close()
  })

  it('that cannot be opened say why', () => {
    expect(() => openFile(join(folder, 'none'), 'read')).toThrow(
      new PlatformError('no such file'))
    expect(() => openFile(folder, 'read')).toThrow('it is a directory')
    expect(() => openFile(join(path, 'x'), 'read')).toThrow(
      'not a directory')
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    expect(() => openFile(pipe, 'read')).toThrow('neither a file nor a disk')
    symlinkSync('circle', join(folder, 'circle'))
    expect(() => openFile(join(folder, 'circle'), 'read')).toThrow('its links lead in a circle')
    expect(() => openFile(join(folder, 'x'.repeat(300)), 'read')).toThrow('the name is too long')
    const socket = createServer().listen(join(folder, 'socket'))
    expect(() => openFile(join(folder, 'socket'), 'read')).toThrow('neither a file nor a disk')
    socket.close()
    expect(() => openFile('/dev/null', 'read-write')).toThrow('neither a file nor a disk')
  })
})

describe('L:125 output', () => {
  it('that was kept goes in one piece, however many it was printed in', async () => {
    const path = join(folder, 'pipe of output')
    execFileSync('mkfifo', [path])
    const pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
    const output = new Output(pipe)
    output.print(new Uint8Array(100_000).fill(65))
    expect(output.congested).toBe(false)
    const before = vi.mocked(writeSync).mock.calls.length
    for (let i = 0; i < 40_000; i++) {
      output.print(bytes('b'))
      output.print(bytes(''))
    }
    expect(output.congested).toBe(true)
    const into = new Uint8Array(200_000)
    let read = 0
    const drain = setInterval(() => {
      try { read += readSync(pipe, into, read, into.length - read, null) } catch { /* Empty for now. */ }
    }, 5)
    await output.flush()
    while (read < 140_000) await new Promise((resolve) => { setTimeout(resolve, 5) })
    clearInterval(drain)
    closeSync(pipe)
    expect(text(into.subarray(0, read))).toBe('A'.repeat(100_000) + 'b'.repeat(40_000))
    expect(vi.mocked(writeSync).mock.calls.length - before).toBeLessThan(1000)
  })
})

describe('L:125 the rest of the platform', () => {
  const platform = new NodePlatform()

  it('inflates, within limits', async () => {
    const deflated = deflateRawSync(bytes('kernel'.repeat(100)))
    const trailing = Uint8Array.from([...deflated, 1, 2, 3])
    expect(await inflated(platform, trailing, 600)).toBe(
      'kernel'.repeat(100))
    await expect(inflated(platform, deflated, 599)).rejects.toThrow('too long')
    await expect(inflated(platform, deflated.subarray(0, 10), 600)).rejects.toThrow()
    await expect(inflated(platform, bytes('no deflate'), 600)).rejects.toThrow()
  })

  it('inflates in pieces, between which others have a turn', async () => {
    const lengths: number[] = []
    let turns = 0
    const turn = setInterval(() => { turns++ })
    await platform.inflate(deflateRawSync(new Uint8Array(64 << 20)), 64 << 20, ({ length }) => { lengths.push(length) })
    clearInterval(turn)
    expect(lengths.reduce((sum, length) => sum + length)).toBe(64 << 20)
    expect(Math.max(...lengths)).toBeLessThanOrEqual(65536)
    expect(turns).toBeGreaterThan(5)
  })

  it('has timers that can be cancelled', async () => {
    let rang = false
    platform.after(0, () => { rang = true; })()
    await new Promise<void>((resolve) => { platform.after(2000, resolve); })
    expect(rang).toBe(false)
    await platform.breathe()
    expect(platform.now()).toBeLessThanOrEqual(platform.now())
    expect(Math.abs(platform.wallClock() - Date.now() * 1000)).toBeLessThan(
      1e6)
  })

  it('is the only place that knows Node', () => {
    const names = readdirSync('generated/launcher').filter((name) =>
      name.endsWith('.ts'))
    for (const name of names) {
      const source = readFileSync(join('generated/launcher', name), 'utf8')
      expect(source, name).not.toMatch(/node:|process\./)
    }
  })
})
