/** Locks of open files, and a page of a file in the place of memory. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Machine } from '../../generated/emulator/index.ts'
import { openSharedFile } from '../../generated/launcher/node/shared-file.ts'
import type { SharedFile } from '../../generated/launcher/platform.ts'
import { pause, root, throughPipes } from '../e2e/launching.ts'

let folder = ''
const open: SharedFile[] = []
const at = (name: string) => join(folder, name)
function shared(name: string): SharedFile {
  const file = openSharedFile(at(name))
  open.push(file)
  return file
}

beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'lguest-shared-')) })
afterEach(() => { for (const file of open.splice(0)) file.close() })
afterAll(() => rmSync(folder, { recursive: true }))

describe('D:097 opening', () => {
  test('makes what is not there, for its owner alone', () => {
    shared('new')
    expect(statSync(at('new')).mode & 0o777).toBe(0o600)
  })

  test('two names of one file are one file, two files are two', () => {
    const [a, b, c] = [shared('one'), shared('one'), shared('other')]
    expect(a.identity).toBe(b.identity)
    expect(a.identity).not.toBe(c.identity)
  })

  test('knows when its name is gone', () => {
    const file = shared('brief')
    expect(file.named()).toBe(true)
    unlinkSync(at('brief'))
    expect(file.named()).toBe(false)
  })

  test('lengthens and never shortens', () => {
    const file = shared('long')
    file.lengthen(100)
    file.lengthen(10)
    expect(file.size()).toBe(100)
  })

  test('what is no file, or not for us, is refused in words', () => {
    expect(() => openSharedFile(folder)).toThrow('it is a directory')
    expect(() => openSharedFile(at('no/where'))).toThrow('no such file')
    execFileSync('mkfifo', [at('pipe')])
    expect(() => openSharedFile(at('pipe'))).toThrow('it is no plain file')
    writeFileSync(at('locked'), '')
    chmodSync(at('locked'), 0)
    if (process.getuid?.() !== 0) expect(() => openSharedFile(at('locked'))).toThrow('permission denied')
  })

  test('calls back when somebody else writes', async () => {
    const file = shared('bell')
    let rang = 0
    file.onChange = () => { rang++ }
    shared('bell').writeAt(0, Uint8Array.of(1))
    for (let i = 0; i < 100 && rang === 0; i++) await pause(10)
    expect(rang).toBeGreaterThan(0)
  })
})

describe('D:097 locks', () => {
  test('belong to the open file: a second opening of the same process is refused', () => {
    const [a, b] = [shared('locks'), shared('locks')]
    expect(a.lock(5)).toBe(true)
    expect([b.lock(5), b.lock(4), b.lock(6)]).toEqual([false, true, true])
    a.unlock(5)
    expect(b.lock(5)).toBe(true)
  })

  test('stay when another opening of the file is closed, and go with their own', () => {
    const [a, b] = [shared('stay'), shared('stay')]
    a.lock(0)
    const c = openSharedFile(at('stay'))
    c.close()
    expect(b.lock(0)).toBe(false)
    open.splice(open.indexOf(a), 1)
    a.close()
    expect(b.lock(0)).toBe(true)
  })

  test('vanish with a process that is shot', async () => {
    const file = shared('shot')
    const module = fileURLToPath(new URL('generated/launcher/node/shared-file.ts', `file://${root}`))
    const holder = join(folder, 'holder.mts')
    writeFileSync(holder, `import { openSharedFile } from ${JSON.stringify(module)}\n`
      + `if (openSharedFile(${JSON.stringify(at('shot'))}).lock(3)) console.log('held')\nsetInterval(() => {}, 1000)\n`)
    const child = spawn(process.execPath, ['bin/run.mjs', holder], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    expect(file.lock(3)).toBe(false)
    child.kill('SIGKILL')
    await once(child, 'close')
    expect(file.lock(3)).toBe(true)
  })
})

describe('D:097 a page in two places', () => {
  const page = (machine: Machine, number: number) => machine.physical.words.subarray(number << 10, (number + 1) << 10)

  test('what one machine stores, the other loads, and the file has it (B-L-101)', () => {
    const [one, two] = [new Machine({ ramBytes: 1 << 20 }), new Machine({ ramBytes: 1 << 20 })]
    const [a, b] = [shared('page'), shared('page')]
    a.lengthen(4096)
    a.map(page(one, 7))
    b.map(page(two, 9))
    one.physical.write32(0x7010, 0x12345678)
    expect(two.physical.read32(0x9010)).toBe(0x12345678)
    two.physical.write8(0x9010, 1)
    expect(one.physical.read32(0x7010)).toBe(0x12345601)
    expect(readFileSync(at('page')).readUInt32LE(16)).toBe(0x12345601)
    one.physical.write32(0x6ffc, 5)
    one.physical.write32(0x8000, 6)
    a.unmap(page(one, 7))
    expect([one.physical.read32(0x7010), one.physical.read32(0x6ffc), one.physical.read32(0x8000)]).toEqual([0, 5, 6])
    one.physical.write32(0x7010, 77)
    expect(two.physical.read32(0x9010)).toBe(0x12345601)
    b.unmap(page(two, 9))
  })
})

describe('D:097 without koffi', () => {
  test('one line says what to install', async () => {
    const hook = join(folder, 'without.cjs')
    writeFileSync(hook, 'const { Module } = require("node:module"); const load = Module._load\n'
      + 'Module._load = function (name, ...rest) {\n  if (name === "koffi") throw new Error("gone")\n'
      + '  return load.call(this, name, ...rest)\n}\n')
    const { status, err, out } = await throughPipes([`--sharenet=${at('unused')}`], '', { NODE_OPTIONS: `-r ${hook}` })
    expect({ status, err, out }).toEqual({ status: 1, out: '',
      err: `lguest: cannot open net file '${at('unused')}': this needs the package koffi: npm install koffi\n` })
    expect(() => statSync(at('unused'))).toThrow()
  }, 40000)
})
