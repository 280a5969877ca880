// Ordinary C, compiled four ways: the same results here and natively.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Machine } from '../../generated/emulator/index.ts'
import { hasNative } from '../support/native.ts'

const SOURCE = fileURLToPath(new URL('fixtures/calculations.c', import.meta.url))
const TEXT = 0x20000
const RESULTS = 0x80000
let dir = ''
const gcc = (...options: string[]) => execFileSync('gcc', ['-m32', '-fno-pic', '-no-pie', '-fno-stack-protector', '-fcf-protection=none', ...options, SOURCE])

describe.skipIf(!hasNative())('E:850 whole programs that calculate', () => {
  beforeAll(() => { dir = mkdtempSync(join(tmpdir(), 'calc-')) })
  afterAll(() => rmSync(dir, { recursive: true, force: true }))

  for (const how of ['-O0', '-O2 -march=i686', '-O3 -msse2 -mfpmath=sse', '-O3 -msse2 -mfpmath=387 -ffast-math', '-O3 -march=pentium-mmx']) {
    it(`gcc -m32 ${how}`, () => {
      const options = how.split(' ')
      const [native, flat] = [join(dir, 'native'), join(dir, 'flat')]
      gcc(...options, '-DNATIVE', '-o', native)
      gcc(...options, '-ffreestanding', '-nostdlib', '-static', `-Wl,-Ttext=${TEXT.toString(16)},--oformat=binary,--build-id=none`, '-o', flat)
      const theirs = execFileSync(native, { encoding: 'utf8' }).trim().split('\n')
      const m = new Machine({ ramBytes: 1 << 20 })
      m.cpu.cr0 = 0x33
      m.cpu.cr4 = 0x600
      m.physical.writeBytes(TEXT, new Uint8Array(readFileSync(flat)))
      m.cpu.setReg(4, TEXT - 12) // aligned once the argument is pushed
      m.cpu.eip = TEXT
      expect(m.cpu.run(50_000_000).reason).toBe('halt')
      const count = m.physical.read32(RESULTS)
      const ours = Array.from({ length: count }, (_, n) => m.physical.read32(RESULTS + n * 4).toString(16))
      expect(ours).toEqual(theirs)
    })
  }
})
